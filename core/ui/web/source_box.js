// The source box: takes an address, a path, dropped text or a file, and says at once what it is. Of a web address the site
// is asked only after a click.

import { bytes, clock, count, fill, h, icon, refill } from "./dom.js";
import { address, read, Refused, write } from "./server.js";

const POLL_MS = 150;
const TYPED_MS = 350;

export class SourceBox {
  /** `knobs`: of `fetch`; `changed()` is called when what is known of the source changes. */
  constructor(knobs, changed) {
    this.changed = changed;
    this.turn = 0;
    this.source = this.facts = null;
    /** Address of a picture of the video, once there is one. */
    this.poster = null;
    this.item = null;
    /** Number of the video stream that a person chose; null = the film. */
    this.stream = null;
    this.input = h("input.box.path-box", {
      type: "text",
      id: "fs-source",
      spellcheck: "false",
      autocomplete: "off",
      placeholder: "https://...  or  /videos/clip.mp4",
      "aria-label": "URL, path or dropped file",
    });
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => event.key === "Enter" && this.#take(this.input.value));
    this.file = h("input", { type: "file", accept: "video/*,.mkv,.ts,.mxf,.flv,.avi,.mjpeg,.mjpg", hidden: true, onchange: () => this.#upload(this.file.files[0]) });
    this.choose = h("button.btn", { onclick: () => this.file.click() }, "Upload...");
    this.error = h("p.error", { role: "alert", hidden: true });
    this.card = h("div.about-source", { "aria-live": "polite" });
    this.height = h("select.ctl", { "aria-label": "Max height" }, knobs.max_height.choices.map((choice) => h("option", { value: choice }, choice === "best" ? "best there is" : `${choice} px`)));
    this.height.value = knobs.max_height.default;
    this.height.addEventListener("change", () => this.changed());
    this.element = h("section.source-box", {}, h("label.line", { for: "fs-source" }, h("h3", {}, "Source"), h("span.sub", {}, "URL, path or dropped file")), h("div.line", {}, this.input, this.choose, this.file), this.error, this.card);
    this.#idle();
  }

  /** Takes files and text that are dropped anywhere on `target`. */
  acceptDrops(target) {
    const over = (on) => target.classList.toggle("dropping", on);
    target.addEventListener("dragover", (event) => (event.preventDefault(), over(true)));
    target.addEventListener("dragleave", (event) => target.contains(event.relatedTarget) || over(false));
    target.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      const file = event.dataTransfer.files[0];
      if (file) return this.#upload(file);
      this.put(event.dataTransfer.getData("text/uri-list") || event.dataTransfer.getData("text/plain"));
    });
  }

  put(text, stream = null) {
    this.input.value = text;
    this.#take(text, stream);
  }

  /** What an extraction is told of the source beside its settings. */
  options() {
    if (this.kind !== "url") return this.stream === null ? {} : { stream: this.stream };
    return { max_height: this.height.value, ...(this.item ? { item: this.item } : {}) };
  }

  fail(sentence) {
    this.error.hidden = !sentence;
    if (sentence) fill(this.error, icon("warn"), h("span", {}, sentence));
  }

  // --- what it is

  /** What was there before is forgotten at once: never is another video extracted than the one that the box names. */
  #typed() {
    if (this.input.value === this.taken) return;
    clearTimeout(this.timer);
    const turn = this.#begin(this.input.value);
    this.timer = setTimeout(() => turn === this.turn && this.#take(this.input.value), TYPED_MS);
  }

  async #take(text, stream = null) {
    clearTimeout(this.timer);
    const turn = this.#begin(text);
    if (!text.trim()) return this.#idle();
    this.stream = stream;
    try {
      const found = await write("source/look", stream === null ? { text } : { text, stream });
      if (turn === this.turn) this.#found(found, turn);
    } catch (error) {
      if (turn === this.turn) this.#refused(error);
    }
  }

  #begin(text) {
    if (this.look) write(`source/looks/${this.look}/cancel`, {}).catch(() => null);
    this.request?.abort();
    this.taken = text;
    this.source = this.facts = this.kind = this.look = this.item = this.poster = this.stream = null;
    this.chose = false;
    this.fail(null);
    if (this.card.contains(document.activeElement)) this.input.focus();
    fill(this.card);
    this.changed();
    return ++this.turn;
  }

  #refused(error) {
    this.fail(error.message);
    this.#idle();
  }

  #idle() {
    refill(this.card, h("p.sub", {}, "Paste an address or a path, drop a file, or upload one."));
  }

  #found({ kind, source, title, look }, turn) {
    this.kind = kind;
    this.source = source;
    this.title = title ?? source;
    this.look = look ?? null;
    if (kind === "url" && !look) this.#offer();
    else {
      this.#show({ state: "looking", facts: {} });
      this.#follow(turn);
    }
    this.changed();
  }

  async #follow(turn) {
    const { look } = this;
    let seen = "";
    for (;;) {
      let state;
      try {
        state = await read(`source/looks/${look}`);
      } catch (error) {
        if (turn === this.turn) this.#refused(error);
        return;
      }
      if (turn !== this.turn) return;
      const mark = JSON.stringify(state);
      if (mark !== seen) {
        seen = mark;
        if (state.state === "failed") {
          if (this.kind === "file") this.source = null;
          this.fail(state.error);
          if (this.kind === "url") this.#offer();
          else this.#idle();
        } else {
          this.facts = Object.keys(state.facts).length ? state.facts : null;
          this.poster = state.poster ? address(`source/looks/${look}/poster`) : null;
          this.#show(state);
        }
        this.changed();
      }
      if (state.state !== "looking") return;
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }

  /** A web address: nothing has been asked of anybody yet. */
  #offer() {
    const host = hostOf(this.source);
    const ask = async () => {
      const turn = this.#begin(this.input.value);
      try {
        const found = await write("source/ask", { text: this.taken, max_height: this.height.value });
        if (turn === this.turn) this.#found(found, turn);
      } catch (error) {
        if (turn === this.turn) this.#refused(error);
      }
    };
    refill(
      this.card,
      h("p.sub", {}, "A web address. Looking it up asks ", h("b", {}, host), "; nothing is downloaded yet."),
      h("div.line", {}, h("button.btn", { onclick: ask }, icon("zoom"), "Look it up"), h("span.gap"), h("label.line.sub", {}, "Max height", this.height)),
    );
  }

  #show(state) {
    if (this.kind === "url") return this.#showWeb(state);
    const { facts } = state;
    const poster = this.poster ? h("img", { src: this.poster, alt: "" }) : h("span.holder", {}, state.state === "looking" ? "..." : "");
    const rows = [
      ["Picture", facts.width && `${facts.width} x ${facts.height}`],
      ["Length", facts.duration_s && shortClock(facts.duration_s)],
      ["Rate", facts.rate && `${Number(facts.rate.toFixed(3))} fps`],
      ["Frames", facts.frames ? count(facts.frames) : facts.width && "counting..."],
      ...(facts.repaired_times ? [["Times", `${count(facts.repaired_times)} without a usable time stamp`]] : []),
      ["Codec", facts.codec && `${facts.codec}, ${bytes(facts.size_bytes)}`],
      ...(facts.colours ? [["Colours", facts.colours]] : []),
    ];
    refill(this.card, h("p.source-title", { title: this.source }, this.title), h("div.poster-line", {}, h("div.poster", {}, poster), h("dl.facts-list", {}, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value || "...")]))), facts.streams?.length > 1 && this.#streams(facts), facts.cut_off && h("p.error.cut-off", {}, icon("warn"), h("span", {}, sentence(facts.cut_off))));
    if (this.chose) this.card.querySelector("select")?.focus();
  }

  /** Which video stream is read; another one is looked at anew. */
  #streams(facts) {
    const select = h("select.ctl", { "aria-label": "Video stream" }, facts.streams.map(({ index, text }) => h("option", { value: index }, text)));
    select.value = facts.stream;
    select.addEventListener("blur", () => select.isConnected && (this.chose = false));
    select.addEventListener("change", () => {
      this.#take(this.input.value, Number(select.value));
      this.chose = true;
    });
    return h("label.line.sub.streams", {}, h("span", {}, `Stream, 1 of ${facts.streams.length}`), select);
  }

  #showWeb({ state, facts }) {
    if (state === "looking") {
      const stop = h("button.btn.small", { onclick: () => { this.#begin(this.input.value); this.#take(this.input.value); } }, "Cancel");
      return refill(this.card, h("div.line", {}, h("span", { role: "status" }, `Asking ${hostOf(this.source)}...`), h("span.gap"), stop));
    }
    const live = { live: "A live broadcast that is going on: come back when it is over.", upcoming: "A broadcast that has not begun: come back when it is over.", processing: "The site still works on this broadcast: come back in some hours." }[facts.live];
    const rows = [
      ["Site", facts.site],
      ["By", facts.uploader],
      ["Length", facts.duration_s && shortClock(facts.duration_s)],
      ["Height", facts.height_px && `${facts.height_px} px of ${facts.heights.at(-1)}`],
      ["Download", facts.size_bytes && `about ${bytes(facts.size_bytes)}`],
    ].filter(([, value]) => value);
    refill(
      this.card,
      h("p.source-title", { title: facts.title }, facts.title || this.source),
      h("dl.facts-list", {}, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
      live && h("p.error", {}, icon("warn"), h("span", {}, live)),
      facts.note && h("p.sub", {}, facts.note),
      facts.playlist && this.#playlist(facts),
      h("label.line.sub", {}, "Max height", h("span.gap"), this.height),
    );
  }

  #playlist(facts) {
    const select = h("select.ctl", { "aria-label": "Video of the playlist" }, facts.entries.map((entry) => h("option", { value: entry.item }, `${entry.item}. ${entry.title}`)));
    select.addEventListener("change", () => (this.item = Number(select.value)));
    this.item = facts.entries[0]?.item ?? null;
    const total = facts.entries_total ?? facts.entries.length;
    return h("div.control", {}, h("p.sub", {}, `A playlist of ${count(total)} videos: choose one.`), select);
  }

  // --- upload

  #upload(file) {
    if (!file) return;
    this.input.value = "";
    const turn = this.#begin("");
    const inner = h("i");
    const text = h("span.sub.num");
    const request = (this.request = new XMLHttpRequest());
    refill(this.card, h("p.source-title", {}, file.name), h("div.line", {}, text, h("span.gap"), h("button.btn.small", { onclick: () => { this.#begin(""); this.#idle(); } }, "Cancel")), h("div.bar.wide", { role: "progressbar", "aria-label": "Upload" }, inner));
    request.upload.addEventListener("progress", (event) => {
      inner.style.width = `${(100 * event.loaded) / event.total}%`;
      text.textContent = `${bytes(event.loaded)} of ${bytes(event.total)}`;
    });
    request.addEventListener("load", () => {
      if (turn !== this.turn) return;
      const answer = parsed(request.responseText);
      if (request.status !== 200) return this.#refused(new Refused(request.status, answer));
      this.input.value = this.taken = answer.source;
      this.#found(answer, turn);
    });
    request.addEventListener("error", () => turn === this.turn && this.#refused(new Error("The upload was broken off; drop the file again.")));
    request.open("POST", address(`source/upload?name=${encodeURIComponent(file.name)}`));
    request.send(file);
    this.file.value = "";
  }
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;
const shortClock = (seconds) => clock(seconds).replace(/(\.\d)\d\d$/, "$1");

function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
