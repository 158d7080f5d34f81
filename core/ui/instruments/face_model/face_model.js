// What is known of the face model that is chosen: whether it is on this machine, where it runs, what it costs; and its
// download, which begins only on a person's word.

import { bytes, counted, fill, h, icon, refill, released } from "../dom.js";
import { Look } from "../face_look.js";
import { read, write } from "../server.js";
import { act, isActive, onJobs } from "../watch.js";

const LICENCE = "The weights come from insightface and are not for commercial use.";

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new FaceModel(element, trigger);
}

class FaceModel {
  constructor(element, trigger) {
    this.element = element;
    this.trigger = trigger;
    this.packs = null;
    this.look = new Look();
    this.on = false;
    this.fits = this.opening = null;
    this.isHeld = false;
    this.frames = this.found = this.download = null;
    this.status = h("div.face-status", { role: "status" });
    this.missing = h("div.face-missing", { role: "status" });
    this.cost = h("p.sub.face-cost");
    fill(element, this.missing, this.status, this.cost);
    onJobs((jobs) => this.#followDownload(jobs));
  }

  /** What is chosen now: whether faces are read at all, by which model, where, and from which confidence on. */
  async show(faces, filter, model, device, confidence) {
    await released();
    this.on = faces || filter;
    this.hold(false);
    this.chosen = { face_model: model ?? "", face_device: device, min_face_confidence: confidence ?? 0.5 };
    if (!this.on) return;
    try {
      if (!this.packs) await this.#readPacks();
      await this.#open();
    } catch (error) {
      this.#say(error.message);
    }
  }

  /** Looks at a model that is about to be used. */
  async judge(model) {
    await this.show(true, false, model);
    this.looked = [model, this.chosen.face_model === model ? this.fits : false];
    this.trigger("looked");
  }

  /** [model, whether it fits] as `judge` found it. */
  finding() {
    return this.looked;
  }

  /** [whether the model can read faces], null while that is not known. */
  verdict() {
    return [this.isHeld ? null : this.fits];
  }

  /** Another model is perhaps being named: nothing is known of it until `show`. */
  hold(on = true) {
    if (on === this.isHeld) return;
    this.isHeld = on;
    this.trigger("judged");
  }

  #judged(fits) {
    if (fits === this.fits) return;
    this.fits = fits;
    this.trigger("judged");
  }

  /** How many frames will be read, null while that is not known. */
  describe(frames) {
    this.frames = frames;
    this.#describe();
  }

  /** The models to choose from, for a drop-down. */
  choices() {
    const text = ({ name, installed, mb }) => `${name}, ${installed ? "installed" : "not here"}, ${mb} MB`;
    return { __type__: "update", choices: (this.packs ?? []).map((pack) => [text(pack), pack.name]) };
  }

  /** Shows the sentence of an error that speaks of the model. */
  answered(answer) {
    if (answer?.field !== "face_model" || !answer.error) return;
    this.#say(answer.error);
    this.#judged(false);
  }

  #describe() {
    const ms = this.found?.result?.ms;
    if (!this.on || !ms) return fill(this.cost);
    const each = `Looking for faces takes about ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms per frame here, `;
    const all =
      this.frames === null
        ? ""
        : `: at least ${spoken((this.frames * ms) / 1000)} for ${counted(this.frames, "frame")}`;
    return fill(this.cost, `${each}and some more for each face${all}.`);
  }

  async #readPacks() {
    const { packs } = await read("source/faces");
    this.packs = packs;
    this.trigger("packs");
  }

  #open() {
    const key = JSON.stringify(this.chosen);
    if (this.key !== key) this.opening = this.#look();
    this.key = key;
    return this.opening;
  }

  async #look() {
    this.found = null;
    this.#judged(null);
    this.#describe();
    this.#drawMissing();
    fill(this.status);
    const turn = this.look.begin();
    const pack = this.packs.find((one) => one.name === this.chosen.face_model);
    if (!this.chosen.face_model || (pack && !pack.installed)) return this.#judged(false);
    fill(this.status, h("p.sub", {}, "Opening the model..."));
    try {
      const { look } = await write("source/faces/model", this.chosen);
      const result = await this.look.wait(look, turn);
      if (!this.look.isNewest(turn)) return;
      this.found = { result };
      const notice = result.notice && h("p.error", {}, icon("warn"), h("span", {}, result.notice));
      fill(this.status, h("p.sub.face-runs", {}, icon("check"), `Runs on the ${result.provider}.`), notice);
      this.#describe();
      return this.#judged(true);
    } catch (error) {
      if (!this.look.isNewest(turn)) return undefined;
      this.#say(error.message);
      return this.#judged(false);
    }
  }

  #drawMissing() {
    const pack = this.packs?.find((one) => one.name === this.chosen.face_model && !one.installed);
    if (!this.on || !pack) return fill(this.missing);
    const mine = this.download?.name === pack.name ? this.download : null;
    const busy = mine?.job && isActive(mine.job);
    const go = h(
      "button.btn.small",
      { "data-key": "face_pack", disabled: busy, onclick: () => this.#fetch(pack) },
      icon("out"),
      `Download ${pack.name}`,
    );
    const done =
      busy &&
      (mine.job.state === "queued"
        ? "waiting"
        : `${bytes(mine.job.done)}${mine.job.total ? ` of ${bytes(mine.job.total)}` : ""}`);
    return refill(
      this.missing,
      h(
        "p.sub",
        {},
        "This model is not on this machine. Download it, or put its .onnx files into ",
        h("span.where", {}, pack.folder),
      ),
      h("div.line", {}, go, busy && h("span.sub.num", {}, done)),
      h("p.sub", {}, LICENCE),
      mine?.error && h("p.error", { role: "alert" }, icon("warn"), h("span", {}, mine.error)),
    );
  }

  async #fetch(pack) {
    this.download = { name: pack.name };
    try {
      const { job } = await act("source/faces/pack", { name: pack.name });
      this.download.id = job;
    } catch (error) {
      this.download.error = error.message;
    }
    this.#drawMissing();
  }

  async #followDownload(jobs) {
    const job =
      jobs.find((one) => one.id === this.download?.id) ??
      (this.download ? null : jobs.find((one) => one.verb === "face_pack" && isActive(one)));
    if (!job) return;
    this.download ??= { id: job.id, name: job.name };
    if (this.download.job?.version === job.version) return;
    const ended = !isActive(job) && !(this.download.job && !isActive(this.download.job));
    Object.assign(this.download, { job, error: job.error });
    if (this.packs) this.#drawMissing();
    if (!ended || job.state !== "done") return;
    this.key = null;
    await this.#readPacks();
    if (this.on) await this.#open();
  }

  #say(text) {
    fill(this.status, h("p.error", { role: "alert" }, icon("warn"), h("span", {}, text)));
  }
}

const spoken = (amount) => (amount < 90 ? `${Math.ceil(amount)} s` : `${Math.ceil(amount / 60)} min`);
