// What a person has chosen for a run: filters, frames kept and rejected by hand. Undo, and autosave to selection.json.

import { write } from "./server.js";

const SAVE_AFTER_MS = 250;
const RETRY_MS = 3000;
const FLUSH_MS = 1500;
const UNDO_STEPS = 200;
const OF_THIS_VIDEO = ["person_ids", "shots"];

export class Choices {
  /**
   * `run` are its facts, `defaults` the filters of an untouched run. `changed(settled)` is called after each change:
   * while a slider moves it is not settled. `told(state)` hears { saved, error, conflict }.
   */
  constructor(run, defaults, changed, told) {
    this.run = run;
    this.defaults = defaults;
    this.changed = changed;
    this.told = told;
    this.revision = run.revision;
    this.past = [];
    this.future = [];
    this.unsaved = false;
    this.saving = false;
    this.#take({ ...defaults, ...run.filters });
    this.settledState = this.#state();
    this.onHide = () => this.#park();
    addEventListener("pagehide", this.onHide);
  }

  /** Another run is shown: what is not saved yet still will be, but nobody hears of it any more. */
  close() {
    removeEventListener("pagehide", this.onHide);
    this.changed = this.told = () => {};
    this.closed = true;
    if (this.unsaved) this.save();
  }

  /** Resolves when everything is saved, or after a while, since no page waits for a server that is gone. */
  async flush() {
    const end = Date.now() + FLUSH_MS;
    if (this.unsaved) this.save();
    while ((this.unsaved || this.saving) && Date.now() < end) await new Promise((wake) => setTimeout(wake, 20));
  }

  /** Goes on with the steps of undo of the same run, whose records were read anew. */
  inherit(before) {
    this.past = before.past;
    this.future = before.future;
  }

  /** Everything as plain values, as in `FilterSettings`. */
  mapping() {
    return { ...this.filters, ...this.hand() };
  }

  hand() {
    const ascending = (set) => [...set].sort((a, b) => a - b);
    return { keep: ascending(this.keep), reject: ascending(this.reject) };
  }

  /** Changes filters while something is dragged; `settle` ends it. */
  preview(patch) {
    this.filters = { ...this.filters, ...patch };
    this.changed(false);
  }

  /** Makes what is now one step of undo, and saves it. */
  settle() {
    const now = this.#state();
    if (same(now, this.settledState)) return void this.changed(true); // moved, and moved back
    this.past.push(this.settledState);
    if (this.past.length > UNDO_STEPS) this.past.shift();
    this.future = [];
    this.#settleAs(now);
  }

  apply(patch) {
    this.filters = { ...this.filters, ...patch };
    this.settle();
  }

  /** Takes over the filters of a preset; what belongs to this video (people, shots, frames by hand) stays. */
  load(filters) {
    const { person_ids, shots } = this.filters;
    this.filters = { ...this.defaults, ...filters, person_ids, shots };
    this.settle();
  }

  /** The filters that are not as in an untouched run, without what belongs to this video. */
  differences() {
    const isOther = (name, value) => JSON.stringify(value) !== JSON.stringify(this.defaults[name]);
    const differ = ([name, value]) => !OF_THIS_VIDEO.includes(name) && isOther(name, value);
    return Object.fromEntries(Object.entries(this.filters).filter(differ));
  }

  /** Sets one bound of a column; null takes it away. */
  bound(side, column, value, settled) {
    const bounds = { ...this.filters[side] };
    if (value === null) delete bounds[column];
    else bounds[column] = value;
    if (settled) this.apply({ [side]: bounds });
    else this.preview({ [side]: bounds });
  }

  /** Marks ordinals by hand: "keep", "reject" or null. */
  mark(ordinals, what) {
    this.keep = new Set(this.keep);
    this.reject = new Set(this.reject);
    for (const ordinal of ordinals) {
      this.keep.delete(ordinal);
      this.reject.delete(ordinal);
      if (what) this[what].add(ordinal);
    }
    this.settle();
  }

  byHand(ordinal) {
    return this.keep.has(ordinal) ? "keep" : this.reject.has(ordinal) ? "reject" : null;
  }

  undo() {
    this.#travel(this.past, this.future);
  }

  redo() {
    this.#travel(this.future, this.past);
  }

  /** Takes over what is saved on the server, for instance by another tab. */
  adopt(filters, revision) {
    this.revision = revision;
    this.#take({ ...this.defaults, ...filters });
    this.past.push(this.settledState);
    this.settledState = this.#state();
    this.unsaved = false;
    this.changed(true);
    this.told({ saved: true });
  }

  /** What was chosen in the last moment before a reload; comes back when the run is opened again. */
  restore() {
    const key = this.#parked();
    const text = localStorage.getItem(key);
    localStorage.removeItem(key);
    const { mapping, revision } = parsed(text);
    if (!mapping || revision !== this.revision) return;
    this.#take({ ...this.defaults, ...mapping });
    this.settle();
  }

  async save(force = false) {
    clearTimeout(this.timer);
    if (this.saving) return;
    this.saving = true;
    this.unsaved = false;
    try {
      const answer = await write(`runs/${this.run.id}/selection`, {
        filters: this.mapping(),
        revision: this.revision,
        force,
      });
      this.saving = false;
      if (answer.conflict) this.#failed({ error: answer.error, conflict: answer });
      else this.#saved(answer);
    } catch (error) {
      this.saving = false;
      this.#failed({ error: error.message });
      if (this.closed) this.#park();
      else this.timer = setTimeout(() => this.save(), RETRY_MS);
    }
  }

  #saved(answer) {
    this.revision = answer.revision;
    this.told({ saved: !this.unsaved, digest: answer.digest });
    if (this.unsaved) this.#saveSoon();
  }

  #failed(state) {
    this.unsaved = true;
    this.told({ saved: false, ...state });
  }

  #take(values) {
    const { keep, reject, ...filters } = values;
    this.filters = filters;
    this.keep = new Set(keep);
    this.reject = new Set(reject);
  }

  #state() {
    return { filters: this.filters, keep: this.keep, reject: this.reject };
  }

  #travel(from, to) {
    if (!from.length) return;
    to.push(this.settledState);
    const state = from.pop();
    Object.assign(this, state);
    this.#settleAs(state);
  }

  #settleAs(state) {
    this.settledState = state;
    this.changed(true);
    this.unsaved = true;
    this.told({ saved: false });
    this.#saveSoon();
  }

  #saveSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  #parked() {
    return `framesieve.unsaved.${this.run.name}`;
  }

  #park() {
    if (!this.unsaved && !this.saving) return; // a request that goes on may end with the page
    localStorage.setItem(this.#parked(), JSON.stringify({ mapping: this.mapping(), revision: this.revision }));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function same(a, b) {
  const sets = (x, y) => x === y || (x.size === y.size && [...x].every((item) => y.has(item)));
  return sets(a.keep, b.keep) && sets(a.reject, b.reject) && JSON.stringify(a.filters) === JSON.stringify(b.filters);
}
