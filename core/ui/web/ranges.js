// One histogram above one range slider for each column that the run has.

import { counted, fill, h, isTyping, number, removed, title, typed } from "./dom.js";
import { Histogram } from "./hist.js";

const STEPS = 400;

export class Ranges {
  /** `peek(column, low, high)` shows the frames of a bar. */
  constructor(choices, peek) {
    this.element = h("div.ranges");
    this.choices = choices;
    this.peek = peek;
    this.parts = new Map();
  }

  /** Columns as `select_worker.describe` tells them. */
  build(columns) {
    this.parts = new Map(columns.map((column) => [column.name, this.#part(column)]));
    fill(this.element, [...this.parts.values()].map((part) => part.element));
    this.show();
  }

  /** Shows the bounds that are set now. */
  show() {
    for (const part of this.parts.values()) part.show();
  }

  /** Shows what a selection keeps of each column. */
  draw(answer) {
    for (const [name, part] of this.parts) {
      part.histogram.draw(answer.keptBins.get(name));
      const only = answer.onlyColumn[name];
      part.only.textContent = only === undefined ? "" : removed(only);
      part.only.title = only === undefined ? "" : `${counted(only, "frame")} removed by this filter alone`;
      const loosened = answer.relaxed[name];
      part.element.classList.toggle("loosened", loosened !== undefined);
      part.used.textContent = loosened ? `loosened to ${span(loosened)}` : "";
    }
  }

  #part(column) {
    const { choices } = this;
    const histogram = new Histogram(column, this.peek);
    const only = h("span.only");
    const used = h("span.used");
    const track = h("i.fill");
    const sides = ["min", "max"].map((side) => bound(column, side, choices));
    const missing = column.missing ? `${counted(column.missing, "frame")} not measured` : "";
    const element = h(
      "div.range-filter",
      { role: "group", "aria-label": title(column.name) },
      h("div.line", {}, h("span.name", { title: missing }, title(column.name)), only, h("span.gap"), sides[0].box, "to", sides[1].box),
      histogram.element,
      h("div.range", {}, track, sides[0].slider, sides[1].slider),
      used,
    );
    const show = () => {
      const [low, high] = sides.map((side) => side.show());
      track.style.left = `${100 * low}%`;
      track.style.right = `${100 - 100 * high}%`;
    };
    sides.forEach((side) => (side.changed = show));
    return { element, histogram, only, used, show };
  }
}

function span([low, high]) {
  return `${low === null ? "any" : number(low)} to ${high === null ? "any" : number(high)}`;
}

/** One bound: a slider thumb and a box to type in. `show` returns its place, 0 to 1. */
function bound(column, side, choices) {
  const name = `${title(column.name)}, ${side === "min" ? "lower" : "upper"} bound`;
  const end = side === "min" ? column.low : column.high;
  const slider = h("input", { type: "range", min: 0, max: STEPS, step: 1, "aria-label": name });
  const box = h("input.bound", { type: "text", inputmode: "decimal", "aria-label": `${name}, as a number` });
  const part = { slider, box, changed: () => {} };
  const set = () => choices.filters[side]?.[column.name] ?? null;
  const place = (value) => (column.high > column.low ? (value - column.low) / (column.high - column.low) : Number(side === "max"));

  const fromSlider = (settled) => {
    const other = choices.filters[side === "min" ? "max" : "min"]?.[column.name] ?? (side === "min" ? column.high : column.low);
    const step = Number(slider.value);
    let value = rounded(column, column.low + ((column.high - column.low) * step) / STEPS);
    value = side === "min" ? Math.min(value, other) : Math.max(value, other);
    choices.bound(side, column.name, step === (side === "min" ? 0 : STEPS) ? null : value, settled);
    part.changed();
  };
  slider.addEventListener("input", () => fromSlider(false));
  slider.addEventListener("change", () => {
    fromSlider(false);
    choices.settle();
  });
  const take = () => {
    const value = box.value.trim() === "" ? null : Number(box.value.replace(",", "."));
    const other = choices.filters[side === "min" ? "max" : "min"]?.[column.name] ?? null;
    const crosses = value !== null && other !== null && (side === "min" ? value > other : value < other);
    const fits = value === null || (Number.isFinite(value) && !crosses);
    box.classList.toggle("wrong", !fits);
    box.setAttribute("aria-invalid", String(!fits));
    box.title = fits ? "" : crosses ? "The lower bound must not be above the upper one." : "A number is wanted.";
    if (fits) choices.bound(side, column.name, value, true);
    part.changed();
  };
  part.show = () => {
    const value = set();
    const at = Math.max(0, Math.min(1, place(value ?? end)));
    slider.value = Math.round(at * STEPS);
    slider.setAttribute("aria-valuetext", value === null ? `any (${number(end)})` : number(value));
    if (!isTyping(box)) {
      box.classList.remove("wrong");
      box.removeAttribute("aria-invalid");
      box.value = value === null ? "" : String(value);
    }
    box.placeholder = number(end, 3);
    return at;
  };
  typed(box, take, () => part.changed());
  return part;
}

/** A value that can be read: as many decimals as the column's width asks for. */
function rounded(column, value) {
  if (column.whole) return Math.round(value);
  const digits = Math.max(0, Math.min(12, Math.ceil(-Math.log10((column.high - column.low) / STEPS))));
  return Number(value.toFixed(digits));
}
