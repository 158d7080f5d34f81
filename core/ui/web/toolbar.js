// Above the gallery: the view, the sort and the size of the pictures.

import { count, fill, h, icon, title } from "./dom.js";
import { DUPLICATES } from "./listing.js";

const DENSITY = "framesieve.density";

export class Toolbar {
  /** `listing` is what is chosen here; `does`: { view(name), listed() after another sort, resized(width) }. */
  constructor(listing, does) {
    this.listing = listing;
    this.does = does;
    this.views = h("div.seg", { role: "group", "aria-label": "View" });
    this.sorter = h("select.ctl", { "aria-label": "Sort by", onchange: () => this.#sort() });
    this.direction = h("button.ibtn", { onclick: () => this.#turn() });
    this.density = h("input.plain", { type: "range", min: 80, max: 320, step: 8, "aria-label": "Size of the pictures" });
    this.density.value = Number(localStorage.getItem(DENSITY)) || 144;
    this.density.addEventListener("input", () => {
      localStorage.setItem(DENSITY, this.density.value);
      does.resized(this.size);
    });
    this.saved = h("span.sub.saved", { role: "status" });
    this.element = h("div.toolbar", {}, this.views, this.sorter, this.direction, h("label.dens", {}, "Size", this.density), h("span.gap"), this.saved);
  }

  /** Width of a picture in pixels. */
  get size() {
    return Number(this.density.value);
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
    const views = [["all", "All", frames], ["kept", "Kept", kept], ["rejected", "Rejected", frames - kept]];
    if (!this.views.children.length) {
      fill(this.views, views.map(([view, text]) => h("button", { onclick: () => this.does.view(view) }, text, h("span.sub.num"))));
    }
    views.forEach(([view, , amount], i) => {
      const button = this.views.children[i];
      button.setAttribute("aria-pressed", String(!peek && on === view));
      button.lastChild.textContent = count(amount);
      button.lastChild.style.minWidth = `${count(frames).length}ch`;
    });
  }

  #sort() {
    this.listing.sortBy(this.sorter.value || null);
    this.#showDirection();
    this.does.listed();
  }

  #turn() {
    this.listing.turn();
    this.#showDirection();
    this.does.listed();
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
