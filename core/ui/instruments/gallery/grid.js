// The gallery: any number of frames, but only as many cells as are seen. Cells are made once and reused.

import { count, fill, h, icon, oncePerFrame } from "../dom.js";

const GAP = 8;
const CAPTION = 20;
const ROWS_AHEAD = 1;

export class Grid {
  /**
   * `look` tells how a row looks: { kept, why, copies, stacked, ordinal, value, picture, label }.
   * `does` is told what happens: { enlarge(row), peekCopies(row), seen(rows), selected() }.
   */
  constructor(look, does) {
    this.look = look;
    this.does = does;
    this.rows = [];
    this.at = 0;
    this.anchor = 0;
    this.size = 144;
    this.aspect = 16 / 9;
    this.chosen = new Set();
    this.cells = [];
    this.pad = h("div.pad");
    this.empty = h("div.nothing", { hidden: true });
    this.element = h(
      "div.grid",
      { role: "listbox", tabindex: 0, "aria-multiselectable": "true", "aria-label": "Frames" },
      this.pad,
      this.empty,
    );
    this.draw = oncePerFrame(() => this.paint());
    this.element.addEventListener("scroll", this.draw);
    this.element.addEventListener("click", (event) => this.#clicked(event));
    new ResizeObserver(() => this.layout()).observe(this.element);
  }

  /** Shows these rows of the table; the frame that was current stays current if it is still there. */
  show(rows, { keepPlace = true } = {}) {
    const current = this.rows[this.at];
    this.rows = rows;
    const place = keepPlace && current !== undefined ? rows.indexOf(current) : 0;
    this.at = place >= 0 ? place : Math.min(this.at, Math.max(0, rows.length - 1));
    if (!keepPlace) this.element.scrollTop = 0;
    this.layout();
  }

  get current() {
    return this.rows[this.at];
  }

  /** Rows that keep and reject act on: the selected ones, else the current one. */
  get targets() {
    if (this.chosen.size) return [...this.chosen];
    return this.current === undefined ? [] : [this.current];
  }

  layout() {
    const style = getComputedStyle(this.element);
    const width = this.element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (width < 50) return;
    const wanted = this.size * Math.sqrt(this.aspect / (16 / 9));
    this.columns = Math.max(1, Math.floor((width + GAP) / (wanted + GAP)));
    this.cellWidth = (width - GAP * (this.columns - 1)) / this.columns;
    this.pictureHeight = Math.round(this.cellWidth / this.aspect);
    this.cellHeight = this.pictureHeight + CAPTION;
    const lines = Math.ceil(this.rows.length / this.columns);
    this.pad.style.height = `${lines * (this.cellHeight + GAP)}px`;
    this.paint();
  }

  paint() {
    if (!this.columns) return;
    const step = this.cellHeight + GAP;
    const firstLine = Math.max(0, Math.floor(this.element.scrollTop / step) - ROWS_AHEAD);
    const lines = Math.ceil(this.element.clientHeight / step) + 2 * ROWS_AHEAD + 1;
    const needed = lines * this.columns;
    while (this.cells.length < needed) this.#addCell();
    const seen = [];
    this.cells.forEach((cell, i) => {
      const place = firstLine * this.columns + i;
      const row = i < needed ? this.rows[place] : undefined;
      cell.element.hidden = row === undefined;
      if (row === undefined) {
        cell.element.removeAttribute("id");
        return;
      }
      seen.push(row);
      this.#paintCell(cell, place, row);
    });
    this.element.setAttribute("aria-activedescendant", this.rows.length ? `frame-${this.current}` : "");
    this.does.seen(seen);
  }

  /** Moves the current frame by so many places; with `extend` everything between gets selected. */
  move(places, extend = false) {
    if (!this.rows.length) return;
    const to = Math.max(0, Math.min(this.rows.length - 1, this.at + places));
    if (extend) for (let i = Math.min(this.at, to); i <= Math.max(this.at, to); i++) this.chosen.add(this.rows[i]);
    this.at = to;
    this.reveal();
    this.draw();
    if (extend) this.does.selected();
  }

  reveal() {
    const top = Math.floor(this.at / this.columns) * (this.cellHeight + GAP);
    const bottom = top + this.cellHeight + 2 * GAP;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.element.scrollTop = bottom - clientHeight;
  }

  goTo(row) {
    const place = this.rows.indexOf(row);
    if (place < 0) return;
    this.at = place;
    this.reveal();
    this.draw();
  }

  toggle(row = this.current) {
    if (row === undefined) return;
    if (!this.chosen.delete(row)) this.chosen.add(row);
    this.anchor = this.at;
    this.draw();
    this.does.selected();
  }

  clear() {
    this.chosen.clear();
    this.draw();
    this.does.selected();
  }

  /** What to say instead of frames. */
  say(...content) {
    this.empty.hidden = content.length === 0;
    fill(this.empty, ...content);
  }

  get pageLines() {
    return Math.max(1, Math.floor(this.element.clientHeight / (this.cellHeight + GAP)));
  }

  #addCell() {
    const picture = h("img", { alt: "", decoding: "async", draggable: "false" });
    const holder = h("span.holder");
    const mark = h("span.mark");
    const copies = h("button.copies", { tabindex: -1 });
    const tick = h("span.tick", { "aria-hidden": "true", title: "Select (Space)" }, icon("check"));
    const name = h("span");
    const value = h("span");
    const parts = h("span.pic", {}, holder, picture, mark, copies, tick);
    const element = h("div.cell", { role: "option" }, parts, h("span.cap", {}, name, value));
    picture.addEventListener("load", () => picture.classList.add("there"));
    picture.addEventListener("error", () => picture.classList.remove("there"));
    this.cells.push({ element, picture, holder, mark, copies, tick, name, value, row: -1, source: null });
    this.element.append(element);
  }

  #paintCell(cell, place, row) {
    const { element } = cell;
    const look = this.look(row);
    const left = (place % this.columns) * (this.cellWidth + GAP);
    const top = Math.floor(place / this.columns) * (this.cellHeight + GAP);
    const size = `width:${this.cellWidth}px;height:${this.cellHeight}px`;
    element.style.cssText = `${size};transform:translate(${left}px,${top}px)`;
    cell.row = row;
    element.id = `frame-${row}`;
    element.dataset.place = place;
    element.dataset.ordinal = look.ordinal;
    element.classList.toggle("out", !look.kept);
    element.classList.toggle("at", place === this.at);
    element.setAttribute("aria-selected", String(this.chosen.has(row)));
    element.setAttribute("aria-label", look.label);
    element.setAttribute("aria-posinset", place + 1);
    element.setAttribute("aria-setsize", this.rows.length);
    if (cell.source !== look.picture) {
      cell.source = look.picture;
      cell.picture.classList.remove("there");
      if (look.picture) cell.picture.src = look.picture;
      else cell.picture.removeAttribute("src");
    }
    setText(cell.holder, count(look.ordinal));
    setText(cell.name, count(look.ordinal));
    setText(cell.value, look.value);
    this.#paintMark(cell, look);
  }

  #paintMark(cell, look) {
    const state = `${look.kept}|${look.why}|${look.copies}|${look.stacked}`;
    if (cell.state === state) return;
    cell.state = state;
    fill(cell.mark, icon(look.kept ? "check" : "x"), look.why);
    cell.copies.hidden = !look.copies;
    cell.element.classList.toggle("stack", look.stacked && look.copies > 0);
    cell.copies.title = "Show this frame and its duplicates (D)";
    cell.copies.setAttribute("aria-label", `${look.copies} duplicates`);
    fill(cell.copies, icon("copies"), count(look.copies));
  }

  #clicked(event) {
    const element = event.target.closest(".cell");
    if (!element) return;
    const place = Number(element.dataset.place);
    const row = this.rows[place];
    if (event.target.closest(".copies")) {
      this.does.peekCopies(row);
      return;
    }
    const before = this.at;
    this.at = place;
    this.element.focus({ preventScroll: true });
    if (event.shiftKey) {
      for (let i = Math.min(before, place); i <= Math.max(before, place); i++) this.chosen.add(this.rows[i]);
      this.does.selected();
    } else if (event.ctrlKey || event.metaKey || event.target.closest(".tick")) {
      this.toggle(row);
    } else {
      this.does.enlarge(row);
    }
    this.draw();
  }
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
