// Boxes around the faces of the enlarged frame, and the same in words beside it. Lines differ, not colours alone: solid
// is the one who is looked for (or, while nobody is, a known person), dashed somebody else, dotted a single face.

import { fill, h } from "../dom.js";
import { openRun } from "../open_run.js";
import { aboutFace, people, shownName } from "../people.js";
import { read } from "../server.js";

const SHOWN = "framesieve.faces";

export class FaceBoxes {
  /** `drawn()` is called when the faces of a frame have come, `toggled()` when boxes are to be shown or hidden. */
  constructor({ drawn, toggled }) {
    this.drawn = drawn;
    this.toggled = toggled;
    this.layer = h("div.face-boxes", { "aria-hidden": "true" });
    this.faces = [];
    this.isOn = localStorage.getItem(SHOWN) !== "off";
  }

  turn(on) {
    this.isOn = on;
    localStorage.setItem(SHOWN, on ? "on" : "off");
    this.#draw();
  }

  /** Reads the faces of a row of the table; nothing is asked for where there are none. */
  async show(row) {
    const { run, table } = openRun;
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

  /** Lays the boxes over a picture of this size in pixels of the frame. */
  fit(natural) {
    if (natural.width === this.natural?.width && natural.height === this.natural?.height) return;
    this.natural = natural;
    this.#draw();
  }

  /** Lines beside the picture; `null` where the frame shows no face. */
  list() {
    if (!this.faces.length) return null;
    const line = (face) => {
      const { parts, who, distance, sure } = aboutFace(face);
      const seek = () => people.lookFor([`face:${face.row}`]);
      const about = { "data-key": `face ${face.row}`, "aria-disabled": String(people.isBusy), onclick: seek };
      const told = h("span.sub.num", {}, distance && `distance ${distance}, `, sure);
      return h(
        "li",
        {},
        h(`i.sample.${this.#kind(face)}`, { "aria-hidden": "true" }),
        h("div.one", { title: `${who}; ${sure} sure that this is a face` }, h("b", {}, shownName(parts)), told),
        h("button.link", { ...about, title: "Compare all faces with this one" }, "Look for"),
      );
    };
    const on = { "data-key": "boxes", "aria-pressed": String(this.isOn), onclick: () => this.toggled() };
    return h(
      "div.faces-here",
      {},
      h("div.line", {}, h("h3", {}, "Faces"), h("span.gap"), h("button.btn.small", on, "Boxes", h("kbd", {}, "F"))),
      h("ul", {}, this.faces.map(line)),
    );
  }

  #kind(face) {
    if (people.isCompared && face.distance !== null) return face.distance <= people.farthest ? "wanted" : "other";
    return face.person === null ? "single" : "wanted";
  }

  #draw() {
    if (!this.isOn || !this.natural) return fill(this.layer);
    const { width, height } = this.natural;
    const box = (face) => {
      const [x1, y1, x2, y2] = face.bbox;
      const { who, distance, sure } = aboutFace(face);
      const share = (side, part, whole) => `${side}:${(100 * part) / whole}%`;
      const corner = [share("left", x1, width), share("top", y1, height)];
      const place = [...corner, share("width", x2 - x1, width), share("height", y2 - y1, height)];
      const above = y1 > 0.08 * height;
      const said = h(`span.num.${above ? "above" : "below"}`, {}, [who, distance, sure].filter(Boolean).join(", "));
      return h(`div.face-box.${this.#kind(face)}`, { style: place.join(";") }, said);
    };
    return fill(this.layer, this.faces.map(box));
  }
}
