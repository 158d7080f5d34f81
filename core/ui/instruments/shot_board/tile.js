// One shot of the board: its prompt frame with the mask, a ring that says how it stands, and the points as dots.

import { count, fill, h, icon } from "../dom.js";
import { masking } from "../masking.js";

const WORDS = { empty: "empty", points: "points", mask: "mask", propagated: "propagated", doubtful: "doubtful" };

export class Tile {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
    this.picture = h("img", { alt: "", draggable: "false" });
    this.dots = h("span.dots", { "aria-hidden": "true" });
    this.frame = h("span.picture", {}, this.picture, this.dots);
    this.number = h("b.num");
    this.state = h("span.of-state");
    this.trust = h("span.num.trust");
    const words = h("span.words-of", {}, this.number, this.state, h("span.gap"), this.trust);
    this.element = h(
      "button.tile",
      { "data-key": key, onclick: () => masking.edit(key, this.shot.shown) },
      this.frame,
      words,
    );
  }

  /** Its picture is wanted: it comes near. */
  come() {
    this.isNear = true;
    this.#show();
  }

  draw(shot) {
    const changed = masking.isChanged(this.key);
    const home = masking.subject.homes[shot.home];
    const said = JSON.stringify([shot, changed, home.name]);
    if (said === this.said) return;
    this.said = said;
    this.shot = shot;
    this.element.dataset.state = shot.state;
    this.frame.style.aspectRatio = `${home.width} / ${home.height}`;
    this.number.textContent = masking.nameOf(shot);
    const where = shot.state === "doubtful" ? `doubtful at ${count(shot.shown)}` : WORDS[shot.state];
    const state = changed ? "not saved" : where;
    fill(this.state, shot.state === "doubtful" && !changed && icon("warn"), state);
    this.trust.textContent = shot.worst === null ? "" : shot.worst.toFixed(2);
    this.trust.title = shot.worst === null ? "" : "least trust of its frames, 0 to 1";
    const frames = `frames ${count(shot.start)} to ${count(shot.end - 1)}`;
    const trust = shot.worst === null ? "" : `, least trust ${shot.worst.toFixed(2)}`;
    this.element.setAttribute("aria-label", `Shot ${this.number.textContent}, ${state}, ${frames}${trust}`);
    this.#dot(shot, home);
    this.#show();
  }

  #show() {
    if (!this.isNear || !this.shot) return;
    const source = masking.tile(this.shot);
    if (this.picture.getAttribute("src") !== source) this.picture.src = source;
  }

  #dot(shot, { width, height }) {
    const here = shot.prompts.filter(({ frame }) => frame === shot.shown);
    const dot = ([x, y], label) => {
      const place = `left:${((x + 0.5) / width) * 100}%;top:${((y + 0.5) / height) * 100}%`;
      return h(label ? "i.dot" : "i.dot.out", { style: place });
    };
    fill(
      this.dots,
      here.flatMap(({ points, labels }) => points.map((point, i) => dot(point, labels[i]))),
    );
  }
}
