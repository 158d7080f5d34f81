// The list of one folder: subfolders first, then files. Only the rows in view are elements, so that thousands scroll
// smoothly; the keyboard moves through all of them.

import { fill, h, icon, oncePerFrame } from "../dom.js";
import { Looks, seen } from "./looks.js";
import { date, hasPictures, length, size } from "./words.js";

const ROW_PX = 44;
const SPARE_ROWS = 4;
const SETTLED_MS = 90;
const NATURAL = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const ORDERS = {
  name: (a, b) => NATURAL.compare(a.name, b.name),
  bytes: (a, b) => (a.bytes ?? 0) - (b.bytes ?? 0),
  changed_s: (a, b) => a.changed_s - b.changed_s,
};
const FOLDER = "M1.500 4.500a1 1 0 0 1 1-1h3.500l1.500 2h6a1 1 0 0 1 1 1v5.500a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1z";
const SHEET = "M4 1.500h5l3.500 3.500v9.500h-8.500zM9 1.500v3.500h3.500";

const UPLOAD = "M8 10.500v-8M5 5.500l3-3 3 3M3 13.500h10";
const drawn = (d) => h("svg.ic", { viewBox: "0 0 16 16", "aria-hidden": "true" }, h("path", { d }));

/** A line icon of the instrument's own. */
export const folderIcon = () => drawn(FOLDER);
const sheetIcon = () => drawn(SHEET);
export const uploadIcon = () => drawn(UPLOAD);

const isAll = (event) => event.key === "a" && (event.ctrlKey || event.metaKey);

export class FileList {
  /** `changed()`: the choice is another one; `enter(item)`: an item was opened or chosen. */
  constructor({ id, kind, multiple, changed, enter }) {
    this.id = id;
    this.kind = kind;
    this.multiple = multiple;
    this.changed = changed;
    this.enter = enter;
    this.order = { by: "name", down: false };
    this.all = this.items = [];
    this.filter = "";
    this.at = -1;
    this.from = -1;
    this.chosen = new Set();
    this.rows = new Map();
    this.looks = new Looks((file) => this.#drawAgain(file));
    this.space = h("div.space");
    this.element = h(
      "div.list",
      {
        id,
        role: "listbox",
        tabindex: 0,
        "aria-label": "Folders and files",
        "aria-multiselectable": multiple ? "true" : null,
        onscroll: oncePerFrame(() => this.draw()),
      },
      this.space,
    );
    this.element.addEventListener("click", (event) => this.#clicked(event));
    this.element.addEventListener("dblclick", (event) => this.#clickedTwice(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Shows a folder; `at` is the name on which the keyboard stands. */
  show({ folders, files, path }, at = null) {
    const line = (isFolder) => (entry) => ({ ...entry, isFolder, path: path(entry.name) });
    this.all = [...folders.map(line(true)), ...files.map(line(false))];
    this.chosen.clear();
    this.filter = "";
    this.#arrange();
    this.#goTo(
      Math.max(
        0,
        this.items.findIndex((item) => item.name === at),
      ),
    );
    if (at && this.items[this.at]?.name === at && !this.items[this.at].isFolder) this.#choose([this.items[this.at]]);
    this.changed();
  }

  /** Shows the items whose names hold this text. */
  keep(text) {
    this.filter = text.trim().toLowerCase();
    this.#arrange();
    this.#goTo(0);
    this.changed();
  }

  sort(by) {
    this.order = { by, down: this.order.by === by ? !this.order.down : by !== "name" };
    const item = this.items[this.at];
    this.#arrange();
    this.#goTo(Math.max(0, this.items.indexOf(item)));
  }

  get files() {
    return this.items.filter((item) => !item.isFolder);
  }

  /** The chosen files, in the order in which they are shown. */
  get picked() {
    return this.items.filter((item) => this.chosen.has(item));
  }

  /** A key that was pressed in the list or in the filter. Returns whether it meant something here. */
  key(event, inText) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_PX) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    if (!inText) Object.assign(steps, { Home: -this.items.length, End: this.items.length });
    if (event.key in steps && !event.altKey) this.#step(steps[event.key], event.shiftKey && this.multiple);
    else if (event.key === "Enter" && this.items[this.at]) this.enter(this.items[this.at]);
    else if (event.key === " " && !inText) this.#toggle(this.items[this.at]);
    else if (this.multiple && !inText && isAll(event)) this.#choose(this.files);
    else return false;
    return true;
  }

  draw() {
    const { scrollTop, clientHeight } = this.element;
    if (!clientHeight) return;
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - SPARE_ROWS);
    const last = Math.min(this.items.length, Math.ceil((scrollTop + clientHeight) / ROW_PX) + SPARE_ROWS);
    for (const [place, row] of this.rows) {
      if (place < first || place >= last || row.item !== this.items[place]) {
        row.element.remove();
        this.rows.delete(place);
      }
    }
    for (let place = first; place < last; place += 1) this.#row(place);
    this.element.setAttribute("aria-activedescendant", this.items.length ? `${this.id}-${this.at}` : "");
    clearTimeout(this.settling);
    if (hasPictures(this.kind)) this.settling = setTimeout(() => this.#look(), SETTLED_MS);
  }

  #look() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.floor(scrollTop / ROW_PX);
    const shown = this.items.slice(first, Math.ceil((scrollTop + clientHeight) / ROW_PX));
    this.looks.want(shown.filter((item) => !item.isFolder));
  }

  #arrange() {
    const { by, down } = this.order;
    const compare = (a, b) => (down ? -1 : 1) * ORDERS[by](a, b) || ORDERS.name(a, b);
    const kept = this.all.filter((item) => item.name.toLowerCase().includes(this.filter));
    const folders = kept.filter((item) => item.isFolder).sort(by === "bytes" ? ORDERS.name : compare);
    this.items = [...folders, ...kept.filter((item) => !item.isFolder).sort(compare)];
    this.chosen = new Set([...this.chosen].filter((item) => this.items.includes(item)));
    this.rows.forEach((row) => row.element.remove());
    this.rows.clear();
    this.space.style.height = `${this.items.length * ROW_PX}px`;
  }

  #goTo(place) {
    this.at = Math.min(Math.max(0, place), this.items.length - 1);
    const top = this.at * ROW_PX;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + ROW_PX > scrollTop + clientHeight) this.element.scrollTop = top + ROW_PX - clientHeight;
    this.#mark();
    this.draw();
  }

  #step(by, extends_) {
    if (this.from < 0 || !extends_) this.from = this.at;
    this.#goTo(this.at + by);
    const item = this.items[this.at];
    if (extends_) this.#choose(this.#between(this.from, this.at));
    else if (!this.multiple || this.chosen.size < 2) this.#choose(item && !item.isFolder ? [item] : []);
    if (!extends_) this.from = this.at;
  }

  #between(one, other) {
    return this.items.slice(Math.min(one, other), Math.max(one, other) + 1).filter((item) => !item.isFolder);
  }

  #choose(items) {
    this.chosen = new Set(items);
    this.#mark();
    this.changed();
  }

  #toggle(item) {
    if (!item || item.isFolder) return;
    if (!this.multiple) return this.#choose([item]);
    if (!this.chosen.delete(item)) this.chosen.add(item);
    this.#mark();
    this.changed();
  }

  #placeOf(event) {
    const row = event.target.closest("[data-place]");
    return row ? Number(row.dataset.place) : -1;
  }

  #clicked(event) {
    const place = this.#placeOf(event);
    if (place < 0) return;
    const [item, before] = [this.items[place], this.at];
    this.#goTo(place);
    if (item.isFolder) return this.enter(item);
    const box = event.target.closest(".choice");
    if (this.multiple && event.shiftKey) this.#choose(this.#between(this.from < 0 ? before : this.from, place));
    else if (this.multiple && (box || event.ctrlKey || event.metaKey)) this.#toggle(item);
    else this.#choose([item]);
    if (!event.shiftKey) this.from = place;
  }

  #clickedTwice(event) {
    const item = this.items[this.#placeOf(event)];
    if (item && !item.isFolder && !event.target.closest(".choice")) this.enter(item);
  }

  #mark() {
    for (const [place, { element, item }] of this.rows) {
      element.classList.toggle("at", place === this.at);
      element.setAttribute("aria-selected", String(this.chosen.has(item)));
    }
  }

  #row(place) {
    if (this.rows.has(place)) return;
    const item = this.items[place];
    const element = h("div.entry", {
      id: `${this.id}-${place}`,
      role: "option",
      style: `top: ${place * ROW_PX}px`,
      "data-place": place,
      "aria-setsize": this.items.length,
      "aria-posinset": place + 1,
    });
    this.rows.set(place, { element, item });
    this.#write(element, item);
    element.classList.toggle("at", place === this.at);
    element.setAttribute("aria-selected", String(this.chosen.has(item)));
    this.space.append(element);
  }

  #write(element, item) {
    const look = item.isFolder ? null : seen(item);
    const poster = Looks.poster(look);
    const long = look?.duration_s ? length(look.duration_s) : "";
    const heavy = item.isFolder ? "" : size(item.bytes);
    const broken = look?.state === "failed";
    const what = item.isFolder ? "folder" : [broken ? "cannot be read" : long, heavy].filter(Boolean).join(", ");
    element.setAttribute("aria-label", `${item.name}, ${what}`);
    element.classList.toggle("broken", broken);
    const picture = poster ? h("img", { src: poster, alt: "" }) : item.isFolder ? folderIcon() : sheetIcon();
    fill(
      element,
      this.multiple && h(item.isFolder ? "span.no-choice" : "span.choice", {}, !item.isFolder && icon("check")),
      h(item.isFolder ? "span.stamp.of-folder" : "span.stamp", {}, picture),
      h("span.name", { title: item.name }, h("b", {}, item.name), h("small", {}, item.isFolder ? "Folder" : what)),
      h("span.num.long", {}, broken ? "unreadable" : long),
      h("span.num.heavy", {}, heavy),
      h("span.num.day", {}, date(item.changed_s)),
      item.isFolder && h("span.into", {}, icon("next")),
    );
  }

  #drawAgain(file) {
    for (const { element, item } of this.rows.values()) if (item === file) this.#write(element, item);
  }
}
