// The gallery of Filtering & Export: what is looked at, why frames are left out, the frames, and what is done to them.

import { clock, count, fill, h, icon, number, oncePerFrame } from "../dom.js";
import { giveKeys } from "../keys.js";
import { words } from "../listing.js";
import { openRun } from "../open_run.js";
import { showTab } from "../tabs.js";
import { Grid } from "./grid.js";
import { KEYS, keysOf } from "./keys.js";
import { Toolbar } from "./toolbar.js";

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new Gallery(element, trigger);
}

class Gallery {
  constructor(host, trigger) {
    this.host = host;
    this.trigger = trigger;
    this.grid = new Grid((row) => this.#faceOf(row), {
      enlarge: () => trigger("enlarge"),
      peekCopies: (row) => openRun.lookAtCopies(row),
      seen: (rows) => openRun.thumbs?.want("grid", rows),
      selected: () => this.#showBar(),
    });
    this.#build();
    giveKeys(host, keysOf(this), KEYS);
    openRun.follow({
      opening: () => this.#opening(),
      opened: (again) => this.#opened(again),
      emptied: (heading, cure, tab) => this.#empty(heading, cure, tab),
      changed: () => this.#busy(true),
      answered: () => this.#answered(),
      listed: (fromTop) => this.#list(fromTop),
      saved: (state) => this.#saved(state),
      pictured: oncePerFrame(() => this.grid.paint()),
      noticed: (sentence, actions) => this.#notice(sentence, actions),
    });
  }

  // --- what the tab may ask for

  /** [row of the current frame, rows that are selected] */
  current() {
    return [this.grid.current, [...this.grid.chosen]];
  }

  /** Goes on in the list; a frame that has left it (rejected in the view of the kept) counts as before its place. */
  step(places, shown) {
    const left = shown !== this.grid.current;
    this.grid.move(left && places > 0 ? places - 1 : places);
    this.trigger("enlarge");
  }

  go_to(row) {
    this.grid.goTo(row);
    if (this.grid.current === row) return this.trigger("enlarge");
    openRun.setView("all"); // a frame that the list does not hold
    this.grid.goTo(row);
    return this.trigger("enlarge");
  }

  /** Takes the keyboard, where nothing else has it. */
  focus() {
    if (document.activeElement === document.body) this.grid.element.focus({ preventScroll: true });
  }

  // --- a run is opened

  /** Whether what is shown is about to change: until then nothing of it counts. */
  #busy(on) {
    this.pane.setAttribute("aria-busy", String(on));
  }

  #opening() {
    this.#busy(true);
    const focused = /** @type {HTMLElement} */ (document.activeElement);
    if (!this.pane.inert) this.focused = this.host.contains(focused) ? focused : null;
    this.pane.inert = true;
  }

  #opened(again) {
    const { run, table } = openRun;
    this.pane.inert = false;
    this.pane.dataset.saved = "yes";
    this.toolbar.open(table);
    this.grid.chosen.clear();
    this.grid.aspect = Math.max(0.4, Math.min(3, run.width / run.height));
    this.grid.say();
    this.pane.hidden = false;
    this.blank.hidden = true;
    if (!again) this.grid.show([], { keepPlace: false });
    else if (this.focused?.isConnected) this.focused.focus({ preventScroll: true });
  }

  #empty(heading, cure, tab) {
    this.pane.hidden = true;
    this.blank.hidden = false;
    const go = tab && h("button.btn.primary", { onclick: () => showTab(tab) }, `Open ${tab}`);
    fill(this.blank, h("h2", {}, heading), h("p.sub", {}, cure), go);
    this.#busy(false);
  }

  // --- the selection changes

  #answered() {
    if (openRun.digest) this.pane.dataset.digest = openRun.digest;
  }

  #list(fromTop = false) {
    if (!openRun.answer) return;
    const rows = openRun.listing.rows();
    this.grid.show(rows, { keepPlace: !fromTop });
    this.pane.dataset.shown = String(rows.length);
    this.#sayNothing(rows.length);
    this.toolbar.show(openRun.table.frames, openRun.answer.kept);
    this.#showReasons();
    this.#showBar();
    this.#busy(!openRun.digest);
  }

  #sayNothing(shown) {
    if (shown) return this.grid.say();
    const { peek, view } = openRun.listing;
    if (view === "kept" && !peek) {
      const reset = h("button.btn", { onclick: () => openRun.reset() }, "Reset filters");
      return this.grid.say(h("p", {}, "No frame passes these filters."), reset);
    }
    return this.grid.say(h("p", {}, peek ? `No frames: ${peek.text}.` : "No frame is rejected."));
  }

  /** How one frame looks. */
  #faceOf(row) {
    const { table, answer, listing, thumbs } = openRun;
    const ordinal = table.ordinal[row];
    const kept = !answer?.reason[row];
    const why = openRun.whyOf(row);
    const values = table.values.get(listing.sort.column);
    return {
      ordinal,
      kept,
      why,
      copies: listing.copies.get(row) ?? 0,
      stacked: listing.stacked && listing.canStack,
      picture: thumbs.of(row),
      value: values ? number(values[row]) : clock(table.ptsS[row]),
      label: `Frame ${ordinal}, ${kept ? "kept" : "rejected"}${why && ", "}${why}`,
    };
  }

  // --- acting on frames

  mark(what) {
    openRun.mark(what, this.grid.targets);
  }

  /** Esc: out of what is selected, then of the part that is looked at. */
  leave() {
    if (this.grid.chosen.size) this.grid.clear();
    else if (openRun.listing.peek) openRun.leavePart();
  }

  // --- parts around the frames

  #build() {
    const about = { role: "group", "aria-label": "Reasons for rejection; press one to see its frames" };
    this.reasons = h("div.chips.reasons", about);
    this.toolbar = new Toolbar({
      resized: (size) => {
        this.grid.size = size;
        this.grid.layout();
        this.grid.reveal();
      },
    });
    this.grid.size = this.toolbar.size;
    this.kept = h("b.num");
    this.rest = h("span.sub.num");
    this.noticeBar = h("div.notice", { hidden: true, role: "alert" });
    const act = (name, text, key, onclick) => h("button.btn", { onclick }, icon(name), text, h("kbd", {}, key));
    this.keepButton = act("check", "Keep", "K", () => this.mark("keep"));
    this.rejectButton = act("x", "Reject", "X", () => this.mark("reject"));
    this.undoButton = act("undo", "Undo", "Z", () => openRun.choices.undo());
    const asked = { onclick: () => this.trigger("export"), "aria-haspopup": "true" };
    this.exportButton = h("button.btn.primary", asked, icon("out"), "Export");
    this.pane = h(
      "div.pane",
      { hidden: true },
      this.toolbar.element,
      h("div.told", {}, this.reasons, this.toolbar.saved),
      this.noticeBar,
      this.grid.element,
      h(
        "div.selbar",
        {},
        h("div.counts", {}, this.kept, this.rest),
        h("div.acts", {}, this.keepButton, this.rejectButton, this.undoButton, this.exportButton),
      ),
    );
    this.blank = h("div.blank", {}, h("p.sub", {}, "Looking for runs ..."));
    fill(this.host, this.pane, this.blank);
  }

  #showReasons() {
    const { peek: looked } = openRun.listing;
    const chip = ([name, frames]) => {
      const pressed = { "aria-pressed": String(looked?.key === name), onclick: () => openRun.lookAtReason(name) };
      return h("button.chip", pressed, words(name), h("b.num", {}, count(frames)));
    };
    const focused = this.reasons.contains(document.activeElement);
    const leave = { "aria-pressed": "true", onclick: () => openRun.leavePart() };
    const peek = looked && !looked.key && h("button.chip", leave, looked.text, icon("x"));
    const chips = openRun.reasons().map(chip);
    fill(this.reasons, h("span.sub", {}, chips.length ? "Rejected for" : "No frame is rejected."), chips, peek);
    if (focused) /** @type {HTMLElement} */ (this.reasons.querySelector("[aria-pressed=true], button"))?.focus();
  }

  #showBar() {
    if (!openRun.answer) return;
    const { kept, relaxed } = openRun.answer;
    const { choices, table } = openRun;
    const hand = choices.keep.size + choices.reject.size;
    const loosened = Object.keys(relaxed).length ? ", ranges loosened" : "";
    this.kept.textContent = `${count(kept)} of ${count(table.frames)} kept`;
    const selected = this.grid.chosen.size ? `, ${count(this.grid.chosen.size)} selected` : "";
    this.rest.textContent = `${count(hand)} by hand${loosened}${selected}`;
    this.undoButton.disabled = !choices.past.length;
    this.keepButton.disabled = this.rejectButton.disabled = !this.grid.targets.length;
    this.pane.dataset.kept = kept;
  }

  #saved(state) {
    this.pane.dataset.saved = state.saved ? "yes" : "no";
    this.toolbar.say(state.saved ? "Saved" : state.error && !state.conflict ? `Not saved yet: ${state.error}` : "");
  }

  #notice(sentence, actions) {
    this.noticeBar.hidden = !sentence;
    const button = ([text, onclick]) => h("button.btn.small", { onclick }, text);
    fill(this.noticeBar, sentence && [icon("warn"), h("span", {}, sentence), actions.map(button)]);
  }
}
