// How far the patches of the newest job are. The jobs say that something changed, the checkpoint in the folder what.

import { bytes, clock, count, counted, fill, h, icon, refill, sentence } from "../dom.js";
import { said } from "../jobs.js";
import { checkOf, cuttingOf } from "../patches.js";
import { read } from "../server.js";
import { isActive, onJobs } from "../watch.js";

const EVERY_MS = 500;
const WORDS = { missing: "missing", wrong: "damaged or of another size", unlisted: "not in the manifest" };

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new Tracker(element, trigger);
}

class Tracker {
  constructor(element, trigger) {
    this.trigger = trigger;
    this.job = this.facts = this.check = this.checked = null;
    this.error = null;
    this.element = element;
    this.title = h("h3");
    this.state = h("span.sub.num", { role: "status" });
    this.inner = h("i");
    const about = { role: "progressbar", "aria-label": "Windows decided", "aria-valuemin": 0, "aria-valuemax": 100 };
    this.bar = h("div.bar.wide", about, this.inner);
    this.table = h("table", { "aria-label": "Patches by category" });
    this.numbers = h("dl.facts-list");
    this.why = h("div.why-not");
    this.verdict = h("div.verdicts");
    const body = h("div.body", {}, this.table, this.numbers, this.why);
    this.all = h("section", { hidden: true, "aria-label": "How far the patches are" });
    fill(this.all, h("div.line", {}, this.title, this.state), this.bar, body, this.verdict);
    fill(element, this.all);
    onJobs((jobs) => this.#jobs(jobs));
  }

  /** What a person wants of the job that runs. */
  wish() {
    return [Boolean(this.facts?.paused), this.facts?.workers ?? null];
  }

  #jobs(jobs) {
    const job = cuttingOf(jobs) ?? null;
    if (job?.id !== this.job?.id) this.facts = this.error = null;
    const ended = this.job && isActive(this.job) && (!job || !isActive(job));
    this.job = job;
    if (job && (isActive(job) || ended || !this.facts)) this.#soon(ended);
    const check = checkOf(jobs) ?? null;
    const done = check && !isActive(check) && (check.id !== this.check?.id || isActive(this.check));
    this.check = check;
    if (done) this.#found(check.id);
    this.#draw();
  }

  /** Reads the checkpoint, at most twice a second; at the end of a job once more. */
  #soon(now = false) {
    if (now) clearTimeout(this.timer);
    else if (this.timer) return;
    this.timer = setTimeout(() => this.#read(), now ? 0 : EVERY_MS);
  }

  async #read() {
    const { id } = this.job ?? {};
    this.timer = null;
    if (!id) return;
    const before = JSON.stringify(this.wish());
    try {
      const facts = await read(`patches/job/${id}`);
      if (this.job?.id !== id) return;
      this.facts = facts;
      this.error = null;
    } catch (error) {
      this.error = error.message;
      this.facts ??= { categories: [], videos: [], tries: {}, missed: {}, bytes: 0, taken: 0, tried: 0, lost: 0 };
    }
    if (JSON.stringify(this.wish()) !== before) this.trigger("wished");
    this.#draw();
    if (this.job && isActive(this.job)) this.#soon();
  }

  async #found(id) {
    try {
      const { verified } = await read(`patches/job/${id}`);
      if (this.check?.id === id) this.checked = { id, ...verified };
    } catch (error) {
      this.checked = { id, error: error.message };
    }
    this.#draw();
  }

  // --- how it looks

  #draw() {
    const { job, facts, check } = this;
    this.all.hidden = !job && !check;
    this.element.dataset.state = job?.state ?? "";
    this.bar.hidden = !job || !(isActive(job) || job.total);
    this.table.hidden = this.numbers.hidden = this.why.hidden = !facts;
    this.title.textContent = (job ?? check)?.title ?? "";
    this.title.title = this.title.textContent;
    refill(this.verdict, this.#verdict());
    if (!job) return void (this.state.textContent = "");
    const pausing = isActive(job) && facts?.paused;
    this.state.textContent = pausing ? "paused; Go on continues" : said(job);
    const share = job.state === "done" ? 100 : job.total ? Math.round((100 * job.done) / job.total) : 0;
    this.inner.style.width = `${share}%`;
    this.bar.setAttribute("aria-valuenow", String(share));
    if (facts) this.#facts(job, facts);
  }

  #facts(job, facts) {
    const head = ["Category", "Patches", "Wanted", "Share"].map((text) => h("th", { scope: "col" }, text));
    fill(this.table, h("thead", {}, h("tr", {}, head)), h("tbody", {}, facts.categories.map(category)));
    const rate = facts.tried
      ? `${Math.round((100 * facts.taken) / facts.tried)} % of ${count(facts.tried)}`
      : "none yet";
    const left = job.seconds_left;
    const videos = facts.videos.filter((one) => one.done).length;
    const named = [
      [
        "Time left",
        isActive(job) && !facts.paused ? (left === null ? "..." : clock(Math.round(left)).slice(0, -4)) : "",
      ],
      ["On the disk", bytes(facts.bytes)],
      ["Still free", facts.free === null || facts.free === undefined ? "" : bytes(facts.free)],
      ["Tries taken", rate],
      ["Windows lost", count(facts.lost)],
      ["Videos done", `${count(videos)} of ${count(facts.videos.length)}`],
      ["Folder", facts.folder ?? ""],
    ];
    const shown = named.filter(([, value]) => value !== "");
    fill(
      this.numbers,
      shown.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    );
    const lists = [reasons("Tries that failed", facts.tries), reasons("Patches left out", facts.missed)];
    fill(this.why, lists);
  }

  #verdict() {
    const { job, check, checked, error } = this;
    const wrong = error ?? (job?.state === "failed" ? job.error : null);
    const found = check && checked?.id === check.id ? checked : null;
    return [
      wrong && h("p.error", { role: "alert" }, icon("warn"), h("span", {}, sentence(wrong))),
      check && isActive(check) && h("p.sub.num", { role: "status" }, `${check.title}: ${said(check)}`),
      check?.state === "failed" && h("p.error", { role: "alert" }, icon("warn"), h("span", {}, sentence(check.error))),
      found?.patches !== undefined && checkedLine(found),
    ];
  }
}

/** A category: a bar of how much of what is wanted is there. */
function category({ name, patches, wanted, target }) {
  const share = wanted ? Math.min(100, Math.round((100 * patches) / wanted)) : 0;
  const of = target ? "a target of the configuration" : "what its windows give where all are stable";
  return h(
    "tr",
    { "data-category": name },
    h("th", { scope: "row", title: name }, name),
    h("td.num.made", {}, count(patches)),
    h("td.num", { title: of }, count(wanted)),
    h("td.num", {}, h("span.share", {}, h("i", { style: `width:${share}%` })), h("span.percent", {}, `${share} %`)),
  );
}

function reasons(title, found) {
  const each = Object.entries(found);
  if (!each.length) return null;
  return h(
    "div",
    {},
    h("b", {}, title),
    h(
      "ul",
      {},
      each.map(([why, number]) =>
        h("li.num", {}, h("span", {}, sentence(why).slice(0, -1)), h("span", {}, count(number))),
      ),
    ),
  );
}

function checkedLine(found) {
  const bad = Object.entries(WORDS).filter(([name]) => found[name]);
  const all = `${counted(found.patches, "patch").replace(/patchs$/, "patches")} checked`;
  if (!bad.length)
    return h("p.verdict.kept", { role: "status" }, icon("check"), `${all}: all files are there and whole.`);
  const each = bad.map(([name, words]) => `${counted(found[name], "file")} ${words}`);
  return h("p.error", { role: "alert" }, icon("warn"), h("span", {}, `${all}: ${each.join(", ")}.`));
}
