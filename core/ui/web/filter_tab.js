// Filtering & Export: joins filters, gallery, enlarged frame and export drawer over one selection.

import { Choices } from "./choices.js";
import { clock, count, counted, fill, h, icon, number, oncePerFrame, title } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Enlarge } from "./enlarge.js";
import { Grid } from "./grid.js";
import { giveKeys } from "./keys.js";
import { Ranges } from "./ranges.js";
import { Rules } from "./rules.js";
import { onRun } from "./runs.js";
import { sorted } from "./select.js";
import { Selector } from "./selector.js";
import { read, readBytes } from "./server.js";
import { unpack } from "./table.js";
import { Thumbs } from "./thumbs.js";

const DENSITY = "framesieve.density";
const KEYS = [
  ["Arrows", "move in the gallery"],
  ["Home or End", "first or last frame"],
  ["Enter", "enlarge; again to close"],
  ["K", "keep by hand (again: take that back)"],
  ["X", "reject by hand (again: take that back)"],
  ["Space", "select"],
  ["Shift + Arrows", "select several"],
  ["Z", "undo"],
  ["Shift + Z", "redo"],
  ["D", "duplicates of this frame"],
  ["V", "all, kept, rejected"],
  ["E", "export"],
  ["Esc", "close, leave, clear"],
];

export function mount({ element }) {
  const tab = new FilterTab(element);
  onRun((run) => tab.open(run));
  window.framesieve = { ...window.framesieve, filter: tab }; // for tests and the console
}

class FilterTab {
  constructor(host) {
    this.host = host;
    this.run = this.table = this.answer = this.choices = this.thumbs = null;
    this.view = "all";
    this.sort = { column: null, sign: 1 };
    this.peek = null;
    this.copies = new Map();
    this.waiting = [];
    this.selector = new Selector(
      (answer) => this.#answered(answer),
      (columns) => this.#described(columns),
    );
    this.grid = new Grid((row) => this.#look(row), {
      enlarge: (row) => this.enlarge.show(row),
      peekCopies: (row) => this.#peekCopies(row),
      seen: (rows) => this.thumbs?.want("grid", rows),
      selected: () => this.#showBar(),
    });
    this.enlarge = new Enlarge(() => this, {
      move: (places) => this.#step(places),
      keep: () => this.#mark("keep", [this.enlarge.row]),
      reject: () => this.#mark("reject", [this.enlarge.row]),
      undo: () => this.choices.undo(),
      redo: () => this.choices.redo(),
      goTo: (row) => this.#goTo(row),
      closed: () => this.grid.element.focus({ preventScroll: true }),
    });
    this.drawer = new Drawer(() => this, () => this.settledDigest());
    this.drawer.closed = () => this.exportButton.focus();
    this.redraw = oncePerFrame(() => {
      this.grid.paint();
      this.drawer.drawSample();
    });
    this.#build();
    giveKeys(host, this.#keys(), KEYS);
  }

  // --- a run is opened

  async open(run) {
    this.choices?.close();
    this.thumbs?.close();
    this.run = run;
    this.digest = null;
    this.table = this.answer = this.choices = this.thumbs = null;
    this.#notice();
    if (run === null) return this.#empty("No run yet.", "Extract frames of a video first (python -m core extract VIDEO), or run make demo for a sample.");
    if (run.frames === 0) return this.#empty("This run has no frames yet.", "Its extraction has not recorded anything.");
    try {
      const [knobs, buffer] = await Promise.all([settings(), readBytes(`runs/${run.id}/columns/${run.version}`)]);
      if (this.run === run) this.#opened(run, knobs, buffer);
    } catch (error) {
      this.#empty("This run cannot be opened.", error.message);
    }
  }

  #opened(run, knobs, buffer) {
    this.table = unpack(buffer);
    this.copies = new Map();
    this.orders = new Map();
    this.peek = null;
    this.sort = { column: null, sign: 1 };
    this.grid.chosen.clear();
    this.grid.aspect = Math.max(0.4, Math.min(3, run.width / run.height));
    this.grid.say();
    this.thumbs = new Thumbs(run, this.table, () => this.redraw());
    const defaults = Object.fromEntries(Object.entries(knobs.filter).map(([name, knob]) => [name, knob.default]));
    this.choices = new Choices(run, defaults, (settled) => this.#changed(settled), (state) => this.#told(state));
    this.ranges = new Ranges(this.choices, (...bar) => this.#peekBar(...bar));
    this.rules = new Rules(this.choices, knobs.filter);
    this.rules.build(this.table);
    fill(this.filters, this.ranges.element, this.rules.element);
    this.#buildSorter();
    this.side.hidden = this.pane.hidden = false;
    this.blank.hidden = true;
    this.grid.show([], { keepPlace: false });
    this.selector.open(buffer);
    this.choices.restore();
    this.#changed(true);
    if (run.warning) this.#notice(run.warning);
    this.drawer.follow(run.export);
  }

  #described(columns) {
    this.ranges.build(columns);
  }

  #empty(heading, cure) {
    this.side.hidden = this.pane.hidden = true;
    this.blank.hidden = false;
    fill(this.blank, h("h2", {}, heading), h("p.sub", {}, cure));
  }

  // --- the selection changes

  #changed(settled) {
    this.digest = null;
    if (settled) {
      this.ranges.show();
      this.rules.show();
    }
    this.selector.ask(this.choices.filters, this.choices.hand(), settled);
  }

  #answered(answer) {
    if (this.choices === null) return; // another run is being opened
    const first = this.answer === null;
    this.answer = answer;
    this.copies = new Map();
    for (const original of answer.duplicateOf) {
      if (original >= 0) this.copies.set(original, (this.copies.get(original) ?? 0) + 1);
    }
    if (answer.digest && answer.newest) {
      this.digest = answer.digest;
      this.host.dataset.digest = answer.digest;
      this.waiting.splice(0).forEach((resolve) => resolve(answer.digest));
    }
    this.ranges.draw(answer);
    this.rules.draw(answer);
    this.#showReasons();
    this.#list(first);
    this.#showBar();
    this.enlarge.refresh();
    if (this.digest) this.drawer.changed();
  }

  /** Resolves to the digest of what is shown once nothing is being moved any more. */
  settledDigest() {
    if (this.digest) return Promise.resolve(this.digest);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.selector.ask(this.choices.filters, this.choices.hand(), true);
    });
  }

  #list(fromTop = false) {
    if (!this.answer) return;
    const { reason } = this.answer;
    const order = this.#order();
    const rows = [];
    for (let i = 0; i < this.table.frames; i++) {
      const row = order ? order[i] : this.sort.sign > 0 ? i : this.table.frames - 1 - i;
      if (this.peek ? this.peek.has(row) : this.view === "all" || (this.view === "kept") === (reason[row] === 0)) rows.push(row);
    }
    this.grid.show(rows, { keepPlace: !fromTop });
    this.host.dataset.shown = rows.length;
    this.#sayNothing(rows.length);
    this.#showViews();
  }

  #order() {
    const { column, sign } = this.sort;
    if (column === null) return null;
    const key = `${column}${sign}`;
    if (column === "duplicates") return this.#byGroups();
    if (!this.orders.has(key)) this.orders.set(key, sorted(this.table.values.get(column), sign));
    return this.orders.get(key);
  }

  /** Groups of duplicates together, the largest group first, then the rest in time order. */
  #byGroups() {
    const { duplicateOf } = this.answer;
    const head = (row) => (duplicateOf[row] >= 0 ? duplicateOf[row] : row);
    const size = (row) => this.copies.get(head(row)) ?? 0;
    const rows = Uint32Array.from({ length: this.table.frames }, (_, row) => row);
    return rows.sort((a, b) => size(b) - size(a) || head(a) - head(b) || (b === head(b)) - (a === head(a)) || a - b);
  }

  #sayNothing(shown) {
    if (shown) return this.grid.say();
    if (this.view === "kept" && !this.peek) {
      const reset = h("button.btn", { onclick: () => this.#reset() }, "Reset filters");
      return this.grid.say(h("p", {}, "No frame passes these filters."), reset);
    }
    return this.grid.say(h("p", {}, this.peek ? `No frames: ${this.peek.text}.` : "No frame is rejected."));
  }

  // --- how one frame looks

  #look(row) {
    const { table, answer, sort } = this;
    const ordinal = table.ordinal[row];
    const code = answer?.reason[row] ?? 0;
    const hand = this.choices.byHand(ordinal);
    const why = hand === "reject" || (hand && !code) ? "by hand" : code ? words(answer.names[code]) : "";
    const values = table.values.get(sort.column);
    const state = `${code ? "rejected" : "kept"}${why && ", "}${why}`;
    return {
      ordinal,
      kept: code === 0,
      why,
      copies: this.copies.get(row) ?? 0,
      picture: this.thumbs.of(row),
      value: values ? number(values[row]) : clock(table.ptsS[row]),
      label: `Frame ${ordinal}, ${state}`,
    };
  }

  // --- acting on frames

  #mark(what, rows) {
    const ordinals = rows.map((row) => this.table.ordinal[row]);
    if (!ordinals.length) return;
    const already = ordinals.every((ordinal) => this.choices.byHand(ordinal) === what);
    this.choices.mark(ordinals, already ? null : what);
  }

  #markTargets(what) {
    this.#mark(what, this.grid.targets);
  }

  /** In the enlarged view. A frame that has left the list (rejected in the view of the kept) counts as before its place. */
  #step(places) {
    const left = this.enlarge.row !== this.grid.current;
    this.grid.move(left && places > 0 ? places - 1 : places);
    this.enlarge.show(this.grid.current);
  }

  #goTo(row) {
    this.grid.goTo(row);
    this.enlarge.show(row);
  }

  #reset() {
    const { defaults } = this.choices;
    const { keep, reject, ...filters } = defaults;
    this.choices.apply(filters);
  }

  // --- looking at a part

  #setPeek(text, rows, key = null) {
    this.peek = rows ? Object.assign(new Set(rows), { text, key }) : null;
    this.#list(true);
    this.#showReasons();
  }

  #peekBar(column, low, high, last) {
    const values = this.table.values.get(column);
    const rows = [];
    values.forEach((value, row) => {
      if (value >= low && (last ? value <= high : value < high)) rows.push(row);
    });
    this.#setPeek(`${title(column)} ${number(low)} to ${number(high)}`, rows);
  }

  #peekReason(name, code) {
    if (this.peek?.key === name) return this.#setPeek(null, null);
    const rows = [];
    this.answer.reason.forEach((other, row) => other === code && rows.push(row));
    this.#setPeek(`rejected: ${words(name)}`, rows, name);
  }

  #peekCopies(row) {
    if (row === undefined || !this.answer) return;
    const { duplicateOf } = this.answer;
    const original = duplicateOf[row] >= 0 ? duplicateOf[row] : row;
    const rows = [original];
    duplicateOf.forEach((other, copy) => other === original && rows.push(copy));
    if (rows.length > 1) this.#setPeek(`frame ${count(this.table.ordinal[original])} and its duplicates`, rows);
  }

  // --- parts around the gallery

  #build() {
    this.filters = h("div.filters");
    this.reasons = h("div.chips.reasons", { role: "group", "aria-label": "Reasons for rejection; press one to see its frames" });
    this.views = h("div.seg", { role: "group", "aria-label": "View" });
    this.sorter = h("select.ctl", { "aria-label": "Sort by" });
    this.direction = h("button.ibtn", { onclick: () => this.#turnSort() });
    const density = h("input.plain", { type: "range", min: 80, max: 320, step: 8, "aria-label": "Size of the pictures" });
    density.value = Number(localStorage.getItem(DENSITY)) || 144;
    this.grid.size = Number(density.value);
    density.oninput = () => {
      this.grid.size = Number(density.value);
      localStorage.setItem(DENSITY, density.value);
      this.grid.layout();
      this.grid.reveal();
    };
    this.kept = h("b.num");
    this.rest = h("span.sub.num");
    this.saved = h("span.sub.saved", { role: "status" });
    this.picked = h("span.sub.num");
    this.noticeBar = h("div.notice", { hidden: true, role: "alert" });
    const act = (name, text, key, onclick) => h("button.btn", { onclick }, icon(name), text, h("kbd", {}, key));
    this.keepButton = act("check", "Keep", "K", () => this.#markTargets("keep"));
    this.rejectButton = act("x", "Reject", "X", () => this.#markTargets("reject"));
    this.undoButton = act("undo", "Undo", "Z", () => this.choices.undo());
    this.exportButton = h("button.btn.primary", { onclick: () => this.drawer.open() }, icon("out"), "Export");
    this.side = h(
      "div.side",
      { hidden: true },
      h("div.line", {}, h("h3", {}, "Filters"), h("button.link", { onclick: () => this.#reset() }, "Reset")),
      this.filters,
    );
    this.pane = h(
      "div.pane",
      { hidden: true },
      h("div.toolbar", {}, this.views, this.sorter, this.direction, h("label.dens", {}, "Size", density), h("span.gap"), this.saved),
      this.reasons,
      this.noticeBar,
      this.grid.element,
      h("div.selbar", {}, h("div.counts", {}, this.kept, this.rest), h("span.gap"), this.picked, this.keepButton, this.rejectButton, this.undoButton, this.exportButton),
      this.drawer.element,
    );
    this.blank = h("div.blank", {}, h("p.sub", {}, "Looking for runs ..."));
    fill(this.host, this.side, this.pane, this.blank, this.enlarge.element);
  }

  #buildSorter() {
    const columns = this.table.rules.columns.filter((column) => this.table.values.has(column));
    fill(
      this.sorter,
      h("option", { value: "" }, "Sort: time"),
      columns.map((column) => h("option", { value: column }, `Sort: ${title(column).toLowerCase()}`)),
      h("option", { value: "duplicates" }, "Sort: duplicate groups"),
    );
    this.sorter.onchange = () => {
      const column = this.sorter.value || null;
      const best = this.table.rules.lower_is_better.includes(column) ? 1 : -1;
      this.sort = { column, sign: column === null ? 1 : best };
      this.#showDirection();
      this.#list(true);
    };
    this.#showDirection();
  }

  #turnSort() {
    this.sort.sign = -this.sort.sign;
    this.#showDirection();
    this.#list(true);
  }

  #showDirection() {
    const label = this.sort.sign > 0 ? "Ascending; press for descending" : "Descending; press for ascending";
    this.direction.setAttribute("aria-label", label);
    this.direction.title = label;
    this.direction.disabled = this.sort.column === "duplicates";
    fill(this.direction, icon(this.sort.sign > 0 ? "up" : "down"));
  }

  #showViews() {
    const { kept } = this.answer;
    const views = [
      ["all", "All", this.table.frames],
      ["kept", "Kept", kept],
      ["rejected", "Rejected", this.table.frames - kept],
    ];
    if (!this.views.children.length) {
      fill(this.views, views.map(([view, text]) => h("button", { onclick: () => this.#setView(view) }, text, h("span.sub.num"))));
    }
    views.forEach(([view, , frames], i) => {
      const button = this.views.children[i];
      button.setAttribute("aria-pressed", String(!this.peek && this.view === view));
      button.lastChild.textContent = count(frames);
      button.lastChild.style.minWidth = `${count(this.table.frames).length}ch`;
    });
  }

  #setView(view) {
    this.view = view;
    this.peek = null;
    this.#list(true);
    this.#showReasons();
  }

  #showReasons() {
    if (!this.answer) return;
    const chip = ([name, frames, code]) =>
      h("button.chip", { "aria-pressed": String(this.peek?.key === name), onclick: () => this.#peekReason(name, code) }, words(name), h("b.num", {}, count(frames)));
    const focused = this.reasons.contains(document.activeElement);
    const peek = this.peek && !this.peek.key && h("button.chip", { "aria-pressed": "true", onclick: () => this.#setPeek(null, null) }, this.peek.text, icon("x"));
    const chips = this.answer.counts.map(chip);
    fill(this.reasons, h("span.sub", {}, "Rejected for"), chips.length ? chips : h("span.sub", {}, "nothing"), peek);
    if (focused) this.reasons.querySelector("[aria-pressed=true], button")?.focus();
  }

  #showBar() {
    if (!this.answer) return;
    const { kept } = this.answer;
    const hand = this.choices.keep.size + this.choices.reject.size;
    const hashed = Object.keys(this.answer.relaxed).length ? ", bounds loosened" : "";
    this.kept.textContent = `${count(kept)} of ${count(this.table.frames)} kept`;
    this.rest.textContent = `, ${count(hand)} by hand${hashed}`;
    this.picked.textContent = this.grid.chosen.size ? `${counted(this.grid.chosen.size, "frame")} selected` : "";
    this.undoButton.disabled = !this.choices.past.length;
    this.keepButton.disabled = this.rejectButton.disabled = !this.grid.targets.length;
    this.host.dataset.kept = kept;
  }

  #told(state) {
    this.host.dataset.saved = state.saved ? "yes" : "no";
    this.saved.textContent = state.saved ? "Saved" : state.error && !state.conflict ? `Not saved yet: ${state.error}` : "";
    if (state.conflict) this.#conflict(state.conflict);
    if (state.saved && state.digest && this.digest && state.digest !== this.digest) this.#changedMeanwhile();
  }

  #conflict(theirs) {
    const take = () => (this.#notice(), this.choices.adopt(theirs.filters, theirs.revision));
    const insist = () => (this.#notice(), this.choices.save(true));
    this.#notice(theirs.error, h("button.btn.small", { onclick: take }, "Show theirs"), h("button.btn.small", { onclick: insist }, "Keep mine"));
  }

  #changedMeanwhile() {
    const again = h("button.btn.small", { onclick: () => location.reload() }, "Reload");
    this.#notice("The records of this run have changed since the page was opened.", again);
  }

  #notice(...content) {
    this.noticeBar.hidden = content.length === 0;
    fill(this.noticeBar, content.length ? icon("warn") : null, ...content);
  }

  // --- keys

  #keys() {
    const { grid } = this;
    const inGrid = (act) => () => this.table && act();
    const turn = { all: "kept", kept: "rejected", rejected: "all" };
    const keys = {
      ArrowLeft: () => grid.move(-1),
      ArrowRight: () => grid.move(1),
      ArrowUp: () => grid.move(-grid.columns),
      ArrowDown: () => grid.move(grid.columns),
      "Shift+ArrowLeft": () => grid.move(-1, true),
      "Shift+ArrowRight": () => grid.move(1, true),
      "Shift+ArrowUp": () => grid.move(-grid.columns, true),
      "Shift+ArrowDown": () => grid.move(grid.columns, true),
      PageUp: () => grid.move(-grid.columns * grid.pageLines),
      PageDown: () => grid.move(grid.columns * grid.pageLines),
      Home: () => grid.move(-Infinity),
      End: () => grid.move(Infinity),
      Enter: () => this.enlarge.show(grid.current),
      " ": () => grid.toggle(),
      k: () => this.#markTargets("keep"),
      x: () => this.#markTargets("reject"),
      z: () => this.choices.undo(),
      "Shift+z": () => this.choices.redo(),
      d: () => this.#peekCopies(grid.current),
      v: () => this.#setView(turn[this.view]),
      e: () => this.drawer.open(),
      Escape: () => this.#leave(),
    };
    return Object.fromEntries(Object.entries(keys).map(([key, act]) => [key, inGrid(act)]));
  }

  #leave() {
    if (this.drawer.isOpen) this.drawer.close();
    else if (this.grid.chosen.size) this.grid.clear();
    else if (this.peek) this.#setPeek(null, null);
  }
}

/** Reasons as people say them. */
const words = (reason) => (reason === "manual" ? "by hand" : reason.replaceAll("_", " "));

let known = null;
const settings = () => (known ??= read("settings"));
