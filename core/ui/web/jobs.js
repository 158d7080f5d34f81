// The job bar at the bottom of the page: what is going on, its log, the queue, Cancel and Resume. It has its room from
// the start, so that nothing moves when a job begins.

import { bytes, clock, count, fill, h, handOver, icon, refill } from "./dom.js";
import { act, detail, detailOf, isActive, known, onJobs } from "./watch.js";

const DISMISSED = "framesieve.dismissed";
const WORDS = { queued: "waiting", running: "running", done: "done", failed: "failed", cancelled: "cancelled", interrupted: "interrupted" };

export function mount({ element }) {
  new JobBar(element);
}

class JobBar {
  constructor(element) {
    this.seen = new Set();
    this.chosen = null;
    this.text = h("b.job-name");
    this.inner = h("i");
    this.bar = h("div.bar", { role: "progressbar", "aria-label": "Job progress", "aria-valuemin": 0, "aria-valuemax": 100 }, this.inner);
    this.rate = h("span.sub.num.rate");
    this.note = h("span.sub.last", { role: "status" });
    this.cancel = h("button.btn.small", { onclick: () => this.#do("cancel") }, "Cancel");
    this.resume = h("button.btn.small.primary", { onclick: () => this.#do("resume") }, "Resume");
    this.log = h("button.btn.small", { "aria-expanded": "false", "aria-controls": "job-drawer", onclick: () => this.#toggle() }, "Log");
    this.away = h("button.ibtn.small", { "aria-label": "Put away", title: "Put away", onclick: () => this.#dismiss() }, icon("x"));
    this.queue = h("div.job-list", { role: "list", "aria-label": "Jobs" });
    this.lines = h("pre.job-log", { tabindex: 0, "aria-label": "Log, newest first" });
    this.drawer = h("section.job-drawer", { id: "job-drawer", hidden: true, "aria-label": "Jobs and log" }, this.queue, this.lines);
    element.addEventListener("keydown", (event) => event.key === "Escape" && !this.drawer.hidden && this.#toggle());
    fill(element, this.text, this.bar, this.rate, this.cancel, this.resume, this.note, this.log, this.away, this.drawer);
    onJobs((jobs, state) => this.draw(jobs, state));
  }

  /** The job of the bar: what runs, else what waits, else the newest if it was seen to end or can be resumed. */
  #main(jobs) {
    const running = jobs.find((job) => job.state === "running") ?? jobs.findLast((job) => job.state === "queued");
    if (running) return running;
    const newest = jobs[0];
    if (!newest || dismissed().includes(mark(newest))) return null;
    return newest.resumable || this.seen.has(newest.id) ? newest : null;
  }

  draw(jobs, { lost }) {
    jobs.filter(isActive).forEach((job) => this.seen.add(job.id));
    const job = (this.job = this.#main(jobs));
    const had = [this.cancel, this.resume].find((button) => button === document.activeElement);
    const active = job !== null && isActive(job);
    const share = job?.total ? Math.min(100, (100 * job.done) / job.total) : 0;
    this.text.textContent = job?.title ?? "";
    this.text.title = job?.title ?? "";
    this.inner.style.width = `${share}%`;
    this.bar.hidden = !active;
    this.bar.setAttribute("aria-valuenow", Math.round(share));
    this.rate.textContent = job ? said(job) : "Nothing is running.";
    const waiting = jobs.filter((one) => one.state === "queued" && one !== job).length;
    const failed = this.failure ?? (lost ? "The server does not answer; this page tries again." : job?.error);
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
    if (shown) detail(shown.id);
    refill(
      this.queue,
      jobs.map((job) =>
        h(
          "div.job-line",
          { role: "listitem", class: job === shown ? "job-line at" : "job-line" },
          h("button.link.job-pick", { "data-key": job.id, "aria-pressed": String(job === shown), onclick: () => this.#choose(job.id) }, job.title),
          h("span.sub.num", {}, said(job)),
          isActive(job) && h("button.btn.small", { "data-key": `${job.id} cancel`, disabled: job.cancelling, onclick: () => this.#do("cancel", job) }, "Cancel"),
          job.resumable && h("button.btn.small", { "data-key": `${job.id} resume`, onclick: () => this.#do("resume", job) }, "Resume"),
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

  #choose(id) {
    this.chosen = id;
    this.#drawDrawer(known());
  }

  #toggle() {
    this.drawer.hidden = !this.drawer.hidden;
    this.log.setAttribute("aria-expanded", String(!this.drawer.hidden));
    if (this.drawer.hidden) this.log.focus();
    else this.#drawDrawer(known());
  }

  async #do(what, job = this.job) {
    this.failure = null;
    try {
      await act(`jobs/${job.id}/${what}`);
    } catch (error) {
      this.failure = error.message;
      this.draw(known(), { lost: false });
    }
  }

  #dismiss() {
    localStorage.setItem(DISMISSED, JSON.stringify([mark(this.job), ...dismissed()].slice(0, 40)));
    this.failure = null;
    this.drawer.hidden = true;
    this.draw(known(), { lost: false });
  }
}

/** A job that was put away and then resumed is another one for the bar. */
const mark = (job) => `${job.id}-${job.version}`;

function dismissed() {
  try {
    const found = JSON.parse(localStorage.getItem(DISMISSED) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

/** "extracting 843 of 1,826, 412 fps, 2 s left" */
export function said(job) {
  if (job.state === "queued") return job.ahead ? `waiting for ${count(job.ahead)} before it` : "waiting";
  if (!isActive(job)) return job.state === "done" ? `done${job.kept ? `, ${count(job.kept)} frames` : ""}` : WORDS[job.state];
  if (job.cancelling) return "cancelling";
  const amount = job.unit === "bytes" ? bytes : count;
  const of = job.total ? ` ${amount(job.done)} of ${amount(job.total)}` : job.done ? ` ${amount(job.done)}` : "";
  const rate = job.per_s < 1 ? "" : job.unit === "bytes" ? `, ${bytes(Math.round(job.per_s))}/s` : `, ${count(job.per_s)} fps`;
  return `${job.phase}${of}${rate}${left(job.seconds_left)}`;
}

function left(seconds) {
  if (seconds === null || seconds < 0.5) return "";
  return seconds < 90 ? `, ${Math.ceil(seconds)} s left` : `, ${clock(Math.round(seconds)).replace(/\..*/, "")} left`;
}
