// Whose face is looked for: a photo is named or uploaded, looked at, and where it shows several faces one is picked.

import { bytes, fill, h, icon } from "./dom.js";
import { Look, baseOf, nameOf } from "./face_look.js";
import { address, Refused, write } from "./server.js";

const PICTURES = "framesieve.face.pictures";
const MOST_PICTURES = 24;

export class FacePhotos {
  /** `group`: the FacesForm, with values, model(), mostBytes, changed() and notice(sentence). */
  constructor(group) {
    this.group = group;
    this.look = new Look();
    this.error = h("p.error", { role: "alert", hidden: true });
    this.list = h("ul.face-photos", { "aria-label": "Reference photos" });
    this.picker = h("div.face-picker", { hidden: true });
    this.take = null;
    this.picker.addEventListener("keydown", (event) => this.#pickerKey(event));
  }

  /** Says what is wrong with a photo, and returns where to mend it. */
  blame(sentence) {
    this.#wrongPhoto(sentence);
    return this.path;
  }

  /** The nodes of the part; what was typed into the path stays. */
  parts() {
    const typed = this.path?.value ?? "";
    this.path = h("input.box.path-box", { type: "text", "data-key": "face_photo", spellcheck: "false", autocomplete: "off", placeholder: "/photos/anna.jpg", "aria-label": "Path of a photo" });
    this.path.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#lookAtPhoto(this.path.value);
    });
    this.path.value = typed;
    this.file = h("input", { type: "file", accept: "image/*", hidden: true, "aria-label": "Photo file", onchange: () => this.#upload(this.file.files[0]) });
    return [
      h("p.sub", {}, "Photos of the person. Each frame then gets its distance to them, to be filtered by later."),
      this.list,
      this.picker,
      h("div.line", {}, this.path, h("button.btn", { "data-key": "face_upload", onclick: () => this.file.click() }, "Add photo..."), this.file),
      this.error,
    ];
  }

  async #upload(file) {
    this.file.value = "";
    if (!file) return;
    if (file.size > this.group.mostBytes) return this.#wrongPhoto(`${file.name} is larger than ${bytes(this.group.mostBytes)}, the limit for photos; name its path instead.`);
    this.#wrongPhoto(null);
    const turn = this.look.begin();
    this.#busy(`Uploading ${file.name}...`);
    try {
      const response = await fetch(address(`source/faces/upload?name=${encodeURIComponent(file.name)}`), { method: "POST", body: file });
      const answer = await response.json().catch(() => ({}));
      if (!response.ok) throw new Refused(response.status, answer);
      if (this.look.isNewest(turn)) await this.#lookAtPhoto(answer.photo);
    } catch (error) {
      if (this.look.isNewest(turn)) this.#wrongPhoto(error.message);
    }
  }

  /** Finds the faces of a photo: one is taken, of several one is picked, none is said. */
  async #lookAtPhoto(text) {
    if (!text.trim()) return;
    this.#wrongPhoto(null);
    const turn = this.look.begin();
    this.#busy("Looking for faces...");
    try {
      const { look, photo, face } = await write("source/faces/photo", { photo: text, ...this.group.model() });
      const { faces, notice, why } = await this.look.wait(look, turn);
      if (!this.look.isNewest(turn)) return;
      this.#noPicker();
      if (notice) this.group.notice(notice);
      if (!faces.length) throw new Error(`No face was found on ${baseOf(photo)}: ${why}.`);
      if (face !== null && !faces[face - 1]) throw new Error(`${baseOf(photo)} shows ${faces.length === 1 ? "1 face" : `${faces.length} faces`}, so there is no face ${face}; they are counted from 1, from the left.`);
      if (face !== null || faces.length === 1) this.#add(photo, faces[(face ?? 1) - 1]);
      else this.#pick(photo, faces);
    } catch (error) {
      if (this.look.isNewest(turn)) this.#wrongPhoto(error.message);
    }
  }

  #pick(photo, faces) {
    let chosen = faces[0];
    const lines = faces.map((face) => {
      const radio = h("input", { type: "radio", name: "fs-face", value: face.face, "aria-label": `Face ${face.face} of ${faces.length}, from the left`, onchange: () => (chosen = face) });
      radio.checked = face === chosen;
      return h("label.face-crop", {}, radio, h("img", { src: face.picture, alt: "" }), h("span.num", {}, face.face));
    });
    this.take = () => {
      this.#noPicker();
      this.#add(photo, chosen);
    };
    fill(
      this.picker,
      h("p", {}, `${baseOf(photo)} shows ${faces.length} faces. Which one?`),
      h("div.face-crops", { role: "radiogroup", "aria-label": "Faces of the photo, from the left" }, lines),
      h("div.line", {}, h("button.btn.primary.small", { onclick: () => this.take() }, "Use this face"), h("button.btn.small", { onclick: () => (this.#noPicker(), this.path.focus()) }, "Cancel")),
    );
    this.picker.hidden = false;
    this.picker.querySelector("input").focus();
    this.picker.scrollIntoView({ block: "nearest" });
  }

  #pickerKey(event) {
    if (!this.take) return;
    if (event.key === "Enter" && event.target.type === "radio" && !event.ctrlKey) this.take();
    else if (event.key === "Escape") (this.#noPicker(), this.path.focus());
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #add(photo, face) {
    const text = `${photo}#${face.face}`;
    keepPicture(text, face.picture);
    if (!this.group.values.face_refs.includes(text)) this.group.values.face_refs = [...this.group.values.face_refs, text];
    this.path.value = "";
    this.draw();
    this.path.focus();
    this.group.changed();
  }

  #remove(text) {
    const at = this.group.values.face_refs.indexOf(text);
    this.group.values.face_refs = this.group.values.face_refs.filter((one) => one !== text);
    this.#wrongPhoto(null);
    this.draw();
    (this.list.querySelectorAll("button")[Math.min(at, this.group.values.face_refs.length - 1)] ?? this.path)?.focus();
    this.group.changed();
  }

  draw() {
    const pictures = knownPictures();
    fill(
      this.list,
      this.group.values.face_refs.map((text) =>
        h(
          "li",
          { title: text },
          pictures[text] ? h("img", { src: pictures[text], alt: "" }) : h("span.holder", { "aria-hidden": "true" }),
          h("span.gap.name", {}, labelOf(text)),
          h("button.ibtn.small", { "aria-label": `Remove ${labelOf(text)}`, onclick: () => this.#remove(text) }, icon("x")),
        ),
      ),
    );
    this.list.hidden = this.group.values.face_refs.length === 0;
  }

  #busy(text) {
    fill(this.picker, h("p.sub", { role: "status" }, text));
    this.picker.hidden = false;
  }

  #noPicker() {
    this.picker.hidden = true;
    this.take = null;
    fill(this.picker);
  }

  #wrongPhoto(sentence) {
    this.#noPicker();
    this.error.hidden = !sentence;
    if (sentence) fill(this.error, icon("warn"), h("span", {}, sentence));
  }
}

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
