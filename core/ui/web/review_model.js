// The weights, where they run, and the detections that were made with them.

import { count, fill, h, icon } from "./dom.js";
import { write } from "./server.js";

const WEIGHTS = "framesieve.review.weights";

export class ModelPanel {
  /** `about`: of the server; `chosen()` after other weights were chosen; `refresh()` when their detections are there. */
  constructor(about, does) {
    this.does = does;
    this.weights = null;
    this.input = h("input.box.path-box", { type: "text", spellcheck: "false", autocomplete: "off", list: "fs-weights", placeholder: "best.pt", "aria-label": "Weights: path of a .pt or .onnx file" });
    this.input.addEventListener("keydown", (event) => event.key === "Enter" && this.choose());
    this.input.addEventListener("change", () => this.choose());
    this.error = h("p.error", { role: "alert", hidden: true });
    this.state = h("p.sub", { role: "status" });
    this.element = h(
      "section",
      {},
      h("h3", {}, "Weights"),
      h("div.line", {}, this.input),
      h("datalist", { id: "fs-weights" }, about.weights.map((path) => h("option", { value: path }))),
      this.error,
      this.state,
    );
  }

  /** Chooses the weights of the last visit again. */
  async restore() {
    const kept = localStorage.getItem(WEIGHTS);
    if (!kept) return;
    this.input.value = kept;
    await this.choose();
  }

  async choose() {
    const text = this.input.value.trim();
    if (text === this.taken) return;
    this.taken = text;
    this.weights = null;
    this.#fail(null);
    try {
      if (text) {
        const found = await write("review/weights", { text });
        if (this.taken !== text) return;
        this.weights = found.id;
        this.path = found.path;
      }
      localStorage.setItem(WEIGHTS, text);
    } catch (error) {
      this.#fail(error.message);
    }
    await this.does.chosen();
  }

  /** Says which detections are shown. */
  show(video, head) {
    const saturated = head.saturated_frames ? ` ${count(head.saturated_frames)} frames had more boxes than were kept.` : "";
    if (head.origin !== null) this.state.textContent = `${count(head.boxes)} boxes of ${head.weights}${head.backend ? `, ${head.backend}` : ""}.${saturated}`;
    else this.state.textContent = this.weights ? "No detections of these weights yet." : "No detections yet: choose weights.";
    if (video.refused.length) fill(this.error, icon("warn"), h("span", {}, video.refused[0]));
    this.error.hidden = video.refused.length === 0;
  }

  jobs() {}

  #fail(sentence) {
    this.error.hidden = !sentence;
    if (sentence) fill(this.error, icon("warn"), h("span", {}, sentence));
  }
}
