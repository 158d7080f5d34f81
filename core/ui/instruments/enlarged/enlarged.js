// One frame at full size, or up to four side by side, with all its numbers, and why it is kept or left out.

import { go, leavePicture, onPlace, place } from "../address.js";
import { count, fill, h } from "../dom.js";
import { keyName } from "../keys.js";
import { openRun } from "../open_run.js";
import { people } from "../people.js";
import { AMOUNTS, Bar } from "./bar.js";
import { Facts } from "./facts.js";
import { View } from "./view.js";
import { Zoom } from "./zoom.js";

const MOST = AMOUNTS[AMOUNTS.length - 1];

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new Enlarged(element, trigger);
}

class Enlarged {
  constructor(host, trigger) {
    this.trigger = trigger;
    this.far = 0;
    this.chosen = [];
    this.possible = 1;
    this.zoom = new Zoom(() => this.#place());
    this.views = [this.#newView()];
    this.view = this.views[0];
    this.facts = new Facts({
      mark: (what) => this.#mark(what),
      move: (places) => this.#move(places),
      pick: (row) => this.#pick(row),
      close: () => this.close(),
    });
    this.bar = new Bar({
      zoomBy: (steps) => this.view.zoomBy(steps),
      fit: () => this.zoom.fit(),
      actual: () => this.view.actual(),
      spread: (amount) => this.#spread(amount),
    });
    this.stage = h("div.stage", {}, this.view.element);
    const work = h("div.enlarged-work", {}, this.stage, this.bar.element);
    this.element = h("dialog.enlarge", { "aria-label": "Frame", tabindex: -1 }, work, this.facts.element);
    host.append(this.element);
    this.#listen();
  }

  #newView() {
    return new View(this.zoom, {
      drawn: () => this.#refresh(),
      toggled: () => this.#toggleFaces(),
      chosen: (view) => this.#choose(view),
    });
  }

  #listen() {
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("click", (event) => event.target === this.element && this.close());
    this.element.addEventListener("close", () => {
      this.#only(this.view);
      this.view.clear();
      this.zoom.fit();
      leavePicture();
      this.trigger("closed");
    });
    new ResizeObserver(() => this.#lay()).observe(this.stage);
    openRun.follow({
      emptied: () => this.close(),
      opened: (again) => again || this.close(),
      answered: (first) => (first ? this.#follow() : this.#refresh()),
      pictured: () => this.#refresh(),
    });
    onPlace(() => this.#follow());
    people.follow(() => this.#read());
  }

  // --- what the tab asks

  /** [how many places to move, from which row] since this was asked last. */
  step() {
    const far = this.far;
    this.far = 0;
    return [far, this.row];
  }

  /** [row] of the frame that was chosen here. */
  pick() {
    return [this.picked];
  }

  /** The row that keys act on; null: nothing is shown. */
  get row() {
    return this.view.row;
  }

  /** Shows a row of the table; `chosen` are those selected beside it, which `B` compares it with. */
  show(row, chosen = []) {
    if (row === undefined || !openRun.isReady) return;
    this.chosen = chosen;
    if (this.row !== row) {
      go({ filter: { frame: openRun.table.ordinal[row] } }, { replace: this.element.open });
      this.view.show(row);
    }
    if (!this.element.open) {
      this.view.isNew = true;
      this.element.showModal();
      this.element.focus(); // not its first button, which Space would press
      this.#lay();
    }
    this.#refresh();
    if (!this.element.contains(document.activeElement)) this.element.focus();
    this.#place();
  }

  /** Shows a row with those that are selected beside it, else with the next one. */
  compare(row, chosen = []) {
    if (row === undefined || !openRun.isReady) return;
    const among = chosen.length < 2 || chosen.includes(row);
    this.show(among ? row : Math.min(...chosen), chosen);
    this.#spread(chosen.length > 2 ? MOST : 2);
    if (!among) this.#pick(this.row);
  }

  close() {
    if (this.element.open) this.element.close();
  }

  /** Shows the frame of the page's address, once its run is there. */
  #follow() {
    const { tab, run, filter } = place();
    if (!openRun.isReady || !openRun.answer || run !== openRun.run.id) return;
    const row = filter.frame === null ? -1 : openRun.table.rowOf(filter.frame);
    if (tab === "filter" && row >= 0) {
      if (row === this.row) return this.#refresh();
      return this.#pick(row);
    }
    this.close();
    if (filter.frame !== null) openRun.notice(`Frame ${count(filter.frame)} of this address is not in the run.`);
  }

  #pick(row) {
    this.picked = row;
    this.trigger("picked");
  }

  /** Goes on in the gallery's order; frames that stand beside are passed over. */
  #move(places) {
    const others = new Set(this.views.map((view) => view.row).filter((row) => row !== this.row));
    const rows = others.size ? openRun.listing.rows() : [];
    const from = rows.indexOf(this.row);
    let far = places;
    while (from >= 0 && others.has(rows[from + far])) far += Math.sign(places);
    if (from >= 0 && rows[from + far] === undefined) return;
    this.far += far;
    this.trigger("moved");
  }

  #mark(what) {
    openRun.mark(what, [this.row]);
  }

  // --- side by side

  /** Keys act on this view from now on. */
  #choose(view) {
    if (view === this.view || view.row === null) return;
    this.view = view;
    this.#refresh();
    this.#pick(view.row); // the gallery goes there, and the address
  }

  /** So many frames side by side: those that are selected in the gallery, else those after it. */
  #spread(amount) {
    if (amount === 1) this.#only(this.view);
    else this.#beside(this.#company(amount));
    this.#lay();
    this.#refresh();
  }

  /** Rows to be shown with the current one, in their order, it among them. */
  #company(amount) {
    const rows = this.#areSelected ? [...this.chosen].sort((a, b) => a - b) : openRun.listing.rows();
    const at = Math.max(0, rows.indexOf(this.row));
    const from = Math.max(0, Math.min(at, rows.length - amount));
    const found = rows.slice(from, from + amount);
    return found.includes(this.row) ? found : [this.row, ...found].slice(0, amount);
  }

  #beside(rows) {
    const shown = new Map(this.views.map((view) => [view.row, view]));
    this.views = rows.map((row) => shown.get(row) ?? this.#newView());
    fill(
      this.stage,
      this.views.map((view) => view.element),
    );
    this.views.forEach((view, i) => view.show(rows[i]));
  }

  #only(view) {
    this.views = [view];
    fill(this.stage, view.element);
  }

  /** Whether those that are selected in the gallery are compared, not those that follow there. */
  get #areSelected() {
    return this.chosen.length > 1 && this.chosen.includes(this.row);
  }

  /** The views in the rows and columns in which their pictures are largest. */
  #lay() {
    if (!this.element.open || !openRun.run) return;
    const [width, height] = this.view.size;
    const amount = this.views.length;
    const large = (columns) => {
      const lines = Math.ceil(amount / columns);
      return Math.min(this.stage.clientWidth / columns / width, this.stage.clientHeight / lines / height);
    };
    const [columns] = this.views.map((_, i) => i + 1).sort((a, b) => large(b) - large(a));
    this.stage.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.#place();
  }

  #place() {
    if (!this.element.open || this.row === null || !openRun.isReady) return;
    this.views.forEach((view) => view.place());
    const { isFitted } = this.zoom;
    this.bar.show({ scale: this.view.scale, isFitted, amount: this.views.length, possible: this.possible });
  }

  // --- what is said

  /** The faces of the run were compared or grouped anew, or are about to be. */
  #read() {
    const { mark: faces, references, people: known } = people.found ?? {};
    const mark = JSON.stringify([faces, references, known?.map((one) => one.name)]);
    if (this.row !== null && mark !== this.mark) this.views.forEach((view) => view.faces.show(view.row));
    else this.#refresh();
    this.mark = mark;
  }

  #toggleFaces() {
    const on = !this.view.faces.isOn;
    this.views.forEach((view) => view.faces.turn(on));
    this.#refresh();
  }

  /** Shows the facts anew, after the selection changed. */
  #refresh() {
    if (this.row === null || !openRun.answer || !openRun.isReady) return;
    const rows = this.views.map((view) => view.row);
    this.possible = Math.max(rows.length, (this.#areSelected ? this.chosen : openRun.listing.rows()).length);
    this.facts.show(this.row, rows, this.view.faces.list());
    this.views.forEach((view, i) => view.label(i + 1, rows.length, view === this.view));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target.closest("button");
    const next = AMOUNTS.find((amount) => Math.min(amount, this.possible) > this.views.length) ?? 1;
    const keys = {
      ArrowLeft: () => this.#move(-1),
      ArrowRight: () => this.#move(1),
      ArrowUp: () => this.#move(-1),
      ArrowDown: () => this.#move(1),
      k: () => this.#mark("keep"),
      x: () => this.#mark("reject"),
      f: () => this.#toggleFaces(),
      b: () => this.#spread(next),
      "<": () => this.view.zoomBy(-1),
      ">": () => this.view.zoomBy(1),
      z: () => openRun.choices.undo(),
      "Shift+z": () => openRun.choices.redo(),
      Enter: onButton ? null : () => this.close(),
      " ": onButton ? null : () => this.close(),
    };
    for (let i = 1; i <= this.views.length; i += 1) keys[i] = () => this.#choose(this.views[i - 1]);
    const act = keys[keyName(event)];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}
