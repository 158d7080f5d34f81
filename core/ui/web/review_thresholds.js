// Confidence, overlap and classes: what of the detections is shown. They act on what the browser has, at once.

import { count, fill, h } from "./dom.js";

const DEFAULTS = { conf: 0.25, iou: 0.7 };
const LOWEST = 0.05;

export class Thresholds {
  /** `kept`: of an earlier visit; `changed()` after every move. */
  constructor(kept, changed) {
    this.changed = changed;
    this.hidden = new Set();
    this.conf = range("Confidence at least", { min: LOWEST, max: 0.95, value: kept.conf ?? DEFAULTS.conf }, changed);
    this.iou = range("Overlap (IoU) at most", { min: 0.05, max: 0.95, value: kept.iou ?? DEFAULTS.iou }, changed);
    this.note = h("p.sub");
    this.chips = h("div.chips.class-chips", { role: "group", "aria-label": "Classes" });
    this.classes = h("div.classes", { hidden: true }, h("h3", {}, "Classes"), this.chips);
    this.element = h("section.thresholds", {}, this.conf.element, this.iou.element, this.note, this.classes);
    this.open(null);
  }

  /** `head`: of the detections that are shown now, or nothing. */
  open(head) {
    const cached = head?.origin ?? null;
    const off = Boolean(head?.end_to_end);
    this.iou.input.disabled = off;
    this.iou.element.classList.toggle("off", off);
    const floor = head?.conf_floor;
    this.conf.input.min = floor && floor > LOWEST ? floor : LOWEST;
    this.conf.show();
    const names = head?.names ?? [];
    this.names = names;
    for (const kind of [...this.hidden]) if (kind >= names.length) this.hidden.delete(kind);
    this.note.textContent = off
      ? "These weights choose their boxes themselves (end to end), so that overlap has nothing to act on."
      : cached === "original"
        ? "This cache does not say how its boxes were thinned: overlap can only take more of them away."
        : head?.nms_iou
          ? `Boxes that overlap by more than ${head.nms_iou} were left out when the cache was made.`
          : "";
    this.note.hidden = !this.note.textContent;
    this.classes.hidden = names.length === 0;
    if (head) this.counts(new Map(head.counts.map((amount, kind) => [kind, amount])), (kind) => names[kind]);
    else fill(this.chips);
  }

  /** What the detections are to be thinned by: { least, iou, hidden }. */
  values(head) {
    return { least: this.conf.value(), iou: head.end_to_end ? null : this.iou.value(), hidden: this.hidden };
  }

  kept() {
    return { conf: this.conf.value(), iou: this.iou.value() };
  }

  /** `perClass`: Map class -> boxes in the whole video. */
  counts(perClass, name) {
    const kinds = [...new Set([...perClass.keys(), ...this.hidden])].filter((kind) => perClass.get(kind) || this.hidden.has(kind) || this.listed?.has(kind));
    kinds.sort((a, b) => a - b);
    this.listed = new Set(kinds);
    this.classes.hidden = kinds.length === 0;
    const old = new Map([...this.chips.children].map((chip) => [chip.dataset.kind, chip]));
    fill(
      this.chips,
      kinds.map((kind) => {
        const amount = count(perClass.get(kind) ?? 0);
        const chip = old.get(String(kind)) ?? h("button.chip", { "data-kind": kind, onclick: () => this.#toggle(kind) }, h("span", {}, name(kind) ?? `class ${kind}`), h("b.num"));
        chip.lastChild.textContent = amount;
        chip.setAttribute("aria-pressed", String(!this.hidden.has(kind)));
        return chip;
      }),
    );
  }

  #toggle(kind) {
    if (!this.hidden.delete(kind)) this.hidden.add(kind);
    const chip = [...this.chips.children].find((one) => one.dataset.kind === String(kind));
    chip?.setAttribute("aria-pressed", String(!this.hidden.has(kind)));
    chip?.blur();
    this.changed();
  }
}

function range(label, { min, max, value }, changed) {
  const input = h("input.plain", { type: "range", min, max, step: 0.01, "aria-label": label });
  input.value = value;
  const shown = h("output.num");
  const show = () => (shown.textContent = Number(input.value).toFixed(2));
  input.addEventListener("input", () => {
    show();
    changed();
  });
  input.addEventListener("pointerup", () => input.blur());
  show();
  return { element: h("div.slider-line", {}, h("span", {}, label), shown, input), input, show, value: () => Number(input.value) };
}
