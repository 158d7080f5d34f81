// What a form of native controls does in the browser: it says at once what is wrong with a number, writes units, keeps
// the values for the next visit, and puts the sentence of an error beside the control that it speaks of.

import { count, fill, h, icon } from "../dom.js";
import { ownerWord } from "../server.js";
import { lookAgain } from "../watch.js";

const NO_SHARE = "Give at least one metric a weight above zero.";

const STIR_MS = 50;

/** @param {Given} given */
export function mount({ element, props, watch, trigger }) {
  const form = new Form(element, props, trigger);
  watch("value", () => form.hear());
  return form;
}

class Form {
  constructor(element, props, trigger) {
    const { parts, remember: key } = props;
    this.props = props;
    this.turn = this.heard = this.soon = 0;
    /** @type {Map<any, HTMLInputElement>} */
    this.touched = new Map();
    this.parts = parts;
    this.key = key;
    this.trigger = trigger;
    this.values = parts.map((part) => part.default);
    this.wrong = new Map();
    this.error = h("p.error.form-error", { role: "alert", hidden: true });
    fill(element, this.error);
    this.kept = key ? remembered(key, parts) : null;
    this.started = !this.kept;
    /** What was accepted of the values that wait for that, by name. */
    this.taken = Object.fromEntries(parts.filter((one) => one.waits).map(({ name }) => [name, this.kept?.[name]]));
    const root = element.closest("[role=tabpanel], .tabitem") ?? document;
    const dress = () => parts.forEach((part) => dressed(part));
    dress();
    const seen = { childList: true, subtree: true, attributes: true, attributeFilter: ["name"] };
    new MutationObserver(dress).observe(root, seen);
    for (const name of ["input", "change"]) root.addEventListener(name, (event) => this.#touched(event.target));
    addEventListener("pagehide", () => this.#leave());
    if (this.kept) trigger("restore");
  }

  /** One of the controls changed, and perhaps the next one will at once. */
  stir() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.trigger("stirred"), STIR_MS);
  }

  /** Values of all controls, after one of them changed. */
  changed(...values) {
    this.values = values;
    this.touched.clear();
    this.fail(null);
    this.parts.forEach((part, i) => part.numeric && this.#mark(part, problem(part, values[i])));
    const shares = this.parts.filter((part) => part.share);
    if (shares.length && shares.every((part) => !values[this.parts.indexOf(part)])) this.#mark(shares[0], NO_SHARE);
    this.#keep();
  }

  /** A value that waits for it is good: the next visit begins with it. */
  accept(name, value) {
    const { default: start } = this.parts.find((part) => part.name === name);
    this.taken[name] = value === start ? undefined : value;
    this.#keep();
  }

  /** What Gradio tells of later than a page can be closed. */
  #touched(input) {
    const part = this.parts.find((one) => block(one)?.contains(input));
    if (!part || input.role || block(part).classList.contains("fs")) return; // a list, or an instrument
    const isOne = input.type === "checkbox" ? typeof part.default === "boolean" : true; // not several
    if (isOne) this.touched.set(part, input);
  }

  #leave() {
    if (!this.touched.size) return;
    this.values = this.parts.map((part, i) => {
      const input = this.touched.get(part);
      if (!input) return this.values[i];
      if (input.type === "checkbox") return input.checked;
      return part.numeric ? (Number.isNaN(input.valueAsNumber) ? null : input.valueAsNumber) : input.value;
    });
    this.#keep();
  }

  #keep() {
    if (this.started && this.key) keep(this.key, { ...this.differences(), ...this.taken });
  }

  /** By name, what is not as at the start. */
  differences() {
    const pairs = this.parts.map((part, i) => [part.name, this.values[i], part.default]);
    const differ = pairs.filter(
      ([, value, start]) => ![null, ""].includes(value) && JSON.stringify(value) !== JSON.stringify(start),
    );
    return Object.fromEntries(differ.map(([name, value]) => [name, value]));
  }

  /** What the last visit left, for all controls. */
  restored() {
    this.started = true;
    return this.parts.map((part) => (part.name in this.kept ? this.kept[part.name] : part.default));
  }

  /** Values of all controls for a preset of the shelf; without a name those of the start. */
  loaded(name, shelf) {
    const settings = name === "" ? {} : shelf[name]?.settings;
    if (!settings) return undefined;
    const values = ofSettings({ settings }, this.parts);
    return this.parts.filter(({ field }) => field !== null).map((part) => values[part.name] ?? part.default);
  }

  /** Sends the form, unless something in it is wrong: then the keyboard goes there. */
  ask(...told) {
    const first = this.parts.find((part) => this.wrong.has(part.name));
    if (first) return this.#lead(first);
    this.fail(null);
    return this.trigger("submit", { owner: ownerWord(), told, turn: (this.turn += 1) });
  }

  /** The server answered: what is wrong is said, and the tab is told. */
  hear() {
    const turn = this.props.value?.turn;
    if (!turn || turn === this.heard) return; // of a double click only the first one is asked and answered
    this.heard = turn;
    this.answered(this.props.value);
    if (this.props.value.job) lookAgain();
    this.trigger("answered");
  }

  /** What the server answered last, for other parts. */
  answer() {
    return [this.props.value];
  }

  /** What the server answered: an error goes to the control at fault, or under the form. */
  answered(answer) {
    if (!answer?.error) return this.fail(null);
    const part =
      this.parts.find((one) => one.field === answer.field && String(one.part) === String(answer.facts?.key)) ??
      this.parts.find((one) => answer.field && [one.field, one.speaks].includes(answer.field));
    if (!part || !block(part)) return this.fail(answer.error);
    if (!part.numeric && block(part).classList.contains("fs")) return undefined; // an instrument says it itself
    this.#mark(part, answer.error);
    this.wrong.delete(part.name); // the server is asked again
    return this.#lead(part);
  }

  fail(sentence) {
    this.error.hidden = !sentence;
    if (sentence) fill(this.error, icon("warn"), h("span", {}, sentence));
  }

  #mark(part, sentence) {
    const place = block(part);
    if (sentence) this.wrong.set(part.name, sentence);
    else this.wrong.delete(part.name);
    if (!place) return;
    place.querySelector("input")?.setAttribute("aria-invalid", String(Boolean(sentence)));
    let said = place.querySelector(":scope > .wrong-text");
    if (!said && sentence) place.append((said = h("span.wrong-text", { role: "alert" })));
    if (said && said.textContent !== (sentence ?? "")) fill(said, sentence ?? null);
  }

  /** Opens the groups around a control and goes there. */
  #lead(part) {
    for (let fold = block(part)?.closest(".fold"); fold; fold = fold.parentElement?.closest(".fold")) {
      /** @type {HTMLElement} */ (fold.querySelector(":scope > button.label-wrap:not(.open)"))?.click();
    }
    const control = () => block(part)?.querySelector("input, select, textarea, button");
    requestAnimationFrame(() => /** @type {HTMLElement} */ (control())?.focus());
  }
}

const block = (part) => document.getElementById(part.id);

/** Gives a native control what Gradio does not: its unit, an own step of a box, one name for all choices of a radio. */
function dressed(part) {
  const place = block(part);
  if (!place) return;
  /** @type {NodeListOf<HTMLInputElement>} */
  const radios = place.querySelectorAll('input[type="radio"]');
  for (const radio of radios) if (radio.name !== part.id) radio.name = part.id;
  if (place.dataset.dressed === "yes") return;
  /** @type {HTMLInputElement | null} */
  const input = place.querySelector('input:not([type="range"])');
  if (!input) return;
  place.dataset.dressed = "yes";
  if (part.numeric && input.type === "number") input.step = "any";
  input.autocomplete = "off";
  const tip = place.querySelector(".info-text, [data-testid=info]");
  if (tip) {
    tip.id ||= `${part.id}-tip`;
    input.setAttribute("aria-describedby", tip.id);
  }
  if (part.unit && input.type === "number")
    input.after(h("span.unit", { "aria-hidden": "true" }, part.unit.replace(/^% .*/, "%")));
}

function problem(part, value) {
  /** @type {HTMLInputElement | null | undefined} */
  const input = block(part)?.querySelector('input[type="number"]');
  if (input?.validity.badInput) return "A number is wanted.";
  if (value === null || value === undefined || value === "") return null;
  if (part.whole && !Number.isInteger(value)) return "A whole number is wanted.";
  if ((part.low !== null && value < part.low) || (part.high !== null && value > part.high)) {
    return `From ${shown(part.low)} to ${shown(part.high)}.`;
  }
  return null;
}

const shown = (bound) => (Math.abs(bound) >= 1000 ? count(bound) : String(bound));

/** Values by name that the last visit left, or null. */
function remembered(key, parts) {
  try {
    const { values, settings } = JSON.parse(localStorage.getItem(key)) ?? {};
    return values ?? (settings ? ofSettings(JSON.parse(localStorage.getItem(key)), parts) : null);
  } catch {
    return null; // not ours
  }
}

/** Settings as a preset holds them, by the names of the controls: what visits before this form left. */
function ofSettings({ settings, ...beside }, parts) {
  const one = ({ field, part }) => (part === null ? settings[field] : settings[field]?.[part]);
  const pairs = parts.map((part) => [part.name, part.field === null ? beside[part.name] : one(part)]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

function keep(key, values) {
  try {
    const { settings, ...before } = JSON.parse(localStorage.getItem(key)) ?? {};
    localStorage.setItem(key, JSON.stringify({ ...before, values }));
  } catch {
    // no storage here: the values are there until the page is closed
  }
}
