// The weights, where they run, and the detections that were made with them.

import { count, fill, h, icon } from "./dom.js";
import { said } from "./jobs.js";
import { write } from "./server.js";
import { act, isActive } from "./watch.js";

const WEIGHTS = "framesieve.review.weights";
const DEVICES = { auto: "Automatic", cpu: "CPU", cuda: "CUDA" };
const UNSAFE = "allow it if you trust";

export class ModelPanel {
  /** `about`: of the server; `chosen()` after other weights were chosen; `refresh()` when their detections are there. */
  constructor(about, does) {
    this.does = does;
    this.gpu = about.gpu;
    this.weights = null;
    this.video = null;
    this.job = null;
    this.input = h("input.box.path-box", { type: "text", spellcheck: "false", autocomplete: "off", list: "fs-weights", placeholder: "best.pt", "aria-label": "Weights: path of a .pt or .onnx file" });
    this.input.addEventListener("keydown", (event) => event.key === "Enter" && this.choose());
    this.input.addEventListener("change", () => this.choose());
    this.device = h("select.ctl", { "aria-label": "Device" }, about.devices.map((name) => h("option", { value: name, disabled: name === "cuda" && !about.gpu }, DEVICES[name] ?? name)));
    this.device.addEventListener("change", () => this.#draw());
    this.error = h("p.error", { role: "alert", hidden: true });
    this.where = h("p.sub");
    this.state = h("p.sub", { role: "status" });
    this.go = h("button.btn.precompute", { onclick: () => this.precompute() }, "Precompute");
    this.element = h(
      "section.model",
      {},
      h("div.line", {}, h("h3", {}, "Weights"), h("span.gap"), this.device),
      h("div.line", {}, this.input),
      h("datalist", { id: "fs-weights" }, about.weights.map((path) => h("option", { value: path }))),
      this.error,
      this.where,
      h("div.line.made", {}, this.state, h("span.gap"), this.go),
    );
    this.#draw();
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
        this.name = found.name;
      }
      localStorage.setItem(WEIGHTS, text);
    } catch (error) {
      const name = error.answer?.download;
      this.#fail(error.message, name && h("button.btn.small", { onclick: () => this.#download(name) }, `Download ${name}`));
    }
    await this.does.chosen();
    this.#draw();
  }

  /** Says which detections are shown: `video` as the server described it, `head` of the boxes. */
  show(video, head) {
    this.video = video;
    this.head = head;
    if (video?.refused.length) this.#fail(video.refused[0]);
    this.#draw();
  }

  async precompute(unsafe = false) {
    try {
      const wanted = { video: this.video.id, weights: this.weights, device: this.device.value, force: this.head?.origin !== null, unsafe };
      const { job } = await act("review/precompute", wanted);
      this.job = job;
      this.#fail(null);
    } catch (error) {
      this.#fail(error.message);
    }
  }

  /** Follows the job that makes detections of this video. */
  jobs(jobs) {
    const mine = (job) => job.id === this.job || (job.verb === "precompute" && isActive(job) && job.source === this.video?.path);
    const job = jobs.find(mine) ?? null;
    this.running = job && isActive(job) ? job : null;
    if (job && this.running) this.job = job.id;
    else if (job) {
      this.job = null;
      this.#ended(job);
    }
    this.#draw();
  }

  #ended(job) {
    if (job.state === "done" && job.verb === "fetch_weights") {
      this.taken = null;
      this.input.value = this.download;
      this.choose();
    } else if (job.state === "done") this.does.refresh();
    else if (job.error?.includes(UNSAFE)) {
      this.#fail(job.error, h("button.btn.small", { onclick: () => this.precompute(true) }, "I trust them: load them anyway"));
    } else if (job.error) this.#fail(job.error);
  }

  async #download(name) {
    try {
      const { job, path } = await act("review/fetch-weights", { name });
      this.job = job;
      this.download = path;
      this.#fail(null);
    } catch (error) {
      this.#fail(error.message);
    }
  }

  #draw() {
    const { head } = this;
    const gpu = this.gpu && this.device.value !== "cpu";
    this.where.textContent = gpu ? `Runs on CUDA: ${this.gpu}.` : this.gpu ? "Runs on the CPU." : "Runs on the CPU: there is no CUDA device.";
    if (this.live) this.where.textContent = `Live on ${this.live}.`;
    else if (head?.backend) this.where.textContent = `Made on ${head.backend}.`;
    if (this.running) this.state.textContent = said(this.running);
    else if (head && head.origin !== null) this.state.textContent = `${count(head.boxes)} boxes of ${head.weights}${saturated(head)}`;
    else this.state.textContent = this.weights ? (this.video ? "No detections of these weights yet." : "Choose a video.") : "Choose weights to draw their boxes.";
    this.go.textContent = head && head.origin !== null ? "Again" : "Precompute";
    this.go.hidden = !this.weights || !this.video;
    this.go.disabled = Boolean(this.running);
    this.go.classList.toggle("primary", !this.go.hidden && head?.origin === null && !this.running);
  }

  #fail(sentence, button = null) {
    this.error.hidden = !sentence;
    if (sentence) fill(this.error, icon("warn"), h("span", {}, sentence, button));
  }
}

function saturated(head) {
  return head.saturated_frames ? `; ${count(head.saturated_frames)} frames had more than are kept` : "";
}
