// The classes of a model. A click on one goes to the next frame that has it; the button beside it hides its boxes.

import { count, counted, fill, h } from "../dom.js";
import { speaker } from "../says.js";

const LID = "M1.500 8S4 3.500 8 3.500 14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8z";
const EYE = `${LID}M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z`;
const STROKE = "M2.500 13.500l11-11";

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new ClassChips(element, speaker(element, trigger));
}

class ClassChips {
  constructor(element, tell) {
    this.tell = tell;
    this.kinds = new Map();
    this.list = h("ul.class-chips", { "aria-label": "Classes" });
    this.all = h("button.chip.every", { onclick: () => this.#choose(null) }, "All classes");
    this.everything = h("li", {}, this.all);
    this.none = h("p.sub", {}, "Classes appear here with the first boxes.");
    fill(element, this.list, this.none);
    this.forget();
  }

  /** Another model: nothing is chosen, nothing is hidden. */
  forget() {
    this.picked = null;
    this.away = new Set();
    this.show([]);
  }

  /** The class that is searched for, or null. */
  chosen() {
    return this.picked;
  }

  hidden() {
    return this.away;
  }

  /** @param {{kind: number, name: string, colour: string, frames: number, boxes: number}[]} kinds */
  show(kinds) {
    const before = this.kinds;
    this.kinds = new Map(kinds.map((one) => [one.kind, before.get(one.kind) ?? this.#line(one)]));
    kinds.forEach((one) => this.#say(one, this.kinds.get(one.kind)));
    fill(
      this.list,
      kinds.length > 1 && this.everything,
      [...this.kinds.values()].map((line) => line.item),
    );
    this.#press();
    this.none.hidden = kinds.length > 0;
  }

  #line({ kind, colour }) {
    const swatch = h("i.swatch", { style: `background: ${colour}` });
    const line = { name: h("span.name"), amount: h("span.num.amount"), stroke: h("path", { d: STROKE }) };
    const picks = { "data-kind": kind, onclick: () => this.#choose(kind) };
    line.find = h("button.chip", picks, swatch, line.name, line.amount);
    const eye = h("svg.ic", { viewBox: "0 0 16 16", "aria-hidden": "true" }, h("path", { d: EYE }), line.stroke);
    line.hide = h("button.ibtn.hide", { onclick: () => this.#toggle(kind) }, eye);
    line.item = h("li", {}, line.find, line.hide);
    return line;
  }

  #say({ name, frames, boxes }, line) {
    line.frames = frames;
    line.name.textContent = name;
    line.amount.textContent = count(frames);
    const many = boxes === 1 ? "1 box" : `${count(boxes)} boxes`;
    line.find.title = `${name}: ${many} in ${counted(frames, "frame")}. A click goes to the next of them.`;
    line.hide.title = `Hide ${name}`;
    line.hide.setAttribute("aria-label", `Hide ${name}`);
  }

  #choose(kind) {
    this.picked = kind;
    this.#press();
    this.tell("find", kind);
  }

  #toggle(kind) {
    if (!this.away.delete(kind)) this.away.add(kind);
    if (this.away.has(this.picked)) this.picked = null;
    this.#press();
    this.tell("hide", this.away);
  }

  #press() {
    this.all.setAttribute("aria-pressed", String(this.picked === null));
    for (const [kind, line] of this.kinds) {
      const away = this.away.has(kind);
      line.find.setAttribute("aria-pressed", String(this.picked === kind));
      line.find.disabled = away || line.frames === 0;
      line.hide.setAttribute("aria-pressed", String(away));
      line.stroke.setAttribute("visibility", away ? "visible" : "hidden");
      line.item.classList.toggle("away", away);
    }
  }
}
