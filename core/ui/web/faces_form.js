// The Faces group of Video Source: whether faces are read during extraction, by which model, and whose face is looked for.

import { bytes, counted, fill, h, icon, refill } from "./dom.js";
import { framesOf } from "./estimate.js";
import { address, read, Refused, write } from "./server.js";
import { act, isActive, onJobs } from "./watch.js";

const POLL_MS = 150;
const PICTURES = "framesieve.face.pictures";
const MOST_PICTURES = 24;
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
    this.turns = { model: 0, photo: 0 };
    this.looks = {};
    this.found = this.choice = this.download = null;
    this.status = h("div.face-status", { role: "status" });
    this.missing = h("div.face-missing", { role: "status" });
    this.photoError = h("p.error", { role: "alert", hidden: true });
    this.photos = h("ul.face-photos", { "aria-label": "Reference photos" });
    this.picker = h("div.face-picker", { hidden: true });
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
      this.#wrongPhoto(sentence);
      return this.path;
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
    const typed = this.path?.value ?? "";
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
        h("div.face-refs", { "data-name": "face_refs" }, h("h4", {}, "Whose face"), this.#photoParts(), h("span.wrong-text")),
      ],
    );
    if (this.path) this.path.value = typed;
    this.#drawPhotos();
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
      if (!this.custom) this.#takeModel(select.value);
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

  async #lookAtModel() {
    const key = JSON.stringify(this.#model());
    if (this.on && this.found?.key === key) return;
    const turn = ++this.turns.model;
    this.#drop("model");
    this.found = null;
    this.describe(this.facts);
    if (!this.on || !this.packs) return;
    const pack = this.packs.find((one) => one.name === this.values.face_model);
    this.#drawMissing(pack && !pack.installed ? pack : null);
    if (pack && !pack.installed) return fill(this.status);
    fill(this.status, h("p.sub", {}, "Opening the model..."));
    try {
      const { look } = await write("source/faces/model", this.#model());
      const result = await this.#wait("model", look, turn);
      if (turn !== this.turns.model) return;
      this.found = { key, result };
      fill(this.status, h("p.sub.face-runs", {}, icon("check"), `Runs on the ${result.provider}.`), result.notice && h("p.error", {}, icon("warn"), h("span", {}, result.notice)));
      this.describe(this.facts);
    } catch (error) {
      if (turn === this.turns.model) this.#say(this.status, error.message);
    }
  }

  #model() {
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
    this.#drawMissing(this.on && pack ? pack : null);
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

  // --- photos

  #photoParts() {
    this.path = h("input.box.path-box", { type: "text", "data-key": "face_photo", spellcheck: "false", autocomplete: "off", placeholder: "/photos/anna.jpg", "aria-label": "Path of a photo" });
    this.path.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#lookAtPhoto(this.path.value);
    });
    this.file = h("input", { type: "file", accept: "image/*", hidden: true, "aria-label": "Photo file", onchange: () => this.#upload(this.file.files[0]) });
    return [
      h("p.sub", {}, "Photos of the person. Each frame then gets its distance to them, to be filtered by later."),
      this.photos,
      this.picker,
      h("div.line", {}, this.path, h("button.btn", { "data-key": "face_upload", onclick: () => this.file.click() }, "Add photo..."), this.file),
      this.photoError,
    ];
  }

  async #upload(file) {
    this.file.value = "";
    if (!file) return;
    if (file.size > this.mostBytes) return this.#wrongPhoto(`${file.name} is larger than ${bytes(this.mostBytes)}, the limit for photos; name its path instead.`);
    this.#wrongPhoto(null);
    const turn = ++this.turns.photo;
    this.#busy(`Uploading ${file.name}...`);
    try {
      const response = await fetch(address(`source/faces/upload?name=${encodeURIComponent(file.name)}`), { method: "POST", body: file });
      const answer = await response.json().catch(() => ({}));
      if (!response.ok) throw new Refused(response.status, answer);
      if (turn === this.turns.photo) await this.#lookAtPhoto(answer.photo);
    } catch (error) {
      if (turn === this.turns.photo) this.#wrongPhoto(error.message);
    }
  }

  /** Finds the faces of a photo: one is taken, of several one is picked, none is said. */
  async #lookAtPhoto(text) {
    if (!text.trim()) return;
    this.#wrongPhoto(null);
    this.#drop("photo");
    const turn = ++this.turns.photo;
    this.#busy("Looking for faces...");
    try {
      const { look, photo, face } = await write("source/faces/photo", { photo: text, ...this.#model() });
      const { faces, notice } = await this.#wait("photo", look, turn);
      if (turn !== this.turns.photo) return;
      this.#noPicker();
      if (notice && !this.found) this.#say(this.status, notice);
      if (!faces.length) throw new Error(`No face was found on ${baseOf(photo)}; take a photo on which the face is larger and turned to the camera.`);
      if (face !== null && !faces[face - 1]) throw new Error(`${baseOf(photo)} shows ${faces.length === 1 ? "1 face" : `${faces.length} faces`}, so there is no face ${face}; they are counted from 1, from the left.`);
      if (face !== null || faces.length === 1) this.#add(photo, faces[(face ?? 1) - 1]);
      else this.#pick(photo, faces);
    } catch (error) {
      if (turn === this.turns.photo) this.#wrongPhoto(error.message);
    }
  }

  #pick(photo, faces) {
    let chosen = faces[0];
    const lines = faces.map((face) => {
      const radio = h("input", { type: "radio", name: "fs-face", value: face.face, "aria-label": `Face ${face.face} of ${faces.length}, from the left`, onchange: () => (chosen = face) });
      radio.checked = face === chosen;
      return h("label.face-crop", {}, radio, h("img", { src: face.picture, alt: "" }), h("span.num", {}, face.face));
    });
    const take = () => {
      this.#noPicker();
      this.#add(photo, chosen);
    };
    fill(
      this.picker,
      h("p", {}, `${baseOf(photo)} shows ${faces.length} faces. Which one?`),
      h("div.face-crops", { role: "radiogroup", "aria-label": "Faces of the photo, from the left" }, lines),
      h("div.line", {}, h("button.btn.primary.small", { onclick: take }, "Use this face"), h("button.btn.small", { onclick: () => (this.#noPicker(), this.path.focus()) }, "Cancel")),
    );
    this.picker.onkeydown = (event) => {
      if (event.key === "Enter" && event.target.type === "radio" && !event.ctrlKey) take();
      else if (event.key === "Escape") (this.#noPicker(), this.path.focus());
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    this.picker.hidden = false;
    this.picker.querySelector("input").focus();
    this.picker.scrollIntoView({ block: "nearest" });
  }

  #add(photo, face) {
    const text = `${photo}#${face.face}`;
    keepPicture(text, face.picture);
    if (!this.values.face_refs.includes(text)) this.values.face_refs = [...this.values.face_refs, text];
    this.path.value = "";
    this.#drawPhotos();
    this.path.focus();
    this.changed();
  }

  #remove(text) {
    const at = this.values.face_refs.indexOf(text);
    this.values.face_refs = this.values.face_refs.filter((one) => one !== text);
    this.#wrongPhoto(null);
    this.#drawPhotos();
    (this.photos.querySelectorAll("button")[Math.min(at, this.values.face_refs.length - 1)] ?? this.path)?.focus();
    this.changed();
  }

  #drawPhotos() {
    const pictures = knownPictures();
    fill(
      this.photos,
      this.values.face_refs.map((text) =>
        h(
          "li",
          { title: text },
          pictures[text] ? h("img", { src: pictures[text], alt: "" }) : h("span.holder", { "aria-hidden": "true" }),
          h("span.gap.name", {}, labelOf(text)),
          h("button.ibtn.small", { "aria-label": `Remove ${labelOf(text)}`, onclick: () => this.#remove(text) }, icon("x")),
        ),
      ),
    );
    this.photos.hidden = this.values.face_refs.length === 0;
  }

  #busy(text) {
    fill(this.picker, h("p.sub", { role: "status" }, text));
    this.picker.hidden = false;
  }

  #noPicker() {
    this.picker.hidden = true;
    this.picker.onkeydown = null;
    fill(this.picker);
  }

  #wrongPhoto(sentence) {
    this.#noPicker();
    this.photoError.hidden = !sentence;
    if (sentence) fill(this.photoError, icon("warn"), h("span", {}, sentence));
  }

  #say(place, sentence) {
    fill(place, h("p.error", { role: "alert" }, icon("warn"), h("span", {}, sentence)));
  }

  // --- looks

  /** Waits for the end of a look and returns its result; one that was overtaken never ends for anybody. */
  async #wait(what, look, turn) {
    this.looks[what] = look;
    for (;;) {
      const state = await read(`source/faces/looks/${look}`);
      if (turn !== this.turns[what]) return {};
      if (state.state === "done") return state.result;
      if (!isActive(state)) throw new Error(state.error ?? "this was broken off; try again.");
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }

  #drop(what) {
    const look = this.looks[what];
    delete this.looks[what];
    if (look) write(`source/faces/looks/${look}/cancel`, {}).catch(() => null);
  }
}

const nameOf = (text) => text.replace(/#\d{1,3}$/, "");
const baseOf = (path) => path.split(/[\\/]/).pop();
const seconds = (amount) => (amount < 90 ? `${Math.ceil(amount)} s` : `${Math.ceil(amount / 60)} min`);

/** /photos/team.jpg#2 -> "team.jpg, face 2" */
function labelOf(text) {
  const number = /#(\d{1,3})$/.exec(text);
  return `${baseOf(nameOf(text))}${number ? `, face ${number[1]}` : ""}`;
}

function knownPictures() {
  try {
    return JSON.parse(localStorage.getItem(PICTURES)) ?? {};
  } catch {
    return {};
  }
}

/** The crops of the photos that were chosen last stay in the browser: a reload needs no model. */
function keepPicture(text, picture) {
  const { [text]: _, ...others } = knownPictures();
  const newest = [...Object.entries(others), [text, picture]].slice(-MOST_PICTURES);
  try {
    localStorage.setItem(PICTURES, JSON.stringify(Object.fromEntries(newest)));
  } catch {
    // no room: the name alone is shown
  }
}
