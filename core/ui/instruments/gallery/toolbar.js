// Above the gallery: the view, the sort and the size of the pictures; and the words for whether all is saved.

import { count, fill, h, icon, title } from "../dom.js";
import { DUPLICATES } from "../listing.js";
import { openRun } from "../open_run.js";

const DENSITY = "framesieve.density";

export class Toolbar {
  /** `does`: { resized(width) }. */
  constructor(does) {
    this.listing = openRun.listing;
    this.views = h("div.seg", { role: "group", "aria-label": "View" });
    this.sorter = h("select.ctl", { "aria-label": "Sort by", onchange: () => this.#sort() });
    this.direction = h("button.ibtn", { onclick: () => this.#turn() });
    const widths = { type: "range", min: 80, max: 320, step: 8 };
    const fold = { "aria-label": "Stacks", onclick: () => this.turnStacks() };
    this.stacks = h("button.btn.stacks", fold, icon("copies"), h("span", {}, "Stacks"));
    this.density = h("input.plain", { ...widths, "aria-label": "Size of the pictures" });
    this.density.value = String(Number(localStorage.getItem(DENSITY)) || 144);
    this.density.addEventListener("input", () => {
      localStorage.setItem(DENSITY, this.density.value);
      does.resized(this.size);
    });
    this.saved = h("span.sub.saved", { role: "status" });
    const size = h("label.dens", {}, h("span", {}, "Size"), this.density);
    const sorting = h("div.sorting", {}, this.sorter, this.direction);
    this.element = h("div.toolbar", {}, this.views, sorting, this.stacks, size);
  }

  /** Width of a picture in pixels. */
  get size() {
    return Number(this.density.value);
  }

  /** Whether all is saved: `saved` stands where the gallery puts it. */
  say(text) {
    if (this.saved.textContent !== text) this.saved.textContent = this.saved.title = text;
  }

  /** Another run was opened: its columns to sort by. */
  open(table) {
    const columns = table.rules.columns.filter((column) => table.values.has(column));
    fill(
      this.sorter,
      h("option", { value: "" }, "Sort: time"),
      columns.map((column) => h("option", { value: column }, `Sort: ${title(column).toLowerCase()}`)),
      h("option", { value: DUPLICATES }, "Sort: duplicate groups"),
    );
    this.sorter.value = this.listing.sort.column ?? "";
    this.#showDirection();
  }

  /** Shows how many frames each view has, and which one is on. */
  show(frames, kept) {
    const { peek, view: on } = this.listing;
    const views = [
      ["all", "All", frames],
      ["kept", "Kept", kept],
      ["rejected", "Rejected", frames - kept],
    ];
    if (!this.views.children.length) {
      const button = ([view, text]) => h("button", { onclick: () => openRun.setView(view) }, text, h("span.sub.num"));
      fill(this.views, views.map(button));
    }
    views.forEach(([view, , amount], i) => {
      const button = this.views.children[i];
      button.setAttribute("aria-pressed", String(!peek && on === view));
      const shown = /** @type {HTMLElement} */ (button.lastChild);
      shown.textContent = count(amount);
      shown.style.minWidth = `${count(frames).length}ch`;
    });
    this.#showStacks();
  }

  turnStacks() {
    if (this.listing.canStack) openRun.stack(!this.listing.stacked);
  }

  #showStacks() {
    const { canStack, copies, stacked } = this.listing;
    this.stacks.setAttribute("aria-pressed", String(stacked && canStack));
    this.stacks.setAttribute("aria-disabled", String(!canStack));
    this.stacks.title = copies.size
      ? "Near-duplicates fold under the best of them, in the view of all (G)"
      : "Near-duplicates fold under the best of them, once Remove near-duplicates finds some (G)";
  }

  #sort() {
    this.listing.sortBy(this.sorter.value || null);
    this.#showDirection();
    openRun.sorted();
  }

  #turn() {
    this.listing.turn();
    this.#showDirection();
    openRun.sorted();
  }

  #showDirection() {
    const { sort } = this.listing;
    const label = sort.sign > 0 ? "Ascending; press for descending" : "Descending; press for ascending";
    this.direction.setAttribute("aria-label", label);
    this.direction.title = label;
    this.direction.disabled = sort.column === DUPLICATES;
    fill(this.direction, icon(sort.sign > 0 ? "up" : "down"));
  }
}
