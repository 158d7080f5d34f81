// The settings of an extraction as controls: method cards, pre-filters, weights, files. Defaults, ranges, units and help
// come from the server's settings; nothing of them is stated here again.

import { count, fill, h, title } from "./dom.js";
import { estimate } from "./estimate.js";
import { FacesForm } from "./faces_form.js";

const METHODS = {
  keyframes: ["Key frames", "The video's own entry points; fastest"],
  interval: ["Every few seconds", "Even steps in time"],
  scene: ["Scene changes", "The first frame after each cut"],
  every_nth: ["Every Nth frame", "Even steps in frames"],
  all: ["All frames", "Everything, to be filtered later"],
};
const FILES = ["png", "jpeg_quality", "hdr", "save_frames", "thumb_height"];
const SCALES = ["sharpness_scale", "edge_scale"];
const NAMES = {
  interval: "One frame every",
  every: "One frame of every",
  target: "About how many",
  scene_threshold: "Cut from score",
  scene_fast: "Only hard cuts",
  min_quality: "Quality score at least",
  png: "PNG instead of JPEG",
  jpeg_quality: "JPEG quality",
  hdr: "HDR and wide gamut",
  save_frames: "Write the kept frames",
  thumb_height: "Height of previews",
  faces: "Read faces while extracting",
  face_filter: "Drop frames without a face",
  min_face_confidence: "Face confidence at least",
  min_face_area: "Face area at least",
};
const CHOICES = { tonemap: "SDR pictures", keep: "16-bit PNG as it is" };

export class MethodForm {
  /** `knobs`: the server's settings; `changed()` is called after each change. */
  constructor(knobs, changed) {
    this.knobs = knobs.extract;
    this.inputs = knobs.inputs;
    this.metrics = knobs.metrics;
    this.changed = changed;
    this.values = this.defaults();
    this.facts = null;
    this.element = h("div.method");
    this.folds = new Set();
    this.faces = new FacesForm(this, (name) => this.#control(name), () => this.#settled());
    this.build();
  }

  defaults() {
    const found = {};
    for (const [name, knob] of Object.entries(this.knobs)) found[name] = structuredClone(knob.default);
    return found;
  }

  /** Only what differs from the defaults, and only the inputs of the method that is chosen: what a preset holds. */
  differences() {
    const defaults = this.defaults();
    const others = Object.entries(this.inputs).flatMap(([method, names]) => (method === this.values.method ? [] : names));
    const different = Object.entries(this.values).filter(
      ([name, value]) => !others.includes(name) && JSON.stringify(value) !== JSON.stringify(defaults[name]),
    );
    return Object.fromEntries(different);
  }

  /** Takes the settings of a preset, or what an earlier visit had; unknown names are left out. */
  load(different) {
    this.values = this.defaults();
    for (const [name, value] of Object.entries(different ?? {})) if (name in this.knobs && name !== "thumbs") this.values[name] = structuredClone(value);
    this.build();
    this.changed();
  }

  describe(facts) {
    this.facts = facts;
    this.#estimates();
    this.faces.describe(facts);
  }

  /** Puts a sentence of the server beside the input that it speaks of; false when there is none. */
  blame(sentence) {
    const about = this.faces.blame(sentence);
    if (about) {
      about.closest("details")?.setAttribute("open", "");
      about.focus();
      return true;
    }
    const name = Object.keys(this.knobs).find((one) => sentence.startsWith(`${one} `));
    const place = this.element.querySelector(name === "min" ? '[data-name^="min."]' : `[data-name="${name}"]`);
    if (!name || !place) return false;
    place.closest("details")?.setAttribute("open", "");
    fill(place.querySelector(".wrong-text"), sentence);
    place.querySelector("input, select").focus();
    return true;
  }

  forgive() {
    this.element.querySelectorAll(".wrong-text").forEach((node) => fill(node));
  }

  build() {
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    fill(
      this.element,
      h("div.cards", { role: "radiogroup", "aria-label": "Method" }, this.knobs.method.choices.map((method) => this.#card(method))),
      this.#fold("Pre-filters", this.#preFilters()),
      this.#fold("Faces", this.faces.element, this.faces),
      this.#fold("Customize Quality Weights", this.#weights()),
      this.#fold("Format and files", FILES.map((name) => this.#control(name))),
    );
    this.faces.build();
    this.#estimates();
    if (focused) this.element.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  #card(method) {
    const [name, about] = METHODS[method] ?? [title(method), ""];
    const on = this.values.method === method;
    const radio = h("input", {
      type: "radio",
      name: "fs-method",
      value: method,
      "data-key": `method-${method}`,
      onchange: () => {
        this.values.method = method;
        this.build();
        this.changed();
      },
    });
    radio.checked = on;
    const head = h(
      "label.card-head",
      {},
      radio,
      h("span.card-words", {}, h("span.line", {}, h("b", {}, name), h("span.gap"), h("span.sub.num.estimate", { "data-method": method })), h("span.sub", {}, about)),
    );
    const own = on && [...(this.inputs[method] ?? []), "target"].map((input) => this.#control(input));
    return h("div", { class: on ? "method-card on" : "method-card" }, head, own && h("div.card-inputs", {}, own));
  }

  #estimates() {
    this.element.querySelectorAll(".estimate").forEach((node) => {
      const { method } = node.dataset;
      const settings = { ...this.values, method, target: method === this.values.method ? this.values.target : null };
      node.textContent = estimate(this.facts, settings);
    });
  }

  /** `part`: its mark stands beside the name, and it is told when the group is unfolded. */
  #fold(name, children, part = null) {
    const fold = h("details.fold", {}, h("summary", {}, name, " ", part?.mark), h("div.fold-body", {}, children));
    fold.open = this.folds.has(name);
    fold.addEventListener("toggle", () => {
      if (fold.open && !this.folds.has(name)) part?.shown();
      if (fold.open) this.folds.add(name);
      else this.folds.delete(name);
    });
    return fold;
  }

  #settled() {
    this.#estimates();
    this.changed();
  }

  #preFilters() {
    return [
      h("p.sub", {}, "Frames that fail are recorded, but no picture of them is kept."),
      this.#control("min_quality"),
      ...this.metrics.map((metric) => this.#bound(metric)),
      ...SCALES.map((name) => this.#control(name)),
    ];
  }

  #bound(metric) {
    const value = this.values.min[metric];
    const take = (number) => {
      const { [metric]: _, ...others } = this.values.min;
      this.values.min = number === null ? others : { ...others, [metric]: number };
    };
    return this.#number(`min.${metric}`, `${title(metric)} at least`, this.knobs.min, value ?? null, take);
  }

  #weights() {
    const sum = () => this.values.quality_weights.reduce((all, one) => all + one, 0);
    const shares = [];
    const show = () => shares.forEach((node, i) => (node.textContent = sum() ? `${Math.round((100 * this.values.quality_weights[i]) / sum())} %` : "0 %"));
    const knob = this.knobs.quality_weights;
    const lines = this.metrics.map((metric, i) => {
      const slider = h("input.plain", { type: "range", min: knob.low, max: 100, step: 1, "aria-label": `Weight of ${metric.replace("_", " ")}`, "data-key": `weight-${i}` });
      slider.value = this.values.quality_weights[i];
      slider.addEventListener("input", () => {
        this.values.quality_weights = this.values.quality_weights.map((old, k) => (k === i ? Number(slider.value) : old));
        show();
        fill(wrong, sum() ? null : "Give at least one metric a weight above zero.");
        this.changed();
      });
      shares.push(h("output.sub.num"));
      return [h("span", {}, title(metric)), slider, shares[i]];
    });
    const wrong = h("span.wrong-text", { role: "alert" });
    show();
    return [h("div.weights", { "data-name": "quality_weights" }, lines, wrong), h("p.sub", {}, "The quality score is the weighted mean of the five metrics.")];
  }

  #control(name) {
    const knob = this.knobs[name];
    if (typeof knob.default === "boolean") return this.#check(name, knob);
    if (knob.choices) return this.#choice(name, knob);
    return this.#number(name, NAMES[name] ?? title(name), knob, this.values[name], (number) => (this.values[name] = number));
  }

  #choice(name, knob) {
    const select = h("select.ctl", { "data-key": name }, knob.choices.map((choice) => h("option", { value: choice }, CHOICES[choice] ?? choice)));
    select.value = this.values[name];
    select.addEventListener("change", () => {
      this.values[name] = select.value;
      this.#settled();
    });
    return h("div.control", { "data-name": name }, h("label", { title: knob.help }, h("span", {}, NAMES[name] ?? title(name)), select), h("span.wrong-text"));
  }

  #check(name, knob) {
    const box = h("input", {
      type: "checkbox",
      "data-key": name,
      onchange: () => {
        this.values[name] = box.checked;
        this.faces.follow(name);
        this.#settled();
      },
    });
    box.checked = this.values[name];
    return h("div.control", { "data-name": name }, h("label.check", { title: knob.help }, box, NAMES[name] ?? title(name)), h("span.wrong-text"));
  }

  /** A number; empty = the default, which the placeholder shows. */
  #number(name, label, knob, value, take) {
    const single = typeof knob.default === "number";
    const wrong = h("span.wrong-text", { role: "alert" });
    const input = h("input.box.num", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      "data-key": name,
      placeholder: single ? String(knob.default) : name.startsWith("min") ? "off" : "auto",
    });
    input.value = value === null || (single && value === knob.default) ? "" : String(value);
    input.addEventListener("input", () => {
      const text = input.value.trim().replace(",", ".");
      const number = text === "" ? (single ? knob.default : null) : Number(text);
      const bad = number !== null && problem(number, knob);
      input.setAttribute("aria-invalid", String(Boolean(bad)));
      fill(wrong, bad || null);
      if (bad) return;
      take(number);
      this.faces.describe(this.facts);
      this.#settled();
    });
    return h(
      "div.control",
      { "data-name": name },
      h("label.line", { title: knob.help }, h("span.gap", {}, label), input, h("span.sub.unit-name", {}, knob.unit?.replace(/^% .*/, "%"))),
      wrong,
    );
  }

  /** Whether something that is typed is not a number that can be taken. */
  get wrong() {
    return this.element.querySelector('[aria-invalid="true"]');
  }

  focusWrong() {
    this.wrong.closest("details")?.setAttribute("open", "");
    this.wrong.focus();
  }
}

function problem(number, knob) {
  if (Number.isNaN(number)) return "A number is wanted.";
  if (knob.whole && !Number.isInteger(number)) return "A whole number is wanted.";
  if (number < knob.low || number > knob.high) return `From ${shown(knob.low)} to ${shown(knob.high)}.`;
  return null;
}

const shown = (bound) => (Math.abs(bound) >= 1000 ? count(bound) : String(bound));
