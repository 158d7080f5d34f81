// The Faces group of Video Source: whether faces are read during extraction, by which model, and whose face is looked for.

import { bytes, counted, fill, h, icon, refill } from "./dom.js";
import { framesOf } from "./estimate.js";
import { FacePhotos } from "./face_photos.js";
import { Look, nameOf } from "./face_look.js";
import { read, write } from "./server.js";
import { act, isActive, onJobs } from "./watch.js";

const OWN = "own";
const LICENCE = "The weights come from insightface and are not for commercial use.";

export class FacesForm {
  /**
   * `form` has values and knobs; `control(name)` makes the control of a setting, `changed()` is called after each change.
   * A photo is chosen in three steps: it is named or uploaded, looked at, and where it shows several faces one is picked.
   */
  constructor(form, control, changed) {
    this.form = form;
    this.control = control;
    this.changed = changed;
    this.packs = null;
    this.look = new Look();
    this.found = this.choice = this.download = null;
    this.status = h("div.face-status", { role: "status" });
    this.missing = h("div.face-missing", { role: "status" });
    this.photos = new FacePhotos(this);
    this.cost = h("p.sub.face-cost");
    this.mark = h("span.sub.fold-mark");
    this.element = h("div.faces-form");
    onJobs((jobs) => this.#followDownload(jobs));
  }

  get values() {
    return this.form.values;
  }

  get on() {
    return this.values.faces || this.values.face_filter;
  }

  /** Draws everything anew, after a preset or a reset. */
  build() {
    if (this.drawn !== this.values.face_model) this.custom = null;
    this.#draw();
    if (this.element.checkVisibility()) this.shown();
  }

  /** The group was unfolded: what is on this machine is asked now, not before. */
  async shown() {
    if (!this.on) return;
    try {
      await this.#readPacks();
      this.#lookAtModel();
    } catch (error) {
      this.#say(this.status, error.message);
    }
  }

  /** Puts a sentence of the server beside what it speaks of; false when it speaks of something else. */
  blame(sentence) {
    if (!this.on) return false;
    if (this.values.face_refs.some((text) => sentence.includes(nameOf(text)))) {
      return this.photos.blame(sentence);
    }
    if (!/face.model/.test(sentence)) return false;
    this.#say(this.status, sentence);
    return this.element.querySelector("select");
  }

  /** What the faces cost beside the rest, as far as it is known. */
  describe(facts) {
    this.facts = facts;
    const ms = this.found?.result?.ms;
    if (!this.on || !ms) return fill(this.cost);
    const frames = framesOf(facts, this.values);
    const each = `Looking for faces takes about ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms per frame here, and some more for each face`;
    fill(this.cost, `${each}${frames === null ? "" : `: at least ${seconds((frames * ms) / 1000)} for ${counted(frames, "frame")}`}.`);
  }

  // --- the group

  #draw() {
    this.drawn = this.values.face_model;
    this.mark.textContent = this.on ? "on" : "";
    refill(
      this.element,
      this.control("faces"),
      this.control("face_filter"),
      this.on && [
        this.values.face_filter && this.control("min_face_area"),
        this.#modelChoice(),
        this.missing,
        this.#deviceChoice(),
        this.status,
        this.cost,
        this.control("min_face_confidence"),
        h("div.face-refs", { "data-name": "face_refs" }, h("h4", {}, "Whose face"), this.photos.parts(), h("span.wrong-text")),
      ],
    );
    this.photos.draw();
    this.describe(this.facts);
  }

  /** A setting that decides what is shown has changed; called by the form after every one of its own. */
  follow(name) {
    if (name === "faces" || name === "face_filter") {
      this.#draw();
      this.shown();
    }
    if (name === "min_face_confidence") this.#lookAtModel();
  }

  #modelChoice() {
    const own = this.custom ?? !this.#isPack(this.values.face_model);
    const select = h("select.ctl", { "data-key": "face_model", "aria-label": "Face model" });
    for (const name of this.#packNames()) select.append(h("option", { value: name }, this.#packText(name)));
    select.append(h("option", { value: OWN }, "A folder of my own..."));
    select.value = own ? OWN : this.values.face_model;
    select.addEventListener("change", () => {
      this.custom = select.value === OWN;
      if (this.custom) this.#forgetModel();
      else this.#takeModel(select.value);
      this.#draw();
      if (this.custom) this.element.querySelector('[data-key="face_folder"]').focus();
    });
    const folder = h("input.box.path-box", { type: "text", "data-key": "face_folder", spellcheck: "false", autocomplete: "off", placeholder: "/models/faces", "aria-label": "Folder of ONNX files" });
    folder.value = this.#isPack(this.values.face_model) ? "" : this.values.face_model;
    folder.addEventListener("change", () => this.#takeModel(folder.value.trim() || this.form.knobs.face_model.default));
    return h(
      "div.control",
      { "data-name": "face_model" },
      h("label.stacked", { title: this.form.knobs.face_model.help }, h("span", {}, "Face model"), select),
      own && h("label.stacked", {}, h("span.sub", {}, "Folder with a detector with five points and a recogniser, as .onnx"), folder),
      h("span.wrong-text"),
    );
  }

  #deviceChoice() {
    const knob = this.form.knobs.face_device;
    const names = { auto: "CUDA if it is there", cpu: "CPU", cuda: "CUDA" };
    const select = h("select.ctl", { "data-key": "face_device" }, knob.choices.map((name) => h("option", { value: name }, names[name] ?? name)));
    select.value = this.values.face_device;
    select.addEventListener("change", () => {
      this.values.face_device = select.value;
      this.#lookAtModel();
      this.changed();
    });
    return h("div.control", { "data-name": "face_device" }, h("label.line", { title: knob.help }, h("span.gap", {}, "Runs on"), h("span.face-device", {}, select)), h("span.wrong-text"));
  }

  #takeModel(name) {
    this.values.face_model = name;
    this.#lookAtModel();
    this.changed();
  }

  #packNames() {
    return this.packs?.map((pack) => pack.name) ?? (this.#isPack(this.values.face_model) ? [this.values.face_model] : []);
  }

  #isPack(name) {
    return this.packs ? this.packs.some((pack) => pack.name === name) : !/[\\/]/.test(name);
  }

  #packText(name) {
    const pack = this.packs?.find((one) => one.name === name);
    if (!pack) return name;
    return pack.installed ? `${name}, installed, ${pack.mb} MB` : `${name}, not here, ${pack.mb} MB`;
  }

  async #readPacks() {
    const { packs, most_photo_bytes } = await read("source/faces");
    this.packs = packs;
    this.mostBytes = most_photo_bytes;
    this.#draw();
  }

  // --- the model: is it there, where does it run

  /** Nothing that was said of a model is true of the one that comes; returns the turn of its look. */
  #forgetModel() {
    this.found = null;
    this.describe(this.facts);
    this.#drawMissing(null);
    fill(this.status);
    return this.look.begin();
  }

  async #lookAtModel() {
    const key = JSON.stringify(this.model());
    if (this.on && this.found?.key === key) return;
    const turn = this.#forgetModel();
    if (!this.on || !this.packs || (this.custom && this.#isPack(this.values.face_model))) return;
    const pack = this.packs.find((one) => one.name === this.values.face_model);
    if (pack && !pack.installed) return this.#drawMissing(pack);
    fill(this.status, h("p.sub", {}, "Opening the model..."));
    try {
      const { look } = await write("source/faces/model", this.model());
      const result = await this.look.wait(look, turn);
      if (!this.look.isNewest(turn)) return;
      this.found = { key, result };
      fill(this.status, h("p.sub.face-runs", {}, icon("check"), `Runs on the ${result.provider}.`), result.notice && h("p.error", {}, icon("warn"), h("span", {}, result.notice)));
      this.describe(this.facts);
    } catch (error) {
      if (this.look.isNewest(turn)) this.#say(this.status, error.message);
    }
  }

  /** What the server needs to open the model. */
  model() {
    const { face_model, face_device, min_face_confidence } = this.values;
    return { face_model, face_device, min_face_confidence };
  }

  #drawMissing(pack) {
    if (!pack) return fill(this.missing);
    const busy = this.download?.name === pack.name && this.download.job && isActive(this.download.job);
    const job = this.download?.job;
    const go = h("button.btn.small", { "data-key": "face_pack", disabled: busy, onclick: () => this.#fetch(pack) }, icon("out"), `Download ${pack.name}`);
    refill(
      this.missing,
      h("p.sub", {}, "This model is not on this machine. Download it, or put its .onnx files into ", h("span.where", {}, pack.folder)),
      h("div.line", {}, go, busy && h("span.sub.num", {}, job.state === "queued" ? "waiting" : `${bytes(job.done)}${job.total ? ` of ${bytes(job.total)}` : ""}`)),
      h("p.sub", {}, LICENCE),
      this.download?.name === pack.name && this.download.error && h("p.error", { role: "alert" }, icon("warn"), h("span", {}, this.download.error)),
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
    this.#redrawMissing();
  }

  #redrawMissing() {
    const pack = this.packs?.find((one) => one.name === this.values.face_model && !one.installed);
    this.#drawMissing(this.on && !this.custom && pack ? pack : null);
  }

  async #followDownload(jobs) {
    const job = jobs.find((one) => one.id === this.download?.id) ?? (this.download ? null : jobs.find((one) => one.verb === "face_pack" && isActive(one)));
    if (!job) return;
    this.download ??= { id: job.id, name: job.title.replace(/^Download /, "") };
    if (this.download.job?.version === job.version) return;
    const ended = !isActive(job) && !(this.download.job && !isActive(this.download.job));
    Object.assign(this.download, { job, error: job.error });
    this.#redrawMissing();
    if (ended && job.state === "done") await this.shown();
  }

  /** What a look at a photo found out about the model, where nothing is said of it yet. */
  notice(sentence) {
    if (!this.found) this.#say(this.status, sentence);
  }

  #say(place, sentence) {
    fill(place, h("p.error", { role: "alert" }, icon("warn"), h("span", {}, sentence)));
  }
}

const seconds = (amount) => (amount < 90 ? `${Math.ceil(amount)} s` : `${Math.ceil(amount / 60)} min`);
