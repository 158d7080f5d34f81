// A drawer: the column around this element. It is shown and hidden here, without the server; whoever opened it gets the
// keyboard back when it closes.

import { fill, h, icon } from "../dom.js";

const DISABLED = { attributes: true, attributeFilter: ["disabled"], subtree: true };
const FIRST = "button.primary:not(:disabled), input:not(:disabled), button:not(:disabled)";

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  return new Drawer(element, props.title, trigger);
}

class Drawer {
  constructor(element, title, trigger) {
    this.trigger = trigger;
    this.column = element.closest(".drawer");
    this.column.setAttribute("role", "complementary");
    this.column.setAttribute("aria-label", title);
    document.addEventListener("keydown", (event) => this.#key(event), true);
    this.column.addEventListener("focusin", (event) => (this.last = event.target));
    const close = { "aria-label": "Close (Esc)", title: "Close (Esc)", onclick: () => this.close() };
    fill(element, h("div.line", {}, h("h2", {}, title), h("button.ibtn", close, icon("x"))));
    this.element = element;
    new MutationObserver((changes) => this.#handOver(changes)).observe(this.column, DISABLED);
  }

  get isOpen() {
    return this.column.dataset.open === "yes";
  }

  open() {
    if (this.isOpen) return;
    this.before = /** @type {HTMLElement | null} */ (document.activeElement);
    this.column.dataset.open = "yes";
    this.trigger("opened");
    requestAnimationFrame(() => this.#first()?.focus());
  }

  close() {
    if (!this.isOpen) return;
    const had = this.column.contains(document.activeElement);
    this.column.dataset.open = "no";
    const back = this.before?.isConnected && this.before !== document.body ? this.before : null;
    if (had && back) back.focus({ preventScroll: true });
    else if (had) /** @type {HTMLElement} */ (document.activeElement).blur();
    this.trigger("closed");
  }

  /** Esc, wherever the keyboard is on this tab: not in a dialog above, nor in a list that it closes. */
  #key(event) {
    if (event.key !== "Escape" || !this.isOpen || !this.column.checkVisibility()) return;
    if (event.target.closest?.("dialog, .runs, [aria-expanded=true]")) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  /** Whoever was on a button that cannot be pressed any more goes on to the first thing that can be done. */
  #handOver(changes) {
    const at = document.activeElement;
    const gone = ({ target }) => target.disabled && target === (at === document.body ? this.last : at);
    if (this.isOpen && changes.some(gone)) this.#first()?.focus();
  }

  /** The first thing to do in it, none that opens a list; the button that closes it where there is nothing else. */
  #first() {
    const all = [...this.column.querySelectorAll(FIRST)].filter((one) => one.checkVisibility());
    const others = all.filter((one) => !this.element.contains(one) && !one.matches("[role=combobox]"));
    return others.find((one) => one.matches("button.primary")) ?? others[0] ?? all[0];
  }
}
