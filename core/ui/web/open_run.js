// The run that is open in Filtering & Export: its records, what a person chose, what that keeps, what is looked at.
// There is one for the page. The instruments of the tab show it, change it and follow it; none of them knows another.

import { Choices } from "./choices.js";
import { Listing, words } from "./listing.js";
import { beforeOpening, onRun } from "./runs.js";
import { Selector } from "./selector.js";
import { read, readBytes } from "./server.js";
import { unpack } from "./table.js";
import { Thumbs } from "./thumbs.js";

const BY_HAND = "manual";
const SOURCE = "Video Source";
const NO_RUN = ["No run yet.", "Extract frames from a video first.", SOURCE];
const NO_FRAMES = ["This run has no frames yet.", "Its extraction has not recorded anything.", SOURCE];

class OpenRun {
  constructor() {
    this.followers = new Set();
    this.opening = this.run = this.table = this.answer = this.choices = this.thumbs = this.blank = null;
    this.columns = null;
    this.digest = null;
    this.waiting = [];
    this.listing = new Listing();
    this.selector = new Selector(
      (answer) => this.#answered(answer),
      (columns) => this.#tell("described", (this.columns = columns)),
    );
    beforeOpening(() => this.choices?.flush());
    onRun((run) => this.open(run));
  }

  /**
   * Calls these functions from now on, as far as they are given: opening(), opened(again), emptied(heading, cure, tab)
   * with the tab where a person goes on, described(columns), changed(settled) before and answered(first) after a
   * selection, listed(fromTop), saved(state), pictured() when a decoded picture has come, reset() when all filters are
   * replaced, noticed(sentence, actions) with actions as [[words, act], ...].
   */
  follow(follower) {
    this.followers.add(follower);
    if (this.blank) follower.emptied?.(...this.blank);
    if (!this.isReady) return;
    follower.opened?.(false);
    if (this.columns) follower.described?.(this.columns);
    if (this.answer) follower.answered?.(true);
    if (this.answer) follower.listed?.(true);
  }

  #tell(what, ...values) {
    for (const follower of this.followers) follower[what]?.(...values);
  }

  /** Whether a run is shown and may be changed. */
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
    this.#tell("opening");
    this.notice();
    if (run === null) return this.#empty(...NO_RUN);
    if (run.frames === 0) return this.#empty(...NO_FRAMES);
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
    this.knobs = knobs.filter;
    this.opening = this.answer = this.columns = this.blank = null;
    this.table = unpack(buffer);
    if (before) this.listing.reopen(this.table);
    else this.listing.open(this.table);
    this.stays = before !== null;
    this.thumbs = new Thumbs(
      run,
      this.table,
      () => this.#tell("pictured"),
      (sentence) => this.#noPictures(sentence),
    );
    const defaults = Object.fromEntries(Object.entries(this.knobs).map(([name, knob]) => [name, knob.default]));
    this.choices = new Choices(
      run,
      defaults,
      (settled) => this.#changed(settled),
      (state) => this.#saved(state),
    );
    if (before) this.choices.inherit(before);
    this.#tell("opened", this.stays);
    this.selector.open(buffer);
    this.choices.restore();
    this.#changed(true);
    if (run.warning) this.notice(run.warning);
  }

  #empty(heading, cure, tab = null) {
    this.opening = this.run = this.table = this.answer = this.choices = this.thumbs = null;
    this.blank = [heading, cure, tab];
    this.#tell("emptied", heading, cure, tab);
  }

  // --- the selection changes

  #changed(settled) {
    this.digest = null;
    this.#tell("changed", settled);
    this.selector.ask(this.choices.filters, this.choices.hand(), settled);
  }

  #answered(answer) {
    if (this.choices === null || this.opening) return; // another run is being opened
    const first = this.answer === null;
    this.answer = answer;
    this.listing.answered(answer);
    if (answer.digest && answer.newest) {
      this.digest = answer.digest;
      this.waiting.splice(0).forEach((resolve) => resolve(answer.digest));
    }
    this.#tell("answered", first);
    this.#tell("listed", first && !this.stays);
  }

  /** Resolves to the digest of what is shown once nothing is being moved any more. */
  settledDigest() {
    if (this.digest) return Promise.resolve(this.digest);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.selector.ask(this.choices.filters, this.choices.hand(), true);
    });
  }

  /** Rows that are kept, in the order of time. */
  kept() {
    const kept = [];
    for (let row = 0; row < this.table.frames; row++) if (this.answer.reason[row] === 0) kept.push(row);
    return kept;
  }

  /** Keeps or rejects frames by hand; the same once more takes it back. */
  mark(what, rows) {
    const ordinals = rows.map((row) => this.table.ordinal[row]);
    if (!ordinals.length) return;
    const already = ordinals.every((ordinal) => this.choices.byHand(ordinal) === what);
    this.choices.mark(ordinals, already ? null : what);
  }

  /** All filters as in an untouched run; frames by hand stay. */
  reset() {
    const { keep, reject, ...filters } = this.choices.defaults;
    this.#tell("reset");
    this.choices.apply(filters);
  }

  /** Takes over the filters of a preset, which may have bounds of numbers that this run never measured. */
  load(filters) {
    this.#tell("reset");
    const known = { ...filters };
    const missing = new Set();
    for (const side of ["min", "max"]) {
      const bounds = Object.entries(filters[side] ?? {});
      bounds.filter(([name]) => !this.table.values.has(name)).forEach(([name]) => missing.add(name));
      known[side] = Object.fromEntries(bounds.filter(([name]) => this.table.values.has(name)));
    }
    this.choices.load(known);
    if (missing.size) this.notice(`Not measured in this run, so left out: ${[...missing].join(", ")}.`);
  }

  // --- looking at a part of the frames

  /** `all`, `kept` or `rejected`; what was looked at for the moment is left. */
  setView(view) {
    this.listing.view = view;
    this.leavePart();
  }

  leavePart() {
    this.listing.look(null, null);
    this.#tell("listed", true);
  }

  lookAtBar(...bar) {
    this.listing.lookAtBar(...bar);
    this.#tell("listed", true);
  }

  lookAtReason(name) {
    const rows = [];
    this.answer.reason.forEach((code, row) => code && this.#reasonOf(row, code) === name && rows.push(row));
    this.listing.lookAtReason(name, rows);
    this.#tell("listed", true);
  }

  /** Why frames are left out, as [reason, frames] in the order of the rules; by hand, whatever else refuses them. */
  reasons() {
    const found = new Map(this.answer.counts.map(([name, frames]) => [name, frames]));
    for (const ordinal of this.choices.reject) {
      const row = this.table.rowOf(ordinal);
      const name = row < 0 ? undefined : this.answer.names[this.answer.reason[row]];
      if (!name || name === BY_HAND) continue;
      found.set(name, found.get(name) - 1);
      found.set(BY_HAND, (found.get(BY_HAND) ?? 0) + 1);
    }
    return [...found].filter(([, frames]) => frames > 0);
  }

  #reasonOf(row, code) {
    return this.choices.byHand(this.table.ordinal[row]) === "reject" ? BY_HAND : this.answer.names[code];
  }

  lookAtCopies(row) {
    if (row !== undefined && this.answer && this.listing.lookAtCopies(row)) this.#tell("listed", true);
  }

  /** Near-duplicates are folded under the best of them, or lie open. */
  stack(on) {
    this.listing.stack(on);
    this.#tell("listed", false);
  }

  /** Another order. */
  sorted() {
    this.#tell("listed", true);
  }

  /** Why a frame is not kept, or that a person kept it: "" where nothing is to be said. */
  whyOf(row) {
    const code = this.answer?.reason[row] ?? 0;
    const hand = this.choices.byHand(this.table.ordinal[row]);
    return hand === "reject" || (hand && !code) ? "by hand" : code ? words(this.answer.names[code]) : "";
  }

  // --- saving, and what a person has to know

  notice(sentence = null, ...actions) {
    this.#tell("noticed", sentence, actions);
  }

  #saved(state) {
    this.#tell("saved", state);
    if (state.conflict) this.#conflict(state.conflict);
    if (state.saved && state.digest && this.digest && state.digest !== this.digest) {
      const sentence = "The records of this run have changed since the page was opened.";
      this.notice(sentence, ["Reload", () => location.reload()]);
    }
  }

  #conflict(theirs) {
    const take = () => {
      this.notice();
      this.choices.adopt(theirs.filters, theirs.revision);
    };
    const insist = () => {
      this.notice();
      this.choices.save(true);
    };
    this.notice(theirs.error, ["Show theirs", take], ["Keep mine", insist]);
  }

  #noPictures(sentence) {
    const again = () => {
      this.notice();
      this.thumbs.again();
    };
    this.notice(`The pictures cannot be shown: ${sentence}`, ["Try again", again]);
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

export const openRun = new OpenRun();

window.framesieve = { ...window.framesieve, filter: openRun }; // for tests and the console
