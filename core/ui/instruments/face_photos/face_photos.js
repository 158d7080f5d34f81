// Whose face is looked for: a photo is named or uploaded, looked at, and where it shows several faces one is picked.

import { bytes, counted, fill, h, icon } from "../dom.js";
import { Look, baseOf, nameOf } from "../face_look.js";
import { address, Refused, write } from "../server.js";

const PICTURES = "framesieve.face.pictures";
const MOST_PICTURES = 24;

/** @param {Given} given */
export function mount({ element, props, watch, trigger }) {
  const photos = new FacePhotos(props, trigger);
  fill(element, photos.parts());
  photos.draw();
  watch("value", () => photos.draw());
  return photos;
}

class FacePhotos {
  /** `props.value`: the photos that are chosen, "/photos/team.jpg#2". */
  constructor(props, trigger) {
    this.props = props;
    this.trigger = trigger;
    this.chosen = {};
    this.look = new Look();
    this.error = h("p.error", { role: "alert", hidden: true });
    this.list = h("ul.face-photos", { "aria-label": "Reference photos" });
    this.picker = h("div.face-picker", { hidden: true });
    this.take = null;
    this.picker.addEventListener("keydown", (event) => this.#pickerKey(event));
  }

  /** By which model faces are found. */
  model(model, device, confidence) {
    this.chosen = { face_model: model, face_device: device, min_face_confidence: confidence ?? 0.5 };
  }

  /** Shows the sentence of an error that speaks of the photos. */
  answered(answer) {
    if (answer?.field !== "face_refs" || !answer.error) return;
    this.#wrongPhoto(answer.error);
    this.path.focus();
  }

  get refs() {
    return this.props.value ?? [];
  }

  #put(refs) {
    this.props.value = refs;
    this.draw();
    this.trigger("changed");
  }

  /** The nodes of the part. */
  parts() {
    this.path = h("input.box.path-box", {
      type: "text",
      "data-key": "face_photo",
      spellcheck: "false",
      autocomplete: "off",
      placeholder: "/photos/anna.jpg",
      "aria-label": "Path of a photo",
    });
    this.path.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.#lookAtPhoto(this.path.value);
    });
    this.file = h("input", {
      type: "file",
      accept: "image/*",
      hidden: true,
      "aria-label": "Photo file",
      onchange: () => this.#upload(this.file.files[0]),
    });
    return [
      h("h4", {}, "Whose face"),
      h("p.sub", {}, "Photos of the person. Each frame then gets its distance to them, to be filtered by later."),
      this.list,
      this.picker,
      h(
        "div.line",
        {},
        this.path,
        h("button.btn", { "data-key": "face_upload", onclick: () => this.file.click() }, "Add photo..."),
        this.file,
      ),
      this.error,
    ];
  }

  async #upload(file) {
    this.file.value = "";
    if (!file) return;
    const most = this.props.most_bytes;
    if (file.size > most)
      return this.#wrongPhoto(
        `${file.name} is larger than ${bytes(most)}, the limit for photos; name its path instead.`,
      );
    this.#wrongPhoto(null);
    const turn = this.look.begin();
    this.#busy(`Uploading ${file.name}...`);
    try {
      const response = await fetch(address(`source/faces/upload?name=${encodeURIComponent(file.name)}`), {
        method: "POST",
        body: file,
      });
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
      const { look, photo, face } = await write("source/faces/photo", { photo: text, ...this.chosen });
      const { faces, notice, why } = await this.look.wait(look, turn);
      if (!this.look.isNewest(turn)) return;
      this.#noPicker();
      if (notice) this.#wrongPhoto(notice);
      if (!faces.length) throw new Error(`No face was found on ${baseOf(photo)}: ${why}.`);
      if (face !== null && !faces[face - 1]) {
        const there = `${baseOf(photo)} shows ${counted(faces.length, "face")}, so there is no face ${face}`;
        throw new Error(`${there}; they are counted from 1, from the left.`);
      }
      if (face !== null || faces.length === 1) this.#add(photo, faces[(face ?? 1) - 1]);
      else this.#pick(photo, faces);
    } catch (error) {
      if (this.look.isNewest(turn)) this.#wrongPhoto(error.message);
    }
  }

  #pick(photo, faces) {
    let chosen = faces[0];
    const lines = faces.map((face) => {
      const radio = h("input", {
        type: "radio",
        name: "fs-face",
        value: face.face,
        "aria-label": `Face ${face.face} of ${faces.length}, from the left`,
        onchange: () => (chosen = face),
      });
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
      h(
        "div.line",
        {},
        h("button.btn.primary.small", { onclick: () => this.take() }, "Use this face"),
        h("button.btn.small", { onclick: () => this.#cancel() }, "Cancel"),
      ),
    );
    this.picker.hidden = false;
    this.picker.querySelector("input").focus();
    this.picker.scrollIntoView({ block: "nearest" });
  }

  #cancel() {
    this.#noPicker();
    this.path.focus();
  }

  #pickerKey(event) {
    if (!this.take) return;
    if (event.key === "Enter" && event.target.type === "radio" && !event.ctrlKey) this.take();
    else if (event.key === "Escape") this.#cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #add(photo, face) {
    const text = `${photo}#${face.face}`;
    keepPicture(text, face.picture);
    this.path.value = "";
    this.#put(this.refs.includes(text) ? this.refs : [...this.refs, text]);
    this.path.focus();
  }

  #remove(text) {
    const at = this.refs.indexOf(text);
    this.#wrongPhoto(null);
    this.#put(this.refs.filter((one) => one !== text));
    (this.list.querySelectorAll("button")[Math.min(at, this.refs.length - 1)] ?? this.path)?.focus();
  }

  draw() {
    const pictures = knownPictures();
    fill(
      this.list,
      this.refs.map((text) =>
        h(
          "li",
          { title: text },
          pictures[text] ? h("img", { src: pictures[text], alt: "" }) : h("span.holder", { "aria-hidden": "true" }),
          h("span.gap.name", {}, labelOf(text)),
          h(
            "button.ibtn.small",
            { "aria-label": `Remove ${labelOf(text)}`, onclick: () => this.#remove(text) },
            icon("x"),
          ),
        ),
      ),
    );
    this.list.hidden = this.refs.length === 0;
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
  return `${baseOf(nameOf(text))}${number ? `, face ${number[1]} from the left` : ""}`;
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
