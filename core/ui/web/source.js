// Video Source: what the video is, how frames are chosen from it, and the extraction while it runs.

import { fill, h, icon } from "./dom.js";
import { learn } from "./estimate.js";
import { giveKeys } from "./keys.js";
import { Live } from "./live.js";
import { MethodForm } from "./method.js";
import { PresetBar } from "./preset_bar.js";
import { open, refresh as refreshRuns } from "./runs.js";
import { read } from "./server.js";
import { SourceBox } from "./source_box.js";
import { rememberTab, showTab } from "./tabs.js";
import { act, detail, isActive, known, onJobs } from "./watch.js";

const KEPT = "framesieve.source";
const JOB = "framesieve.job";
const KEYS = [
  ["Enter", "in the source box: look again"],
  ["Ctrl + Enter", "extract and analyze"],
];

export function mount({ element }) {
  rememberTab();
  const tab = new SourceTab(element);
  tab.start().catch((error) => fill(element, h("p.error", {}, error.message)));
  window.framesieve = { ...window.framesieve, source: tab }; // for tests and the console
}

class SourceTab {
  constructor(host) {
    this.host = host;
    this.job = null;
    this.ended = new Map();
  }

  async start() {
    const [knobs, about] = await Promise.all([read("settings"), read("source")]);
    this.form = new MethodForm(knobs, () => this.#changed());
    this.box = new SourceBox(knobs.fetch, () => this.#changed());
    this.presets = new PresetBar(this.form, "extract");
    this.live = new Live({ open: (job) => this.#openRun(job) });
    this.resume = h("input", { type: "checkbox" });
    this.resume.checked = true;
    this.resume.addEventListener("change", () => this.#keep());
    this.go = h("button.btn.primary.go", { onclick: () => this.#extract() }, "Extract & Analyze Frames");
    this.error = h("p.error", { role: "alert", hidden: true });
    this.blank = h(
      "div.blank",
      {},
      h("h2", {}, "Choose a video."),
      h("p.sub", {}, "Paste a web address or a path on the left, or drop a file here. Then press Extract & Analyze Frames."),
      about.roots.length > 0 && h("p.sub", {}, "Videos may lie in:"),
      about.roots.map((root) => h("p.path", {}, root)),
    );
    const side = h(
      "div.side",
      {},
      h("div.scroller", {}, this.box.element, h("section", {}, h("h3", {}, "Method"), this.presets.element, this.form.element), h("label.check", { title: "Off: a run of its own, even where the same video was extracted with the same settings" }, this.resume, "Go on with a run of the same settings")),
      h("div.foot", {}, this.error, this.go),
    );
    this.readyPane = h("div.ready", { hidden: true });
    const pane = h("div.pane", {}, this.blank, this.readyPane, this.live.element);
    fill(this.host, side, pane);
    this.box.acceptDrops(this.host);
    this.host.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      event.stopPropagation();
      this.#extract();
    }, true);
    giveKeys(this.host, {}, KEYS);
    this.#restore();
    onJobs((jobs) => this.#jobs(jobs));
  }

  // --- what is typed survives a reload

  #keep() {
    if (!this.ready) return;
    const kept = { text: this.box.input.value, stream: this.box.stream, settings: this.form.differences(), max_height: this.box.height.value, resume: this.resume.checked };
    localStorage.setItem(KEPT, JSON.stringify(kept));
  }

  #restore() {
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem(KEPT)) ?? {};
    } catch {
      // not ours
    }
    if (kept.settings) this.form.load(kept.settings);
    if (kept.max_height) this.box.height.value = kept.max_height;
    this.resume.checked = kept.resume ?? true;
    if (kept.text) this.box.put(kept.text, kept.stream ?? null);
    this.ready = true;
    this.#changed();
  }

  #changed() {
    if (!this.go) return;
    this.form.describe(this.box.facts);
    this.#fail(null);
    this.#jobs(known());
    this.#keep();
  }

  #offer() {
    const busy = known().some((job) => isActive(job) && job.verb === "extract" && job.source === this.box.source);
    this.go.disabled = !this.box.source || busy || Boolean(this.starting);
    this.go.title = busy ? "This video is being extracted" : this.box.source ? "Ctrl + Enter" : "Choose a video first";
  }

  #fail(sentence) {
    this.error.hidden = !sentence;
    if (sentence) fill(this.error, icon("warn"), h("span", {}, sentence));
  }

  // --- extraction

  async #extract() {
    if (this.go.disabled) return;
    this.form.forgive();
    if (this.form.wrong) return this.form.focusWrong();
    this.starting = true;
    this.#offer();
    try {
      const settings = { ...this.form.differences(), ...this.box.options(), resume: this.resume.checked };
      const { job } = await act("source/extract", { source: this.box.source, settings });
      this.#watch(job);
      this.#fail(null);
    } catch (error) {
      if (!this.form.blame(error.message)) this.#fail(error.message);
    } finally {
      this.starting = false;
      this.#offer();
    }
  }

  #watch(id) {
    this.job = id;
    localStorage.setItem(JOB, id);
    this.ended.set(id, false);
    detail(id);
    this.#jobs(known());
  }

  #jobs(jobs) {
    const mine = jobs.filter((job) => job.verb === "extract");
    const job = mine.find((one) => one.id === (this.job ?? localStorage.getItem(JOB))) ?? mine.find(isActive) ?? mine.find((one) => one.resumable);
    this.#offer();
    const other = this.box.source && job && !isActive(job) && job.source !== this.box.source;
    const live = Boolean(job) && !other;
    this.live.element.hidden = !live;
    this.readyPane.hidden = live || !this.box.source;
    this.blank.hidden = live || Boolean(this.box.source);
    if (!this.readyPane.hidden) this.#drawReady();
    if (!job) return;
    if (this.job !== job.id) {
      this.job = job.id;
      detail(job.id);
    }
    if (live) this.live.draw(job);
    if (isActive(job)) {
      this.ended.set(job.id, false);
      if (job.phase === "extracting" && job.per_s) this.speed = job.per_s;
    } else if (this.ended.get(job.id) === false) {
      this.ended.set(job.id, true);
      this.#finished(job);
    }
  }

  /** A source without an extraction of its own: what it looks like, and what to do. */
  #drawReady() {
    const { poster, title } = this.box;
    const mark = `${poster} ${title}`;
    if (this.readyMark === mark) return;
    this.readyMark = mark;
    fill(this.readyPane, poster && h("img", { src: poster, alt: "" }), h("h2", {}, title ?? "A web address"), h("p.sub", {}, "Choose a method, then press Extract & Analyze Frames (Ctrl + Enter)."));
  }

  /** What this tab made is what the next one has, unless somebody is at work there. */
  async #finished(job) {
    if (job.state === "done" && this.box.facts) learn(this.form.values, job.per_s || this.speed, this.box.facts);
    this.form.describe(this.box.facts);
    await refreshRuns().catch(() => null);
    if (job.state === "done" && job.run && this.host.checkVisibility()) await open({ id: job.run }).catch(() => null);
  }

  async #openRun(job) {
    try {
      await open({ id: job.run });
      showTab("Filtering & Export");
    } catch (error) {
      this.#fail(error.message);
    }
  }
}
