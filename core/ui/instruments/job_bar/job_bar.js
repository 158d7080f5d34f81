// The job bar at the bottom of the page: what is going on, its log, the queue, Cancel and Resume. It has its room from
// the start, so that nothing moves when a job begins.

import { count, counted, fill, h, handOver, icon, refill } from "../dom.js";
import { said } from "../jobs.js";
import { act, detail, detailOf, isActive, known, onJobs } from "../watch.js";

const DISMISSED = "framesieve.dismissed";
const LOST = "The server does not answer; this page tries again.";

/** Fills the element of the job bar. */
export function mount({ element }) {
  new JobBar(element);
}

class JobBar {
  constructor(element) {
    this.seen = new Set();
    this.chosen = null;
    this.others = 0;
    this.text = h("b.job-name");
    this.inner = h("i");
    const runsTo = { role: "progressbar", "aria-label": "Job progress", "aria-valuemin": 0, "aria-valuemax": 100 };
    this.bar = h("div.bar", runsTo, this.inner);
    this.rate = h("span.sub.num.rate");
    this.note = h("span.sub.last", { role: "status" });
    this.cancel = h("button.btn.small", { onclick: () => this.#do("cancel") }, "Cancel");
    this.resume = h("button.btn.small.primary", { onclick: () => this.#do("resume") }, "Resume");
    const opens = { "aria-expanded": "false", "aria-controls": "job-drawer", onclick: () => this.#toggle() };
    this.log = h("button.btn.small", opens, "Log");
    const title = "Dismiss: this job stays in the log";
    const dismisses = { "aria-label": "Dismiss", title, onclick: () => this.#dismiss() };
    this.away = h("button.ibtn.small", dismisses, icon("x"));
    this.queue = h("div.job-list", { role: "list", "aria-label": "Jobs" });
    this.lines = h("pre.job-log", { tabindex: 0, "aria-label": "Log, newest first" });
    const about = { id: "job-drawer", hidden: true, "aria-label": "Jobs and log" };
    this.drawer = h("section.job-drawer", about, this.queue, this.lines);
    element.addEventListener("keydown", (event) => event.key === "Escape" && !this.drawer.hidden && this.#toggle());
    const { text, bar, rate, cancel, resume, note, log, away, drawer } = this;
    fill(element, text, bar, rate, cancel, resume, note, log, away, drawer);
    onJobs((jobs, state) => this.draw(inOrder(jobs), state));
  }

  /** The job of the bar: what runs, else what waits, else the newest if it was seen to end or can be resumed. */
  #main(jobs) {
    const newest = jobs[0];
    if (newest && isActive(newest)) return newest;
    if (!newest || dismissed().includes(mark(newest))) return null;
    return newest.resumable || this.seen.has(newest.id) ? newest : null;
  }

  /** Jobs as `inOrder` gives them; whether the server is lost; how many jobs other browsers have. */
  draw(jobs, { lost, others = this.others }) {
    this.others = others;
    jobs.filter(isActive).forEach((job) => this.seen.add(job.id));
    const job = (this.job = this.#main(jobs));
    const had = [this.cancel, this.resume].find((button) => button === document.activeElement);
    const active = job !== null && isActive(job);
    const share = job?.total ? Math.min(100, (100 * job.done) / job.total) : 0;
    this.text.textContent = job?.title ?? "";
    this.text.title = job?.title ?? "";
    this.inner.style.width = `${share}%`;
    this.bar.hidden = !active;
    this.bar.setAttribute("aria-valuenow", String(Math.round(share)));
    this.bar.classList.toggle("lost", lost);
    this.rate.textContent = job ? said(job) : nothing(this.others);
    this.rate.title = this.rate.textContent;
    const waiting = jobs.filter((one) => one.state === "queued" && one !== job).length;
    const failed = this.failure ?? (lost ? LOST : job?.error);
    this.note.classList.toggle("wrong", Boolean(failed));
    this.note.textContent = failed ?? (waiting ? `${count(waiting)} waiting` : "");
    this.note.title = this.note.textContent;
    this.cancel.hidden = !active;
    this.cancel.disabled = Boolean(job?.cancelling) || lost;
    this.resume.hidden = !job?.resumable;
    this.log.hidden = jobs.length === 0;
    this.away.hidden = job === null || active || lost;
    handOver(had, this.resume, this.log);
    if (!this.drawer.hidden) this.#drawDrawer(jobs);
  }

  #drawDrawer(jobs) {
    const shown = jobs.find((job) => job.id === this.chosen) ?? this.job ?? jobs[0];
    if (shown) detail("log", shown.id);
    refill(
      this.queue,
      jobs.map((job) =>
        h(
          "div.job-line",
          { role: "listitem", class: job === shown ? "job-line at" : "job-line" },
          this.#pick(job, job === shown),
          h("span.sub.num", {}, said(job)),
          isActive(job) && this.#act(job, "cancel", "Cancel", job.cancelling),
          job.resumable && this.#act(job, "resume", "Resume"),
        ),
      ),
    );
    const found = shown && detailOf(shown.id);
    const lines = found ? [...found.log].reverse() : [];
    if (shown?.error) lines.unshift(shown.error);
    if (found?.log_file) lines.push("", `Everything is in ${found.log_file}`);
    const text = lines.join("\n");
    if (this.lines.textContent !== text) this.lines.textContent = text;
  }

  #pick(job, isShown) {
    const about = { "data-key": job.id, "aria-pressed": String(isShown), onclick: () => this.#choose(job.id) };
    return h("button.link.job-pick", about, job.title);
  }

  #act(job, what, label, disabled = false) {
    const about = { "data-key": `${job.id} ${what}`, disabled, onclick: () => this.#do(what, job) };
    return h("button.btn.small", about, label);
  }

  #choose(id) {
    this.chosen = id;
    this.#drawDrawer(inOrder(known()));
  }

  #toggle() {
    this.drawer.hidden = !this.drawer.hidden;
    this.log.setAttribute("aria-expanded", String(!this.drawer.hidden));
    if (this.drawer.hidden) this.log.focus();
    else this.#drawDrawer(inOrder(known()));
  }

  async #do(what, job = this.job) {
    this.failure = null;
    try {
      await act(`jobs/${job.id}/${what}`);
    } catch (error) {
      this.failure = error.message;
      this.draw(inOrder(known()), { lost: false });
    }
  }

  #dismiss() {
    localStorage.setItem(DISMISSED, JSON.stringify([mark(this.job), ...dismissed()].slice(0, 40)));
    this.failure = null;
    this.drawer.hidden = true;
    this.draw(inOrder(known()), { lost: false });
  }
}

/** The running job, those that wait in their order, then the ended ones, newest first (as the server lists them). */
function inOrder(jobs) {
  const place = (job) => (job.state === "running" ? -1 : job.state === "queued" ? job.ahead : Infinity);
  return [...jobs].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
}

/** Jobs belong to the browser that started them; but who has to wait for another one's should know why. */
function nothing(others) {
  if (!others) return "Nothing is running.";
  return `Nothing of yours is running; another browser has ${counted(others, "job")}.`;
}

/** A job that was dismissed and then resumed is another one for the bar. */
const mark = (job) => `${job.id}-${job.version}`;

function dismissed() {
  try {
    const found = JSON.parse(localStorage.getItem(DISMISSED) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}
