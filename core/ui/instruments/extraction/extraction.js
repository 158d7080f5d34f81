// The right side of Video Source: nothing yet, the video that is chosen, or its extraction while it runs and what came
// of it. What an extraction made is the run that the next tab has, unless somebody is at work there.

import { fill, h } from "../dom.js";
import { giveKeys } from "../keys.js";
import { open, refresh as refreshRuns } from "../runs.js";
import { read } from "../server.js";
import { rememberTab, showTab } from "../tabs.js";
import { detail, isActive, known, onJobs } from "../watch.js";
import { Live } from "./live.js";

const JOB = "framesieve.job";
/** Then the results stand above the form, out of sight of whoever pressed the button at its end. */
const NARROW = matchMedia("(max-width: 820px)");
const KEYS = [
  ["Enter", "in the source box: look again"],
  ["Ctrl + Enter", "extract and analyze"],
];

/** @param {Given} given */
export function mount({ element, trigger }) {
  rememberTab();
  return new Extraction(element, trigger);
}

class Extraction {
  constructor(element, trigger) {
    this.element = element;
    this.trigger = trigger;
    this.job = this.source = null;
    this.ended = new Map();
    this.live = new Live({ open: (job) => this.#openRun(job) });
    this.roots = h("div.roots");
    this.blank = h(
      "div.blank",
      {},
      h("h2", {}, "Choose a video."),
      h(
        "p.sub",
        {},
        "Paste a web address or a path on the left, or drop a file here. Then press Extract & Analyze Frames.",
      ),
      this.roots,
    );
    this.ready = h("div.ready", { hidden: true });
    fill(element, h("div.pane", {}, this.blank, this.ready, this.live.element));
    giveKeys(element, {}, KEYS);
    read("source")
      .then(({ roots }) => this.#nameRoots(roots))
      .catch(() => null);
    onJobs((jobs) => this.#jobs(jobs));
  }

  #nameRoots(roots) {
    const choose = (root) => {
      this.chosenRoot = root;
      this.trigger("browse");
    };
    if (!roots.length) return;
    const lines = roots.map((root) => h("button.btn.path", { onclick: () => choose(root) }, root));
    fill(this.roots, h("p.sub", {}, "Or look through a folder on this machine:"), lines);
  }

  /** The allowed folder that was clicked last. */
  root() {
    return [this.chosenRoot];
  }

  /** The source that is chosen now: { source, title, poster }, or null. */
  about(source) {
    this.source = source;
    this.#jobs(known());
  }

  /** Follows the job that a form started. */
  watch(answer) {
    if (!answer?.job) return;
    this.job = answer.job;
    localStorage.setItem(JOB, answer.job);
    this.ended.set(answer.job, false);
    this.leads = true;
    detail("extraction", answer.job);
    this.#jobs(known());
  }

  #jobs(jobs) {
    const mine = jobs.filter((job) => job.verb === "extract");
    const last = this.job ?? localStorage.getItem(JOB);
    if (this.ended.get(this.job) === false && !mine.some((one) => one.id === this.job)) return; // not in the list yet
    const job = mine.find((one) => one.id === last) ?? mine.find(isActive) ?? mine.find((one) => one.resumable);
    const source = this.source?.source;
    const other = source && job && !isActive(job) && job.source !== source;
    const live = Boolean(job) && !other;
    this.live.element.hidden = !live;
    this.ready.hidden = live || !source;
    this.blank.hidden = live || Boolean(source);
    if (!this.ready.hidden) this.#drawReady(this.source);
    if (!job) return;
    if (this.job !== job.id) {
      this.job = job.id;
      detail("extraction", job.id);
    }
    if (live) this.live.draw(job);
    if (live && this.leads && NARROW.matches) this.element.scrollIntoView({ block: "start" });
    if (live) this.leads = false;
    if (isActive(job)) this.ended.set(job.id, false);
    else if (this.ended.get(job.id) === false) {
      this.ended.set(job.id, true);
      this.#finished(job);
    }
  }

  /** A source without an extraction of its own: what it looks like, and what to do. */
  #drawReady({ poster, title }) {
    const mark = `${poster} ${title}`;
    if (this.mark === mark) return;
    this.mark = mark;
    fill(
      this.ready,
      poster && h("img", { src: poster, alt: "" }),
      h("h2", {}, title ?? "A web address"),
      h("p.sub", {}, "Choose a method, then press Extract & Analyze Frames (Ctrl + Enter)."),
    );
  }

  async #finished(job) {
    await refreshRuns().catch(() => null);
    if (job.state === "done" && job.run && this.element.checkVisibility())
      await open({ id: job.run }).catch(() => null);
  }

  async #openRun(job) {
    try {
      await open({ id: job.run });
      showTab("Filtering & Export");
    } catch (error) {
      this.live.fail(error.message);
    }
  }
}
