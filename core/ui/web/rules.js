// The filters that are not ranges: duplicates, quotas, at least, shots. Help and limits come from core/config.py.

import { fill, h, isTyping, removed, title, typed } from "./dom.js";
import { HAS_COLOURS, HAS_HASH } from "./table.js";

export class Rules {
  /** `knobs` are the facts of each field of `FilterSettings`. */
  constructor(choices, knobs) {
    this.element = h("div.rules");
    this.choices = choices;
    this.knobs = knobs;
    this.parts = [];
  }

  build(table) {
    this.parts = [];
    const hasShots = table.shot.some((shot) => shot >= 0);
    fill(this.element, this.#duplicates(table), this.#quotas(table, hasShots), hasShots && this.#shots());
    this.show();
  }

  show() {
    this.parts.forEach((part) => part.show());
  }

  draw(answer) {
    const told = (name) => (answer.onlyBy[name] === undefined ? "" : removed(answer.onlyBy[name]));
    this.duplicatesOut.textContent = told("duplicate");
    this.quotasOut.textContent = told("quota");
  }

  #duplicates(table) {
    const knob = this.knobs.dedup;
    const hashed = table.flags.some((flags) => flags & HAS_HASH);
    const coloured = table.flags.every((flags) => !(flags & HAS_HASH) || flags & HAS_COLOURS);
    const old = !coloured && h("p.sub", {}, "Recorded before colours were noted: hashes decide alone. Extract again as a new run to tell other colours apart.");
    const on = h("input", { type: "checkbox", disabled: !hashed });
    const slider = h("input.plain", { type: "range", min: knob.low, max: knob.high, step: 1, "aria-label": "Bits that duplicates may differ in" });
    const bits = h("output.num");
    this.duplicatesOut = h("span.only", { title: "frames removed as duplicates" });
    let last = 5;
    on.addEventListener("change", () => this.choices.apply({ dedup: on.checked ? last : null }));
    slider.addEventListener("input", () => this.choices.preview({ dedup: Number(slider.value) }));
    slider.addEventListener("change", () => this.choices.settle());
    const show = () => {
      const bound = this.choices.filters.dedup ?? null;
      last = bound ?? last;
      on.checked = bound !== null;
      slider.disabled = bound === null;
      slider.value = last;
      if (old) old.hidden = bound === null;
      bits.textContent = bound === null ? "" : `${last} ${last === 1 ? "bit" : "bits"}`;
    };
    this.parts.push({ show });
    const text = hashed ? knob.help : "This run has no hashes, so duplicates cannot be found.";
    return h(
      "section.rule",
      { title: text },
      h("div.line", {}, h("label.check", {}, on, h("b", {}, "Remove near-duplicates")), this.duplicatesOut, h("span.gap"), bits),
      slider,
      old,
    );
  }

  #quotas(table, hasShots) {
    const columns = table.rules.columns.filter((column) => table.values.has(column));
    const rank = h("select.ctl", { "aria-label": "Best by", title: this.knobs.rank_by.help }, columns.map((c) => h("option", { value: c }, title(c))));
    rank.addEventListener("change", () => this.choices.apply({ rank_by: rank.value }));
    this.parts.push({ show: () => (rank.value = this.choices.filters.rank_by) });
    this.quotasOut = h("span.only", { title: "frames removed by these quotas" });
    const window = this.#number("window", "s");
    return h(
      "section.rule",
      {},
      h("div.line", {}, h("b", {}, "Keep only the best"), this.quotasOut, h("span.gap")),
      h("label.line", {}, h("span", {}, "best by"), rank),
      h(
        "div.quotas",
        {},
        h("span", {}, "in all"), this.#number("top", "frames"), this.#number("top_percent", "%"),
        hasShots && [h("span", {}, "of each shot"), this.#number("per_shot", "frames"), this.#number("per_shot_percent", "%")],
        h("span.with-box", {}, "of each", window), this.#number("per_window", "frames"), this.#number("per_window_percent", "%"),
        h("span", { title: this.knobs.at_least.help }, "but at least"), this.#number("at_least", "frames"), h("span"),
      ),
    );
  }

  #number(name, unit) {
    const knob = this.knobs[name];
    const box = h("input.bound", { type: "text", inputmode: "decimal", placeholder: "any", "aria-label": `${knob.help} (${unit})` });
    const whole = knob.whole;
    const take = () => {
      const value = box.value.trim() === "" ? knob.default : Number(box.value.replace(",", "."));
      const fits = value === null || (Number.isFinite(value) && value >= knob.low && value <= knob.high && (!whole || Number.isInteger(value)));
      box.classList.toggle("wrong", !fits);
      box.setAttribute("aria-invalid", String(!fits));
      box.title = fits ? knob.help : `Wanted is ${whole ? "a whole number" : "a number"} from ${knob.low} to ${knob.high}.`;
      if (fits) this.choices.apply({ [name]: value });
    };
    const show = () => {
      if (isTyping(box)) return;
      const value = this.choices.filters[name] ?? null;
      box.value = value === null ? "" : String(value);
      box.classList.remove("wrong");
      box.removeAttribute("aria-invalid");
      box.title = knob.help;
    };
    typed(box, take, show);
    this.parts.push({ show });
    return h("label.unit", {}, box, h("span.sub", {}, unit));
  }

  #shots() {
    const knob = this.knobs.shots;
    const box = h("input.bound.wide", { type: "text", placeholder: "all, or 0-3, 7", "aria-label": knob.help, title: knob.help });
    const take = () => {
      const shots = parseShots(box.value);
      box.classList.toggle("wrong", shots === undefined);
      if (shots !== undefined) this.choices.apply({ shots });
    };
    const show = () => {
      if (isTyping(box)) return;
      box.value = shotText(this.choices.filters.shots ?? null);
      box.classList.remove("wrong");
    };
    typed(box, take, show);
    this.parts.push({ show });
    return h("section.rule", {}, h("label.line", {}, h("b", {}, "Shots"), box));
  }
}

/** "0-3, 7" -> [0, 1, 2, 3, 7]; "" -> null; undefined when it is neither. */
export function parseShots(text) {
  if (text.trim() === "") return null;
  const found = [];
  for (const word of text.split(/[\s,;]+/).filter(Boolean)) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(word);
    if (!match) return undefined;
    const last = Number(match[2] ?? match[1]);
    for (let shot = Number(match[1]); shot <= last; shot++) found.push(shot);
  }
  return found;
}

export function shotText(shots) {
  if (shots === null) return "";
  const parts = [];
  for (const shot of shots) {
    const last = parts.at(-1);
    if (last && last[1] + 1 === shot) last[1] = shot;
    else parts.push([shot, shot]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(", ");
}
