// The weights, where they run, and the detections that were made with them.

import { count, fill, h, icon } from "./dom.js";
import { said } from "./jobs.js";
import { write } from "./server.js";
import { act, isActive } from "./watch.js";

const WEIGHTS = "framesieve.review.weights";
const LIVE = "framesieve.review.live";
const EXACT = "framesieve.review.exact";
const DEVICES = { auto: "Automatic", cpu: "CPU", cuda: "CUDA" };
const UNSAFE = "allow it if you trust";

export class ModelPanel {
  /** `about`: of the server; `chosen()` after other weights were chosen; `refresh()` when their detections are there. */
  constructor(about, does) {
    this.does = does;
    this.gpu = about.gpu;
    this.mayTrust = about.unsafe_weights;
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
    this.liveBox = h("input", { type: "checkbox" });
    this.exactBox = h("input", { type: "checkbox" });
    this.liveBox.checked = localStorage.getItem(LIVE) !== "no";
    this.exactBox.checked = localStorage.getItem(EXACT) === "yes";
    for (const box of [this.liveBox, this.exactBox]) {
      box.addEventListener("change", () => {
        localStorage.setItem(LIVE, this.liveBox.checked ? "yes" : "no");
        localStorage.setItem(EXACT, this.exactBox.checked ? "yes" : "no");
        box.blur();
        (box === this.liveBox ? this.does.live : this.does.exact)();
        this.#draw();
      });
    }
    this.liveLine = h(
      "div.line.live-line",
      {},
      h("label.check", { title: "While there is no cache, boxes are inferred ahead of where the video plays" }, this.liveBox, "Live"),
      h("label.check", { title: "Plays no faster than boxes come, so that each frame has its own" }, this.exactBox, "Exact"),
    );
    this.element = h(
      "section.model",
      {},
      h("div.line", {}, h("h3", {}, "Weights"), h("span.gap"), this.device),
      h("div.line", {}, this.input),
      h("datalist", { id: "fs-weights" }, about.weights.map((path) => h("option", { value: path }))),
      this.error,
      this.where,
      this.liveLine,
      h("div.line.made", {}, this.state, h("span.gap"), this.go),
    );
    this.#draw();
  }

  get wantsLive() {
    return this.liveBox.checked;
  }

  get exact() {
    return this.exactBox.checked;
  }

  /** How live inference goes. */
  inferring(state) {
    this.progress = state;
    this.#draw();
  }

  /** Live inference ended with a sentence. */
  failed(sentence) {
    this.#blame(sentence, () => this.does.live(true));
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
    this.live.stop(false); // the server ends it, and the job goes on from what it found
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
    else if (job.error) this.#blame(job.error, () => this.precompute(true));
    else this.does.live(false);
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

  /** Unsafe weights are loaded when a person says so, in a process of their own. */
  #blame(sentence, trust) {
    const button = h("button.btn.small", { onclick: () => (this.#fail(null), trust()) }, "I trust them: load them anyway");
    this.#fail(sentence, this.mayTrust && sentence.includes(UNSAFE) && button);
  }

  #draw() {
    const { head } = this;
    const live = this.live?.on ? this.progress : null;
    const gpu = this.gpu && this.device.value !== "cpu";
    this.where.textContent = gpu ? `Runs on CUDA: ${this.gpu}.` : this.gpu ? "Runs on the CPU." : "Runs on the CPU: there is no CUDA device.";
    if (live?.backend) this.where.textContent = `Live on ${live.backend}.`;
    else if (head?.backend) this.where.textContent = `Made on ${head.backend}.`;
    if (this.running) this.state.textContent = said(this.running);
    else if (this.live?.on) this.state.textContent = live ? saidLive(live) : "starting";
    else if (head && head.origin !== null) this.state.textContent = `${count(head.boxes)} boxes of ${head.weights}${saturated(head)}`;
    else this.state.textContent = this.weights ? (this.video ? "No detections of these weights yet." : "Choose a video.") : "Choose weights to draw their boxes.";
    this.liveLine.hidden = !this.weights || Boolean(head && head.origin !== null);
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

function saidLive(state) {
  if (state.phase !== "inferring" && state.phase !== "resting") return state.phase;
  const every = state.stride > 1 ? `, every ${ordinalOf(state.stride)} frame` : "";
  const known = state.total ? `; ${count(state.done)} of ${count(state.total)} known` : "";
  return `${state.per_second} frames/s${every}${known}${state.note ? `. ${state.note}` : ""}`;
}

const ordinalOf = (number) => `${number}${["th", "st", "nd", "rd"][number % 10 < 4 && ~~(number / 10) !== 1 ? number % 10 : 0]}`;

function saturated(head) {
  return head.saturated_frames ? `; ${count(head.saturated_frames)} frames had more than are kept` : "";
}
