// The weights that are chosen, the boxes that were made with them, and the job that makes them: what stands beside the
// controls of the model, and whether a job can begin.

import { count } from "../dom.js";
import { said } from "../jobs.js";
import { write } from "../server.js";
import { act, isActive } from "../watch.js";
import { offeredWeights, rememberWeights } from "../weights.js";

const UNSAFE = "unsafe_weights";

export class Detections {
  /**
   * @param {{wrong: any, state: any}} lines beside the controls
   * @param {{chosen: () => any, refresh: () => any, live: (unsafe: boolean) => any,
   *   take: (path: string) => any, go: () => void, changed: () => void}} does
   */
  constructor(lines, about, does) {
    this.lines = lines;
    this.does = does;
    this.about = about;
    /** Id that the server gave them, their name, and what was typed. */
    this.weights = this.name = null;
    this.text = "";
    this.video = this.head = this.job = this.running = null;
    /** Path of the video, as jobs name it, or its id. */
    this.source = null;
    /** Why these weights cannot be used; whether a person trusts them all the same. */
    this.broken = null;
    this.trusts = false;
    this.draw();
  }

  async choose(text) {
    if (text === this.text) return;
    this.text = text;
    this.weights = this.name = this.broken = null;
    this.trusts = false;
    this.#blame(null);
    try {
      if (text) {
        const found = await write("review/weights", { text });
        if (this.text !== text) return;
        [this.weights, this.name] = [found.id, found.name];
        rememberWeights(found.path);
      }
    } catch (error) {
      if (this.text !== text) return;
      this.broken = error.message;
      const name = error.answer?.download;
      this.#blame(error.message, name && `Download ${name}`, () => this.#download(name));
    }
    await this.does.chosen();
    this.draw();
  }

  /** Weights to choose from: [name, path], used ones first. */
  offered() {
    return offeredWeights(this.about.weights);
  }

  /** Says which boxes are shown: `video` as the server described it, `head` of the boxes. */
  show(video, head) {
    this.video = video;
    this.head = head;
    if (video?.refused.length) this.#blame(video.refused[0]);
    this.draw();
  }

  /** How live inference goes; null: not at all. */
  inferring(state) {
    this.progress = state;
    this.draw();
  }

  /** Live inference or a job ended with an error; `trust` does it again with weights that may run code. */
  failed(sentence, code, trust = () => this.does.live(true)) {
    this.broken = sentence;
    const may = this.about.unsafe_weights && code === UNSAFE;
    this.#blame(sentence, may && "I trust them: load them anyway", () => {
      this.trusts = true;
      this.broken = null;
      this.#blame(null);
      this.draw();
      trust();
    });
    this.draw();
  }

  /** What the job is to be told. */
  wanted() {
    return { force: Boolean(this.head && this.head.origin !== null), unsafe: this.trusts };
  }

  /** What was started, or an error, which the form shows. */
  started(answer) {
    if (answer?.job) this.job = answer.job;
    else if (answer?.error) this.does.live(false); // it was ended for the job
  }

  /** Follows the job that makes boxes of this video. */
  jobs(jobs) {
    const { source } = this;
    const mine = (job) => job.id === this.job || (job.verb === "precompute" && isActive(job) && job.source === source);
    const job = jobs.find(mine) ?? null;
    this.running = job && isActive(job) ? job : null;
    if (job && this.running) this.job = job.id;
    else if (job) {
      this.job = null;
      this.#ended(job);
    }
    this.draw();
  }

  cancel() {
    if (this.running) act(`jobs/${this.running.id}/cancel`).catch((error) => this.#blame(error.message));
  }

  /** The button beside what is wrong was pressed. */
  mend() {
    this.mends?.();
  }

  /** Why no job can begin, or null. */
  get why() {
    if (this.broken) return "These weights cannot be used; name others.";
    if (!this.weights) return "Name weights, and their boxes are drawn over the video.";
    if (!this.source) return "Choose a video, and its boxes can be computed.";
    return null;
  }

  #ended(job) {
    if (job.state === "done" && job.verb === "fetch_weights") {
      this.text = "";
      this.does.take(this.download);
    } else if (job.state === "done") this.does.refresh();
    else if (job.error) this.failed(job.error, job.error_code, () => this.does.go());
    else this.does.live(false);
  }

  async #download(name) {
    try {
      const { job, path } = await act("review/fetch-weights", { name });
      this.job = job;
      this.download = path;
      this.#blame(null);
    } catch (error) {
      this.#blame(error.message);
    }
  }

  #blame(sentence, button = null, mends = null) {
    this.mends = mends;
    this.lines.wrong.blame(sentence ?? "", button || null);
  }

  draw() {
    this.lines.state.say(this.#state());
    this.does.changed();
  }

  #state() {
    const { head, running, progress } = this;
    if (running) return `${running.verb === "fetch_weights" ? "Download" : "Computing boxes"}: ${said(running)}`;
    if (this.broken) return this.why;
    if (progress) return saidLive(progress);
    const masks = /-seg\b/.test(this.name ?? "") ? " Of segmentation, boxes are drawn, no masks." : "";
    if (head && head.origin !== null) {
      const where = head.backend ? `, made on ${head.backend}` : "";
      const again = this.weights ? "" : " Name weights to compute boxes of others.";
      return `${count(head.boxes)} boxes of ${head.weights}${where}${saturated(head)}.${masks}${again}`;
    }
    if (this.why) return this.why;
    const cpu = this.about.gpu ? "" : " The model runs on the CPU: there is no CUDA device.";
    return `No boxes of these weights are computed yet.${cpu}${masks}`;
  }
}

function saidLive(state) {
  if (!state.per_second) return `Finding boxes: ${state.phase}`; // nothing is inferred yet
  const every = state.stride > 1 ? `, of every ${ordinalOf(state.stride)} frame` : "";
  const known = state.total ? `; ${count(state.done)} of ${count(state.total)} known` : "";
  const where = state.backend ? ` on ${state.backend}` : "";
  return `Finding boxes${where}: ${state.per_second} frames/s${every}${known}${state.note ? `. ${state.note}` : ""}`;
}

function ordinalOf(number) {
  const teen = Math.floor(number / 10) % 10 === 1;
  return `${number}${["th", "st", "nd", "rd"][!teen && number % 10 < 4 ? number % 10 : 0]}`;
}

function saturated(head) {
  return head.saturated_frames ? `; ${count(head.saturated_frames)} frames had more than are kept` : "";
}
