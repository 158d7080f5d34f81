// Filtering & Export: joins filters, gallery, enlarged frame and export drawer over one selection.

import { Choices } from "./choices.js";
import { clock, count, counted, fill, h, icon, number, oncePerFrame } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Enlarge } from "./enlarge.js";
import { KEYS, keysOf } from "./filter_keys.js";
import { Grid } from "./grid.js";
import { giveKeys } from "./keys.js";
import { Listing, words } from "./listing.js";
import { People } from "./people.js";
import { PresetBar } from "./preset_bar.js";
import { Ranges } from "./ranges.js";
import { Rules } from "./rules.js";
import { beforeOpening, onRun, open as openRun } from "./runs.js";
import { Selector } from "./selector.js";
import { read, readBytes } from "./server.js";
import { unpack } from "./table.js";
import { Thumbs } from "./thumbs.js";
import { Toolbar } from "./toolbar.js";

export function mount({ element }) {
  const tab = new FilterTab(element);
  beforeOpening(() => tab.choices?.flush());
  onRun((run) => tab.open(run));
  window.framesieve = { ...window.framesieve, filter: tab }; // for tests and the console
}

class FilterTab {
  constructor(host) {
    this.host = host;
    this.opening = this.run = this.table = this.answer = this.choices = this.thumbs = null;
    this.waiting = [];
    this.listing = new Listing();
    this.selector = new Selector(
      (answer) => this.#answered(answer),
      (columns) => this.#described(columns),
    );
    this.grid = new Grid((row) => this.#faceOf(row), {
      enlarge: (row) => this.enlarge.show(row),
      peekCopies: (row) => this.peekCopies(row),
      seen: (rows) => this.thumbs?.want("grid", rows),
      selected: () => this.#showBar(),
    });
    this.enlarge = new Enlarge(() => this, {
      move: (places) => this.#step(places),
      keep: () => this.mark("keep", [this.enlarge.row]),
      reject: () => this.mark("reject", [this.enlarge.row]),
      undo: () => this.choices.undo(),
      redo: () => this.choices.redo(),
      goTo: (row) => this.#goTo(row),
      closed: () => this.grid.element.focus({ preventScroll: true }),
    });
    this.drawer = new Drawer(() => this, () => this.settledDigest());
    this.drawer.closed = () => this.exportButton.focus();
    this.people = new People(() => this, {
      opened: () => this.drawer.close(),
      closed: () => this.grid.element.focus({ preventScroll: true }),
      enlarge: (ordinal) => this.#goTo(this.table.rowOf(ordinal)),
      reload: (run) => openRun(run).catch((error) => this.#notice(error.message)),
      told: () => this.enlarge.readFaces(),
    });
    this.redraw = oncePerFrame(() => {
      this.grid.paint();
      this.drawer.drawSample();
    });
    this.presets = new PresetBar({ load: (filters) => this.#load(filters), differences: () => this.choices.differences() }, "filter");
    this.#build();
    giveKeys(host, keysOf(this), KEYS);
  }

  get isReady() {
    return this.table !== null && this.opening === null;
  }

  // --- a run is opened

  /** What is shown stays, but cannot be used, until the other run has come. The run that is shown stays as it is. */
  async open(run) {
    const again = this.table !== null && run?.id === this.run.id && run.version === this.run.version;
    if (again && this.opening === null) return;
    this.opening = run;
    this.digest = null;
    this.choices?.close();
    this.thumbs?.close();
    this.#notice();
    if (!this.pane.inert) this.focused = this.host.contains(document.activeElement) ? document.activeElement : null;
    this.side.inert = this.pane.inert = true;
    if (run === null) return this.#empty("No run yet.", "Extract frames in Video Source first, or run make demo for a sample.");
    if (run.frames === 0) return this.#empty("This run has no frames yet.", "Its extraction has not recorded anything.");
    try {
      const [knobs, buffer] = await Promise.all([settings(), readBytes(`runs/${run.id}/columns/${run.version}`)]);
      if (this.opening === run) this.#opened(run, knobs, buffer);
    } catch (error) {
      if (this.opening === run) this.#empty("This run cannot be opened.", error.message);
    }
  }

  #opened(run, knobs, buffer) {
    const before = run.id === this.run?.id ? this.choices : null; // the same run, with records that are new
    this.run = run;
    this.opening = this.answer = null;
    this.side.inert = this.pane.inert = false;
    this.table = unpack(buffer);
    if (before) this.listing.reopen(this.table);
    else this.listing.open(this.table);
    this.stays = before !== null;
    this.toolbar.open(this.table);
    this.grid.chosen.clear();
    this.grid.aspect = Math.max(0.4, Math.min(3, run.width / run.height));
    this.grid.say();
    this.thumbs = new Thumbs(run, this.table, () => this.redraw(), (sentence) => this.#noPictures(sentence));
    const defaults = Object.fromEntries(Object.entries(knobs.filter).map(([name, knob]) => [name, knob.default]));
    this.choices = new Choices(run, defaults, (settled) => this.#changed(settled), (state) => this.#told(state));
    if (before) this.choices.inherit(before);
    this.ranges = new Ranges(this.choices, (...bar) => (this.listing.lookAtBar(...bar), this.#listed()));
    this.rules = new Rules(this.choices, knobs.filter);
    this.rules.build(this.table);
    fill(this.filters, this.people.filter, this.ranges.element, this.rules.element);
    this.side.hidden = this.pane.hidden = false;
    this.blank.hidden = true;
    if (!before) this.grid.show([], { keepPlace: false });
    this.selector.open(buffer);
    this.choices.restore();
    this.#changed(true);
    if (run.warning) this.#notice(run.warning);
    this.drawer.follow(run.export);
    this.people.open(run);
    if (before) this.#refocus(this.focused);
  }

  /** Whoever was on something while the records were read anew stays there. */
  #refocus(focused) {
    if (focused?.isConnected) focused.focus({ preventScroll: true });
    else if (focused && this.people.isOpen) this.people.focus(focused.dataset.key);
  }

  openDrawer() {
    this.people.close();
    this.drawer.open();
  }

  /** A preset may have bounds of numbers that this run never measured. */
  #load(filters) {
    const known = { ...filters };
    const missing = new Set();
    for (const side of ["min", "max"]) {
      const bounds = Object.entries(filters[side] ?? {});
      bounds.filter(([name]) => !this.table.values.has(name)).forEach(([name]) => missing.add(name));
      known[side] = Object.fromEntries(bounds.filter(([name]) => this.table.values.has(name)));
    }
    this.choices.load(known);
    if (missing.size) this.#notice(`Not measured in this run, so left out: ${[...missing].join(", ")}.`);
  }

  #described(columns) {
    this.ranges.build(columns);
  }

  #empty(heading, cure) {
    this.opening = this.run = this.table = this.answer = this.choices = this.thumbs = null;
    this.drawer.close();
    this.people.close();
    this.enlarge.close();
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
    if (this.choices === null || this.opening) return; // another run is being opened
    const first = this.answer === null;
    this.answer = answer;
    this.listing.answered(answer);
    if (answer.digest && answer.newest) {
      this.digest = answer.digest;
      this.host.dataset.digest = answer.digest;
      this.waiting.splice(0).forEach((resolve) => resolve(answer.digest));
    }
    this.ranges.draw(answer);
    this.rules.draw(answer);
    this.people.answered();
    this.#showReasons();
    this.#list(first && !this.stays);
    this.#showBar();
    this.enlarge.refresh();
    if (this.digest) this.drawer.changed(this.digest);
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
    const rows = this.listing.rows();
    this.grid.show(rows, { keepPlace: !fromTop });
    this.host.dataset.shown = rows.length;
    this.#sayNothing(rows.length);
    this.toolbar.show(this.table.frames, this.answer.kept);
  }

  #sayNothing(shown) {
    if (shown) return this.grid.say();
    const { peek, view } = this.listing;
    if (view === "kept" && !peek) {
      const reset = h("button.btn", { onclick: () => this.#reset() }, "Reset filters");
      return this.grid.say(h("p", {}, "No frame passes these filters."), reset);
    }
    return this.grid.say(h("p", {}, peek ? `No frames: ${peek.text}.` : "No frame is rejected."));
  }

  // --- how one frame looks

  #faceOf(row) {
    const { table, answer, listing } = this;
    const ordinal = table.ordinal[row];
    const code = answer?.reason[row] ?? 0;
    const hand = this.choices.byHand(ordinal);
    const why = hand === "reject" || (hand && !code) ? "by hand" : code ? words(answer.names[code]) : "";
    const values = table.values.get(listing.sort.column);
    const state = `${code ? "rejected" : "kept"}${why && ", "}${why}`;
    return {
      ordinal,
      kept: code === 0,
      why,
      copies: listing.copies.get(row) ?? 0,
      picture: this.thumbs.of(row),
      value: values ? number(values[row]) : clock(table.ptsS[row]),
      label: `Frame ${ordinal}, ${state}`,
    };
  }

  // --- acting on frames

  mark(what, rows) {
    const ordinals = rows.map((row) => this.table.ordinal[row]);
    if (!ordinals.length) return;
    const already = ordinals.every((ordinal) => this.choices.byHand(ordinal) === what);
    this.choices.mark(ordinals, already ? null : what);
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

  #look(text, rows) {
    this.listing.look(text, rows);
    this.#listed();
  }

  peekCopies(row) {
    if (row !== undefined && this.answer && this.listing.lookAtCopies(row)) this.#listed();
  }

  setView(view) {
    this.listing.view = view;
    this.#look(null, null);
  }

  /** Another part or order is listed, from its top. */
  #listed() {
    this.#list(true);
    this.#showReasons();
  }

  // --- parts around the gallery

  #build() {
    this.filters = h("div.filters");
    this.reasons = h("div.chips.reasons", { role: "group", "aria-label": "Reasons for rejection; press one to see its frames" });
    this.toolbar = new Toolbar(this.listing, {
      view: (view) => this.setView(view),
      listed: () => this.#list(true),
      resized: (size) => {
        this.grid.size = size;
        this.grid.layout();
        this.grid.reveal();
      },
    });
    this.grid.size = this.toolbar.size;
    this.kept = h("b.num");
    this.rest = h("span.sub.num");
    this.picked = h("span.sub.num");
    this.noticeBar = h("div.notice", { hidden: true, role: "alert" });
    const act = (name, text, key, onclick) => h("button.btn", { onclick }, icon(name), text, h("kbd", {}, key));
    this.keepButton = act("check", "Keep", "K", () => this.mark("keep", this.grid.targets));
    this.rejectButton = act("x", "Reject", "X", () => this.mark("reject", this.grid.targets));
    this.undoButton = act("undo", "Undo", "Z", () => this.choices.undo());
    this.exportButton = h("button.btn.primary", { onclick: () => this.openDrawer() }, icon("out"), "Export");
    this.side = h(
      "div.side",
      { hidden: true },
      h("div.line", {}, h("h3", {}, "Filters"), h("button.link", { onclick: () => this.#reset() }, "Reset")),
      this.presets.element,
      this.filters,
    );
    this.pane = h(
      "div.pane",
      { hidden: true },
      this.toolbar.element,
      this.reasons,
      this.noticeBar,
      this.grid.element,
      h("div.selbar", {}, h("div.counts", {}, this.kept, this.rest), h("span.gap"), this.picked, this.keepButton, this.rejectButton, this.undoButton, this.exportButton),
      this.drawer.element,
      this.people.panel,
    );
    this.blank = h("div.blank", {}, h("p.sub", {}, "Looking for runs ..."));
    fill(this.host, this.side, this.pane, this.blank, this.enlarge.element);
  }

  #showReasons() {
    if (!this.answer) return;
    const { peek: looked } = this.listing;
    const chip = ([name, frames, code]) =>
      h("button.chip", { "aria-pressed": String(looked?.key === name), onclick: () => (this.listing.lookAtReason(name, code), this.#listed()) }, words(name), h("b.num", {}, count(frames)));
    const focused = this.reasons.contains(document.activeElement);
    const peek = looked && !looked.key && h("button.chip", { "aria-pressed": "true", onclick: () => this.#look(null, null) }, looked.text, icon("x"));
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
    this.toolbar.saved.textContent = state.saved ? "Saved" : state.error && !state.conflict ? `Not saved yet: ${state.error}` : "";
    this.toolbar.saved.title = this.toolbar.saved.textContent;
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

  #noPictures(sentence) {
    const again = h("button.btn.small", { onclick: () => (this.#notice(), this.thumbs.again()) }, "Try again");
    this.#notice(`The pictures cannot be shown: ${sentence}`, again);
  }

  #notice(...content) {
    this.noticeBar.hidden = content.length === 0;
    fill(this.noticeBar, content.length ? icon("warn") : null, ...content);
  }

  /** Esc: out of whatever is open, one step at a time. */
  leave() {
    if (this.drawer.isOpen) this.drawer.close();
    else if (this.people.isOpen) this.people.close();
    else if (this.grid.chosen.size) this.grid.clear();
    else if (this.listing.peek) this.#look(null, null);
  }
}

let known = null;
const settings = async () => {
  try {
    return await (known ??= read("settings"));
  } catch (error) {
    known = null;
    throw error;
  }
};
