// Boxes around the faces of the enlarged frame, and the same in words beside it. Lines differ, not colours alone: solid is
// the one who is looked for (or, while nobody is, a known person), dashed somebody else, dotted a single face.

import { fill, h } from "./dom.js";
import { aboutFace } from "./people.js";
import { read } from "./server.js";

const SHOWN = "framesieve.faces";

export class FaceBoxes {
  /** `view` gives { run, table, people }; `drawn()` is called when the faces of a frame have come. */
  constructor(view, drawn) {
    this.view = view;
    this.drawn = drawn;
    this.layer = h("div.face-boxes", { "aria-hidden": "true" });
    this.faces = [];
    this.isOn = localStorage.getItem(SHOWN) !== "off";
  }

  toggle() {
    this.isOn = !this.isOn;
    localStorage.setItem(SHOWN, this.isOn ? "on" : "off");
    this.#draw();
    this.drawn();
  }

  /** Reads the faces of a row of the table; nothing is asked for where there are none. */
  async show(row) {
    const { run, table } = this.view();
    const asked = (this.asked = `${run.id} ${run.version} ${row}`);
    this.faces = [];
    fill(this.layer);
    if (!(table.values.get("face_count")?.[row] > 0)) return;
    try {
      const faces = await read(`runs/${run.id}/faces/${table.ordinal[row]}`);
      if (asked !== this.asked) return;
      this.faces = faces;
    } catch (error) {
      if (asked !== this.asked) return;
      this.failure = error.message;
    }
    this.#draw();
    this.drawn();
  }

  /** Lays the boxes over a picture of this size on the screen; `natural`: its size in pixels of the frame. */
  fit(width, height, natural) {
    this.layer.style.width = `${width}px`;
    this.layer.style.height = `${height}px`;
    if (natural.width === this.natural?.width && natural.height === this.natural?.height) return;
    this.natural = natural;
    this.#draw();
  }

  /** Lines beside the picture; `null` where the frame shows no face. */
  list() {
    if (!this.faces.length) return null;
    const { people } = this.view();
    const line = (face) => {
      const { who, distance, sure } = aboutFace(face);
      const use = () => people.lookFor([`face:${face.row}`]);
      return h(
        "li",
        {},
        h(`i.sample.${this.#kind(face)}`, { "aria-hidden": "true" }),
        h("span.who", { title: `${sure} sure that this is a face` }, h("b", {}, who), h("span.sub.num", {}, distance && ` distance ${distance},`, ` ${sure}`)),
        h("button.link", { "data-key": `face ${face.row}`, "aria-disabled": String(people.isBusy), title: "Compare all faces with this one", onclick: use }, "Reference"),
      );
    };
    return h(
      "div.faces-here",
      {},
      h("div.line", {}, h("h3", {}, "Faces"), h("span.gap"), h("button.btn.small", { "data-key": "boxes", "aria-pressed": String(this.isOn), onclick: () => this.toggle() }, "Boxes", h("kbd", {}, "F"))),
      h("ul", {}, this.faces.map(line)),
    );
  }

  #kind(face) {
    const { people } = this.view();
    if (people.isCompared && face.distance !== null) return face.distance <= people.farthest ? "wanted" : "other";
    return face.person === null ? "single" : "wanted";
  }

  #draw() {
    if (!this.isOn || !this.natural) return fill(this.layer);
    const { width, height } = this.natural;
    const box = (face) => {
      const [x1, y1, x2, y2] = face.bbox;
      const { who, distance, sure } = aboutFace(face);
      const place = `left:${(100 * x1) / width}%;top:${(100 * y1) / height}%;width:${(100 * (x2 - x1)) / width}%;height:${(100 * (y2 - y1)) / height}%`;
      const above = y1 > 0.08 * height;
      return h(`div.face-box.${this.#kind(face)}`, { style: place }, h(`span.num.${above ? "above" : "below"}`, {}, [who, distance, sure].filter(Boolean).join(", ")));
    };
    return fill(this.layer, this.faces.map(box));
  }
}
