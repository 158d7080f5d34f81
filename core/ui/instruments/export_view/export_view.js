// What an export will write (those frames, their size, nine of them to look at), how far it is, what came of it.

import { bytes, count, counted, fill, h, icon, refill } from "../dom.js";
import { openRun } from "../open_run.js";
import { address, read, write } from "../server.js";
import { insideBars } from "../table.js";
import { act, isActive, onJobs, refresh } from "../watch.js";

const MEASURE_MS = 400;
const PICTURES = 9;

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new ExportView(element, trigger);
}

class ExportView {
  constructor(element, trigger) {
    this.trigger = trigger;
    this.isOpen = false;
    this.status = this.error = this.digest = this.size = this.exported = this.shown = null;
    this.facts = h("dl.facts-list");
    this.sample = h("div.sample");
    this.state = h("div.state");
    fill(element, this.facts, this.sample, this.state);
    new ResizeObserver(() => this.#fit()).observe(this.sample);
    openRun.follow({
      opened: () => this.#follow(openRun.run.export),
      answered: () => openRun.digest && this.#changed(openRun.digest),
      pictured: () => this.#drawSample(),
    });
    onJobs((jobs) => this.#jobs(jobs));
  }

  // --- what the tab tells

  opened() {
    this.isOpen = true;
    this.error = this.size = this.shown = null;
    this.#draw();
    this.#measure();
  }

  closed() {
    this.isOpen = false;
    openRun.thumbs?.want("drawer", []);
  }

  /** The server's answer to the form: a job, or an error that the form shows. */
  started(answer) {
    if (!answer?.job) return;
    this.exported = this.#aboutKept();
    this.error = null;
    this.status = { id: answer.job, state: "queued", done: 0, total: openRun.answer.kept };
    this.#draw();
    refresh();
  }

  async cancel() {
    if (!this.isRunning) return;
    try {
      await act(`jobs/${this.status.id}/cancel`);
    } catch (error) {
      this.error = error.message;
      this.#draw();
    }
  }

  /** Puts the path that was written into the clipboard, where there is one. */
  copy() {
    navigator.clipboard?.writeText(this.status?.folder ?? "").catch(() => null);
  }

  /** Brings the ZIP: as a download from the start, since Gradio hangs up where a page seems to be left for another. */
  download() {
    h("a", { href: address(`exports/${this.status.id}/zip`), download: true }).click();
  }

  /** Ready for another export. */
  again() {
    this.status = this.error = null;
    this.#draw();
  }

  /** How the form looks now. */
  controls() {
    const update = (values) => ({ __type__: "update", ...values });
    if (!openRun.isReady || !openRun.answer) return undefined;
    const { answer, table } = openRun;
    const { status } = this;
    const isDone = status?.state === "done";
    const before = !isDone;
    const hasFaces = table.values.has("face_count");
    const folder = { interactive: !this.isRunning };
    const zip = isDone && status.zip;
    const cleared = this.clear ? { value: "" } : {};
    this.clear = false;
    return [
      update({ ...folder, ...cleared, visible: before }),
      update({ visible: before && hasFaces, interactive: !this.isRunning }),
      update({ visible: before && hasFaces, interactive: !this.isRunning }),
      update({ visible: before && this.#barred() > 0, interactive: !this.isRunning }),
      update({
        value: `Export ${counted(answer.kept, "frame")}`,
        visible: before && !this.isRunning,
        interactive: answer.kept > 0,
      }),
      update({ visible: this.isRunning }),
      update({ value: status?.folder ?? "", visible: isDone }),
      update({
        visible: Boolean(zip),
        value: zip ? `Download ZIP (${bytes(status.bytes)})` : "Download ZIP",
      }),
      update({ visible: isDone }),
    ];
  }

  // --- what changes

  /** A run was opened, or its records were read anew: shows its last export, if one is still going on. */
  #follow(status) {
    if (openRun.run.id !== this.of) this.clear = true;
    this.of = openRun.run.id;
    this.status = status;
    this.error = this.exported = this.digest = this.size = this.shown = null;
    if (this.isRunning) this.trigger("running");
    this.trigger("controls");
  }

  get isRunning() {
    return this.status !== null && this.status !== undefined && isActive(this.status);
  }

  /** Another selection is shown: count and size are said anew, and what was exported before is over. */
  #changed(digest) {
    if (digest === this.digest) return;
    const first = this.digest === null;
    this.digest = digest;
    if (this.isRunning) return;
    if (!first) this.status = null;
    this.size = null;
    this.#draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#measure(), MEASURE_MS);
  }

  /** The one poll for jobs tells how far it is; what an export made is asked for once, when it has ended. */
  async #jobs(jobs) {
    const job = this.isRunning && jobs.find((one) => one.id === this.status.id);
    if (!job) return;
    const { id } = job;
    this.status = { ...this.status, done: job.done, total: job.total || this.status.total };
    if (!isActive(job) && !this.asking) {
      this.asking = true;
      try {
        const status = await read(`exports/${id}`);
        if (this.status?.id === id) this.status = status;
      } catch (error) {
        this.error = error.message;
        this.status = null;
      }
      this.asking = false;
    }
    this.#draw();
  }

  async #measure() {
    if (!this.isOpen || !openRun.isReady || this.isRunning) return;
    const { run, choices } = openRun;
    try {
      const { bytes: size } = await write(`runs/${run.id}/size`, { filters: choices.mapping() });
      if (openRun.run !== run) return;
      this.size = size;
    } catch (error) {
      this.error = error.message;
    }
    this.#draw();
  }

  // --- how it looks

  #draw() {
    if (!this.isOpen || !openRun.answer || !openRun.isReady) return;
    this.trigger("controls");
    this.#drawFacts();
    this.#drawSample();
    refill(this.state, this.#said());
  }

  #drawFacts() {
    const running = { frames: count(this.status?.total ?? 0), span: "...", hand: "...", size: "..." };
    const { frames, span, hand, size } = this.status ? (this.exported ?? running) : this.#aboutKept();
    const named = [
      !this.status && ["If left empty", `${openRun.run.name}_exported_...`],
      ["Frames", frames],
      ["First, last", span],
      ["By hand", hand],
      ["Size, about", size],
      !this.status && this.#barred() > 0 && ["With black bars", `${counted(this.#barred(), "frame")}${this.#inside()}`],
    ];
    fill(
      this.facts,
      named.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    );
  }

  #aboutKept() {
    const { table, choices } = openRun;
    const kept = openRun.kept();
    return {
      frames: count(kept.length),
      span: kept.length ? `${count(table.ordinal[kept[0]])}, ${count(table.ordinal[kept.at(-1)])}` : "none",
      hand: `${count(choices.keep.size)} kept, ${count(choices.reject.size)} rejected`,
      size: this.size === null ? "..." : bytes(this.size),
    };
  }

  /** How many of the frames that are kept have black bars. */
  #barred() {
    return openRun.table.letterbox.length ? openRun.kept().filter((row) => insideBars(openRun, row)).length : 0;
  }

  /** What is left of their pictures without the bars, where it is the same of all. */
  #inside() {
    const sizes = openRun.kept().map((row) => insideBars(openRun, row)?.slice(2).join("x"));
    const different = [...new Set(sizes.filter(Boolean))];
    return different.length === 1 ? `, ${different[0]} inside` : "";
  }

  /** Nine pictures spread over the selection. */
  #drawSample() {
    if (!this.isOpen || !openRun.answer || !openRun.isReady) return;
    const { table, thumbs } = openRun;
    const kept = openRun.kept();
    const places = Math.min(PICTURES, kept.length);
    const at = (i) => kept[places > 1 ? Math.round((i * (kept.length - 1)) / (places - 1)) : 0];
    const rows = [...new Set(Array.from({ length: places }, (_, i) => at(i)))];
    const cell = (row) => {
      const source = thumbs.of(row);
      const ordinal = count(table.ordinal[row]);
      const picture = source ? h("img", { src: source, alt: "" }) : h("span.holder", {}, ordinal);
      return h("figure", {}, picture, h("figcaption.num", {}, ordinal));
    };
    const shown = rows.map((row) => thumbs.of(row) ?? row).join(" ");
    if (shown === this.shown) return;
    this.shown = shown;
    fill(this.sample, rows.map(cell));
    this.#fit();
    thumbs.want("drawer", rows);
  }

  /** Only pictures that fit as a whole are seen. */
  #fit() {
    const { bottom } = this.sample.getBoundingClientRect();
    /** @type {HTMLCollectionOf<any>} */
    const figures = this.sample.children;
    for (const one of figures) {
      one.style.visibility = one.getBoundingClientRect().bottom > bottom + 1 ? "hidden" : "";
    }
  }

  #said() {
    const { status } = this;
    const wrong = this.error ?? (status?.state === "failed" ? status.error : null);
    const sentence = wrong && h("p.error", { role: "alert" }, icon("warn"), h("span", {}, wrong));
    if (this.isRunning) return [sentence, this.#progress(status)];
    if (status?.state === "done") {
      const done = h("p.verdict.kept", { role: "status" }, icon("check"), `${counted(status.done, "frame")} exported`);
      const large = `${bytes(status.bytes)} are too much for a download in the browser; take the folder.`;
      return [sentence, done, !status.zip && h("p.sub", {}, large)];
    }
    const nothing = "No frame is kept: loosen a filter, or keep frames by hand.";
    return [
      sentence,
      status?.state === "cancelled" && h("p.sub", { role: "status" }, "Cancelled; nothing was written."),
      openRun.answer.kept === 0 && h("p.sub", {}, nothing),
    ];
  }

  #progress(status) {
    const share = status.total ? Math.round((100 * status.done) / status.total) : 0;
    const about = { role: "progressbar", "aria-label": "Frames exported", "aria-valuenow": share };
    return [
      h("b.num", {}, `${count(status.done)} of ${counted(status.total, "frame")}`),
      h("div.bar.wide", about, h("i", { style: `width:${share}%` })),
    ];
  }
}
