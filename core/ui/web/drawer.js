// The export drawer: exactly what will be written, where, how far it is, and what came of it.

import { bytes, count, counted, fill, h, icon, refill } from "./dom.js";
import { address, read, write } from "./server.js";
import { act } from "./watch.js";

const POLL_MS = 250;

export class Drawer {
  /** `view` gives { run, table, answer, choices, thumbs }; `settled` resolves to the digest of what is shown now. */
  constructor(view, settled) {
    this.view = view;
    this.settled = settled;
    this.status = null;
    this.digest = null;
    this.sample = h("div.sample");
    this.folder = h("input.folder", { type: "text", spellcheck: "false", autocomplete: "off", "aria-describedby": "export-folder-hint" });
    this.crops = h("input", { type: "checkbox", "data-key": "crops" });
    this.element = h("aside.drawer", { hidden: true, "aria-label": "Export" });
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** A run was opened, or its records were read anew: shows its last export, if one is still going on. */
  follow(status) {
    clearTimeout(this.timer);
    const { run } = this.view();
    if (run?.id !== this.of) {
      this.folder.value = "";
      this.crops.checked = false;
    }
    this.of = run?.id;
    this.status = status;
    this.error = this.exported = this.digest = null;
    this.size = null;
    if (status?.state === "running" || status?.state === "queued") this.open();
    else this.close();
  }

  async open() {
    this.element.hidden = false;
    this.error = null;
    this.size = null;
    this.draw();
    (this.element.querySelector("button.primary:not(:disabled)") ?? this.element.querySelector(".ibtn"))?.focus();
    if (this.isRunning) this.#poll();
    await this.#measure();
  }

  close() {
    this.view().thumbs?.want("drawer", []);
    const had = this.element.contains(document.activeElement);
    this.element.hidden = true;
    if (had) this.closed?.();
  }

  /** Another selection is shown: count and size are said anew, and what was exported before is over. */
  changed(digest) {
    if (digest === this.digest) return;
    const first = this.digest === null;
    this.digest = digest;
    if (this.isRunning) return;
    if (!first) this.status = null;
    if (this.element.hidden) return;
    this.size = null;
    this.draw();
    clearTimeout(this.measuring);
    this.measuring = setTimeout(() => this.#measure(), 400);
  }

  get isRunning() {
    return this.status?.state === "running" || this.status?.state === "queued";
  }

  draw() {
    const { run, answer } = this.view();
    if (!answer) return;
    const kept = this.#kept();
    this.drawSample(kept);
    const typing = document.activeElement === this.folder;
    const { frames, span, hand, size } = this.#shownFacts(kept);
    refill(
      this.element,
      h("div.line", {}, h("h2", {}, "Export"), h("button.ibtn", { "aria-label": "Close (Esc)", title: "Close (Esc)", onclick: () => this.close() }, icon("x"))),
      h(
        "dl.facts-list",
        {},
        fact("Frames", frames),
        fact("First, last", span),
        fact("By hand", hand),
        fact("Size, about", size),
      ),
      this.#where(run),
      this.#beside(),
      this.sample,
      h("span.gap"),
      this.#state(kept.length),
    );
    if (typing && this.folder.isConnected) this.folder.focus();
  }

  /** Of an export that goes on: what it was started with. */
  #shownFacts(kept) {
    if (!this.status) return this.#facts(kept);
    return this.exported ?? { frames: count(this.status.total), span: "...", hand: "...", size: "..." };
  }

  #facts(kept) {
    const { table, choices } = this.view();
    return {
      frames: count(kept.length),
      span: kept.length ? `${count(table.ordinal[kept[0]])}, ${count(table.ordinal[kept.at(-1)])}` : "none",
      hand: `${count(choices.keep.size)} kept, ${count(choices.reject.size)} rejected`,
      size: this.size === null ? "..." : bytes(this.size),
    };
  }

  /** The folder: to be chosen before, said afterwards. */
  #where(run) {
    if (this.status?.folder) return [h("p.sub", {}, "Written to"), h("p.path", {}, this.status.folder)];
    this.folder.placeholder = `${run.name}_exported_<date>_<time>`;
    this.folder.disabled = this.isRunning;
    return h(
      "label.where",
      {},
      h("span", {}, "Folder"),
      this.folder,
      h("span.sub", { id: "export-folder-hint" }, "Empty: a folder of its own beside the run. A name lies beside it too; a path must lie in an allowed folder."),
    );
  }

  #hasFaces() {
    return this.view().table.values.has("face_count");
  }

  /** What is written beside the frames. */
  #beside() {
    if (!this.#hasFaces() || this.status?.folder) return null;
    this.crops.disabled = this.isRunning;
    return h("label.check", {}, this.crops, h("span", {}, "Also cut out the faces", h("span.sub", {}, " (folder faces; of the wanted person where one is filtered)")));
  }

  #kept() {
    const { table, answer } = this.view();
    const kept = [];
    for (let row = 0; row < table.frames; row++) if (answer.reason[row] === 0) kept.push(row);
    return kept;
  }

  /** Nine pictures spread over the selection. */
  drawSample(kept = null) {
    if (this.element.hidden || !this.view().answer) return;
    kept ??= this.#kept();
    const { table, thumbs } = this.view();
    const places = Math.min(9, kept.length);
    const rows = Array.from({ length: places }, (_, i) => kept[places > 1 ? Math.round((i * (kept.length - 1)) / (places - 1)) : 0]);
    const cell = (row) => {
      const source = thumbs.of(row);
      return h("figure", {}, source ? h("img", { src: source, alt: "" }) : h("span.holder", {}, count(table.ordinal[row])), h("figcaption.num", {}, count(table.ordinal[row])));
    };
    fill(this.sample, [...new Set(rows)].map(cell));
    thumbs.want("drawer", rows);
  }

  #state(kept) {
    const { status } = this;
    const error = this.error ?? (status?.state === "failed" ? status.error : null);
    const sentence = error && h("p.error", { role: "alert" }, icon("warn"), error);
    if (this.isRunning) return this.#progress(status);
    if (status?.state === "done") return [sentence, this.#done(status)];
    return [
      sentence,
      status?.state === "cancelled" && h("p.sub", { role: "status" }, "Cancelled; nothing was written."),
      h("button.btn.primary", { disabled: kept === 0, onclick: () => this.#start() }, icon("out"), `Export ${counted(kept, "frame")}`),
      kept === 0 && h("p.sub", {}, "No frame is kept: loosen a filter, or keep frames by hand."),
    ];
  }

  #progress(status) {
    const share = status.total ? (100 * status.done) / status.total : 0;
    return [
      h("div.line", {}, h("b.num", {}, `${count(status.done)} of ${count(status.total)}`), h("button.btn", { onclick: () => this.#cancel() }, "Cancel")),
      h("div.bar.wide", { role: "progressbar", "aria-label": "Frames exported", "aria-valuenow": Math.round(share) }, h("i", { style: `width:${share}%` })),
    ];
  }

  #done(status) {
    const download = status.zip
      ? h("a.btn", { href: address(`exports/${status.id}/zip`), download: "" }, icon("out"), `Download ZIP (${bytes(status.bytes)})`)
      : h("p.sub", {}, `${bytes(status.bytes)} are too much for a download in the browser; take the folder.`);
    const copy = h("button.btn", { onclick: async () => { await navigator.clipboard?.writeText(status.folder); copy.textContent = "Copied"; } }, "Copy path");
    return [h("p.verdict.kept", { role: "status" }, icon("check"), `${counted(status.done, "frame")} exported`), download, h("div.line.pair", {}, navigator.clipboard ? copy : null, h("button.btn", { onclick: () => this.#again() }, "Export again"))];
  }

  #again() {
    this.status = null;
    this.folder.value = "";
    this.draw();
    this.element.querySelector("button.primary")?.focus();
  }

  async #measure() {
    const { run, choices } = this.view();
    const mapping = choices.mapping();
    try {
      const { bytes: size } = await write(`runs/${run.id}/size`, { filters: mapping });
      if (this.view().run !== run) return;
      this.size = size;
    } catch (error) {
      this.error = error.message;
    }
    if (!this.element.hidden && !this.isRunning) this.draw();
  }

  async #start() {
    if (this.starting) return;
    this.starting = true;
    const { run, choices } = this.view();
    this.error = null;
    try {
      this.exported = this.#facts(this.#kept());
      const digest = await this.settled();
      this.status = await act(`runs/${run.id}/export`, { filters: choices.mapping(), digest, dest: this.folder.value.trim() || null, settings: { face_crops: this.#hasFaces() && this.crops.checked } });
      this.#poll();
    } catch (error) {
      this.error = error.message;
    }
    this.starting = false;
    this.draw();
  }

  async #poll() {
    clearTimeout(this.timer);
    const id = this.status.id;
    try {
      const status = await read(`exports/${id}`);
      if (this.status?.id !== id) return;
      this.status = status;
    } catch (error) {
      this.error = error.message;
      this.status = null;
    }
    this.draw();
    if (this.isRunning) this.timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  async #cancel() {
    this.status = await act(`exports/${this.status.id}/cancel`);
    this.#poll();
  }
}

const fact = (name, value) => [h("dt", {}, name), h("dd", {}, value)];
