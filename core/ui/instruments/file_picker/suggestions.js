// Recent values under the field: they open while it is empty or something fits, and are chosen by mouse or arrows.

import { fill, h } from "../dom.js";
import { recent } from "./recent.js";

export class Suggestions {
  /** `take(text)` is called with the value that was chosen. */
  constructor({ id, kind, input, take }) {
    this.id = id;
    this.kind = kind;
    this.input = input;
    this.take = take;
    this.at = -1;
    this.texts = [];
    this.element = h("div.recent", { id, role: "listbox", "aria-label": "Recent values", popover: "manual" });
    const part = { role: "combobox", "aria-controls": id, "aria-expanded": "false", "aria-autocomplete": "list" };
    for (const [name, value] of Object.entries(part)) input.setAttribute(name, value);
    input.addEventListener("click", () => input.value || this.open());
    input.addEventListener("input", () => this.open());
    input.addEventListener("blur", () => this.close());
    this.element.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.element.addEventListener("click", (event) => {
      /** @type {HTMLElement | null} */
      const line = /** @type {Element} */ (event.target).closest("[role=option]");
      if (line) this.#choose(Number(line.dataset.place));
    });
    for (const name of ["scroll", "resize"]) addEventListener(name, (event) => this.#moved(event), true);
  }

  get isOpen() {
    return this.element.matches(":popover-open");
  }

  open() {
    const typed = this.input.value.trim().toLowerCase();
    this.texts = recent(this.kind).filter((text) => text.toLowerCase().includes(typed) && text !== this.input.value);
    this.at = -1;
    if (!this.texts.length) return this.close();
    const line = (text, place) => {
      const part = { id: `${this.id}-${place}`, role: "option", "data-place": place, title: text };
      const [, folder, name] = /^(.*[/\\])?([^/\\]*)$/.exec(text.replace(/[/\\]+$/, "")) ?? [null, "", text];
      return h("div", part, h("b", {}, name), folder && h("small", {}, folder));
    };
    fill(this.element, h("p", { "aria-hidden": "true" }, "Recent"), this.texts.map(line));
    const { left, bottom, width } = this.input.getBoundingClientRect();
    const wide = Math.max(width, Math.min(420, innerWidth - left - 8));
    this.element.style.cssText = `left: ${left}px; top: ${bottom + 4}px; width: ${wide}px`;
    if (!this.isOpen) this.element.showPopover();
    this.input.setAttribute("aria-expanded", "true");
    this.#mark();
  }

  close() {
    if (this.isOpen) this.element.hidePopover();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.at = -1;
  }

  /** A key in the field. Returns whether it was meant for the suggestions. */
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      if (!this.isOpen) this.open();
      if (!this.isOpen) return false;
      const places = this.texts.length + 1; // one of them is the field itself
      this.at = ((this.at + 1 + step + places) % places) - 1;
      this.#mark();
      return true;
    }
    if (!this.isOpen) return false;
    if (event.key === "Enter" && this.at >= 0) this.#choose(this.at);
    else if (event.key === "Escape") this.close();
    else return false;
    return true;
  }

  #choose(place) {
    const text = this.texts[place];
    this.close();
    this.take(text);
  }

  #moved(event) {
    if (this.isOpen && !this.element.contains(event.target)) this.close();
  }

  #mark() {
    const lines = this.element.querySelectorAll("[role=option]");
    lines.forEach((line, i) => line.setAttribute("aria-selected", String(i === this.at)));
    if (this.at < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", `${this.id}-${this.at}`);
  }
}
