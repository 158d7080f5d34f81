// One histogram above one range slider for each column that the run has, a box for each flag. A heading folds its
// picture away; columns that few people want are folded away together.

import { counted, fill, h, icon, isTyping, number, removed, title, typed } from "../dom.js";
import { openRun } from "../open_run.js";
import { flagPart } from "./flag.js";
import { Fold, inOrder } from "./fold.js";
import { Histogram } from "./histogram.js";

const STEPS = 400;
const FOLDED = "framesieve.folded";
const NO_NUMBER = "A number is wanted.";
const CROSSES = "The lower bound must not be above the upper one.";

/** @param {Given} given */
export function mount({ element }) {
  return new Ranges(element);
}

class Ranges {
  constructor(element) {
    this.element = element;
    this.parts = new Map();
    this.folds = [];
    openRun.follow({
      opened: () => (this.choices = openRun.choices),
      described: (columns) => this.#build(columns),
      reset: () => this.#forget(),
      changed: (settled) => settled && this.#show(),
      answered: () => this.#draw(openRun.answer),
    });
  }

  #build(columns) {
    const { rules } = openRun.table;
    const made = (column) => (rules.flags.includes(column.name) ? flagPart(column, this.choices) : this.#part(column));
    this.parts = new Map(columns.map((column) => [column.name, made(column)]));
    const { seen, folded } = inOrder([...this.parts.keys()], rules);
    const elements = (names) => names.map((name) => this.parts.get(name).element);
    this.folds = folded.map(([name, names]) => new Fold(name, names, elements(names)));
    fill(
      this.element,
      elements(seen),
      this.folds.map((fold) => fold.element),
    );
    this.#show();
  }

  /** Shows the bounds that are set now. */
  #show() {
    for (const part of this.parts.values()) part.show();
    for (const fold of this.folds) fold.show(this.choices.filters);
  }

  /** All filters are replaced: with them what was typed and is wrong. */
  #forget() {
    for (const part of this.parts.values()) part.forget();
  }

  /** Shows what a selection keeps of each column. */
  #draw(answer) {
    for (const [name, part] of this.parts) {
      const bins = answer.keptBins.get(name);
      if (!bins) continue; // of another run
      const only = answer.onlyColumn[name];
      part.only.textContent = only === undefined ? "" : removed(only);
      part.only.title = only === undefined ? "" : `${counted(only, "frame")} removed by this filter alone`;
      if (!part.histogram) continue;
      part.histogram.draw(bins);
      const loosened = answer.relaxed[name];
      part.element.classList.toggle("loosened", loosened !== undefined);
      part.used.textContent = loosened ? `loosened to ${span(loosened)}` : "";
    }
  }

  #part(column) {
    const histogram = new Histogram(column, (...bar) => openRun.lookAtBar(...bar));
    const only = h("span.only");
    const used = h("span.used");
    const track = h("i.fill");
    const sides = ["min", "max"].map((side) => bound(column, side, this.choices));
    const missing = column.missing ? `${counted(column.missing, "frame")} not measured` : "";
    const wrong = h("p.wrong-bound", { role: "alert" });
    const name = h("span", {}, title(column.name));
    const fold = h("button.name", { title: missing, onclick: () => turn() }, name, icon("down"));
    const range = h("div.range", {}, track, sides[0].slider, sides[1].slider);
    const picture = h("div.picture", {}, histogram.element, range);
    const turn = (to = !picture.hidden) => {
      picture.hidden = to;
      fold.setAttribute("aria-expanded", String(!to));
      keepFolded(column.name, to);
    };
    turn(folded().includes(column.name));
    const element = h(
      "div.range-filter",
      { role: "group", "aria-label": title(column.name) },
      h("div.line", {}, fold, only, h("span.gap"), sides[0].box, "to", sides[1].box),
      wrong,
      picture,
      used,
    );
    const show = () => {
      const [low, high] = sides.map((side) => side.show());
      track.style.left = `${100 * low}%`;
      track.style.right = `${100 - 100 * high}%`;
      const problem = sides.map((side) => side.problem).find(Boolean) ?? "";
      if (wrong.textContent !== problem) wrong.textContent = problem;
    };
    sides.forEach((side, i) => Object.assign(side, { changed: show, other: sides[1 - i] }));
    const forget = () => {
      sides.forEach((side) => side.judge(""));
      show();
    };
    return { element, histogram, only, used, show, forget };
  }
}

function folded() {
  try {
    const found = JSON.parse(localStorage.getItem(FOLDED) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

function keepFolded(name, on) {
  const others = folded().filter((other) => other !== name);
  localStorage.setItem(FOLDED, JSON.stringify(on ? [...others, name] : others));
}

function span([low, high]) {
  return `${low === null ? "any" : number(low)} to ${high === null ? "any" : number(high)}`;
}

/**
 * One bound: a slider thumb and a box to type in. `show` returns its place, 0 to 1. What is wrong stays in it, with
 * `problem` in words, until it is mended, Escape is pressed, or the bound is changed elsewhere.
 */
function bound(column, side, choices) {
  const isLow = side === "min";
  const name = `${title(column.name)}, ${isLow ? "lower" : "upper"} bound`;
  const end = isLow ? column.low : column.high;
  const width = column.high - column.low;
  const whole = { min: 0, max: STEPS, step: 1 };
  const scale = width > 0 ? { min: column.low, max: column.high, step: width / STEPS } : whole;
  const slider = h("input", { type: "range", ...scale, "aria-label": name });
  const box = h("input.bound", { type: "text", inputmode: "decimal", "aria-label": `${name}, as a number` });
  const part = { slider, box, problem: "", other: null, changed: () => {} };
  let held = null; // the bound while something wrong stands in the box
  part.judge = (problem) => {
    part.problem = problem;
    held = set();
    box.classList.toggle("wrong", Boolean(problem));
    box.setAttribute("aria-invalid", String(Boolean(problem)));
    box.title = problem;
  };
  const set = () => choices.filters[side]?.[column.name] ?? null;
  const otherBound = () => choices.filters[isLow ? "max" : "min"]?.[column.name] ?? null;
  const place = (value) => (width > 0 ? (value - column.low) / width : Number(!isLow));
  const step = () => {
    const value = Number(slider.value);
    return width > 0 ? Math.round((STEPS * (value - column.low)) / width) : value;
  };

  const fromSlider = () => {
    const other = otherBound() ?? (isLow ? column.high : column.low);
    const at = step();
    const value = rounded(column, column.low + (width * at) / STEPS);
    const reached = isLow ? Math.min(value, other) : Math.max(value, other);
    choices.bound(side, column.name, at === (isLow ? 0 : STEPS) ? null : reached, false);
    part.changed();
  };
  // Chromium leaves out "change" where the thumb was held back by the other one
  slider.addEventListener("pointerdown", () => addEventListener("pointerup", () => choices.settle(), { once: true }));
  slider.addEventListener("input", fromSlider);
  slider.addEventListener("change", () => {
    fromSlider();
    choices.settle();
  });
  part.take = () => {
    const value = box.value.trim() === "" ? null : Number(box.value.replace(",", "."));
    const other = otherBound();
    const crosses = value !== null && other !== null && (isLow ? value > other : value < other);
    part.judge(value !== null && !Number.isFinite(value) ? NO_NUMBER : crosses ? CROSSES : "");
    if (!part.problem) choices.bound(side, column.name, value, true);
    if (!part.problem && part.other.problem) part.other.take(); // it may fit now
    part.changed();
  };
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !(part.problem || isTyping(box))) return;
    event.preventDefault();
    event.stopPropagation();
    box.dataset.typing = "no";
    part.judge("");
    part.changed();
  });
  part.show = () => {
    const value = set();
    const at = Math.max(0, Math.min(1, place(value ?? end)));
    slider.value = width > 0 ? column.low + at * width : at * STEPS;
    const reaches = `${number(column.low)} to ${number(column.high)}`;
    slider.setAttribute("aria-valuetext", value === null ? `any, of ${reaches}` : `${number(value)}, of ${reaches}`);
    const stays = isTyping(box) || (part.problem && value === held);
    if (!stays) {
      part.judge("");
      box.value = value === null ? "" : String(value);
    }
    box.placeholder = number(end, 3);
    return at;
  };
  typed(box, part.take, () => part.changed());
  return part;
}

/** A value that can be read: as many decimals as the column's width asks for. */
function rounded(column, value) {
  if (column.whole) return Math.round(value);
  const digits = Math.max(0, Math.min(12, Math.ceil(-Math.log10((column.high - column.low) / STEPS))));
  return Number(value.toFixed(digits));
}
