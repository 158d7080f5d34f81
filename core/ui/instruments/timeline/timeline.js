// The strip under the video: a value of each frame, marks, the play head. A click or a drag goes there.

import { count, counted, fill, h, icon, oncePerFrame } from "../dom.js";
import { speaker } from "../says.js";

const TOP = 10; // px kept for marks

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  return new Timeline(element, props.modes, speaker(element, trigger));
}

class Timeline {
  constructor(element, modes, tell) {
    this.tell = tell;
    this.modes = modes;
    this.mode = modes[0];
    this.bounds = new Map(modes.map((mode) => [mode.key, mode.under]));
    this.#build(element);
    this.draw = oncePerFrame(() => this.#draw());
    this.#listen();
    this.open(0);
  }

  #build(element) {
    const options = this.modes.map((mode) => h("option", { value: mode.key }, mode.name));
    this.choose = h("select.ctl", { "aria-label": "What the strip shows" }, options);
    this.kind = h("b.of");
    this.scale = h("span.sub.num.scale");
    const limit = { type: "number", min: 0, max: 1, step: 0.05, "aria-label": "Find frames under" };
    this.under = h("input.num", limit);
    this.underLine = h("label.line.under", {}, "under", this.under);
    this.found = h("span.num.found");
    const to = (label, name, by) => {
      const told = { "aria-label": label, title: label, onclick: () => this.tell("find", by) };
      return h("button.ibtn.small", told, icon(name));
    };
    this.finders = [to("Previous of these frames (,)", "prev", -1), to("Next of these frames (.)", "next", 1)];
    this.canvas = h("canvas.track", { "aria-hidden": "true" });
    const range = { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Position, frame" };
    this.position = h("input.plain.position", range);
    const search = h("span.line.search", {}, this.finders[0], this.found, this.underLine, this.finders[1]);
    const head = h("div.strip-head", {}, this.choose, this.kind, this.scale, h("span.gap"), search);
    fill(element, h("div.time", {}, head, h("div.strip-box", {}, this.canvas), this.position));
  }

  #listen() {
    this.choose.addEventListener("change", () => {
      this.mode = this.modes.find((mode) => mode.key === this.choose.value);
      this.choose.blur();
      this.#redo();
      this.tell("mode", this.mode.key);
    });
    this.under.addEventListener("input", () => {
      const bound = this.under.valueAsNumber;
      if (Number.isNaN(bound)) return;
      this.bounds.set(this.mode.key, bound);
      this.#count();
    });
    this.position.addEventListener("input", () => this.tell("goto", Number(this.position.value)));
    this.position.addEventListener("pointerup", () => this.position.blur());
    const seek = (event) => {
      const box = this.canvas.getBoundingClientRect();
      this.tell("goto", Math.floor(((event.clientX - box.left) / box.width) * this.frames));
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      seek(event);
    });
    this.canvas.addEventListener("pointermove", (event) => event.buttons && seek(event));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    new MutationObserver(() => this.draw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  /** Another video: of the last one nothing stays. */
  open(frames) {
    this.frames = frames;
    this.series = {};
    this.of = "";
    this.saved = new Map();
    this.position.max = String(Math.max(0, frames - 1));
    this.at(0);
    this.#redo();
  }

  at(frame) {
    this.frame = frame;
    if (Number(this.position.value) !== frame) this.position.value = frame;
    this.position.setAttribute("aria-valuetext", `frame ${frame} of ${this.frames}`);
    this.draw();
  }

  /** `series`: by the key of a mode a number for each frame, NaN = none; `of`: of which kind, in words. */
  show(series, of = "") {
    this.series = series;
    this.of = of;
    this.#redo();
  }

  /** `saved`: Map of marked frames. */
  mark(saved) {
    this.saved = saved;
    this.draw();
  }

  /** What is searched for: the mode, and the bound that a value has to be under (null: it has to be more than 0). */
  wanted() {
    return { mode: this.mode.key, under: this.bounds.get(this.mode.key) };
  }

  #redo() {
    const column = this.series[this.mode.key];
    this.most = this.mode.top ?? (column ? highest(column) : 0);
    this.choose.value = this.mode.key;
    this.kind.textContent = this.of;
    this.scale.textContent = column && this.most ? `0 to ${this.mode.top ?? count(this.most)}` : "";
    const bound = this.bounds.get(this.mode.key);
    this.underLine.hidden = bound === null;
    if (bound !== null && document.activeElement !== this.under) this.under.value = bound;
    this.#count();
  }

  #count() {
    const column = this.series[this.mode.key];
    const hit = this.#hits();
    const amount = column ? column.reduce((sum, one) => sum + (hit(one) ? 1 : 0), 0) : 0;
    const what = this.mode.found.replace("{of}", this.of || "boxes");
    this.found.textContent = column ? `${counted(amount, "frame")} ${what}` : "";
    this.finders.forEach((button) => (button.disabled = amount === 0));
    this.columns = null;
    this.draw();
  }

  /** Whether a value is searched for. */
  #hits() {
    const bound = this.bounds.get(this.mode.key);
    return bound === null ? (value) => value > 0 : (value) => value < bound;
  }

  #draw() {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) {
      [canvas.width, canvas.height] = [width, height];
      this.columns = null;
    }
    const look = getComputedStyle(canvas);
    const color = (name) => look.getPropertyValue(name).trim();
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    if (!this.frames) return;
    this.#bars(pen, width, height, ratio, color);
    const at = (frame) => ((frame + 0.5) / this.frames) * width;
    pen.fillStyle = color("--warn");
    for (const frame of this.saved.keys()) {
      const x = at(frame);
      pen.beginPath();
      pen.moveTo(x - 5 * ratio, 0);
      pen.lineTo(x + 5 * ratio, 0);
      pen.lineTo(x, 8 * ratio);
      pen.fill();
    }
    pen.fillStyle = color("--body-text-color");
    pen.fillRect(Math.round(at(this.frame) - ratio), 0, 2 * ratio, height);
  }

  #bars(pen, width, height, ratio, color) {
    const column = this.series[this.mode.key];
    if (!column || !this.most) return;
    const bound = this.bounds.get(this.mode.key);
    const room = height - TOP * ratio;
    const share = (value) => value / this.most;
    const tall = (value) => (bound === null ? Math.sqrt(share(value)) : share(value)) * room;
    this.columns ??= thinned(column, width, bound === null ? Math.max : Math.min);
    const hit = this.#hits();
    const [plain, wanted] = [color("--quiet"), color("--acc")];
    pen.globalAlpha = bound === null ? 0.55 : 1;
    this.columns.forEach((value, x) => {
      if (Number.isNaN(value) || value === 0) return;
      pen.fillStyle = hit(value) ? wanted : plain;
      pen.fillRect(x, height - tall(value), 1, tall(value));
    });
    pen.globalAlpha = 1;
    if (bound === null) return;
    pen.fillStyle = color("--warn");
    pen.fillRect(0, Math.round(height - tall(bound)), width, Math.max(1, ratio));
  }
}

/** The highest of the values that are numbers; 0: none is. */
function highest(values) {
  let most = 0;
  for (const one of values) if (one > most) most = one;
  return most;
}

/** The value of each column of pixels, of the frames in it the one that `better` takes; NaN: none. */
function thinned(values, columns, better) {
  const found = new Float32Array(columns).fill(NaN);
  const scale = columns / values.length;
  for (let frame = 0; frame < values.length; frame++) {
    const value = values[frame];
    if (Number.isNaN(value)) continue;
    const last = Math.max(Math.floor(frame * scale), Math.min(columns, Math.ceil((frame + 1) * scale)) - 1);
    for (let x = Math.floor(frame * scale); x <= last; x++) {
      found[x] = Number.isNaN(found[x]) ? value : better(found[x], value);
    }
  }
  return found;
}
