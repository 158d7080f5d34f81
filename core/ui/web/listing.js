// Which frames the gallery lists, and in which order: the view, the sort, and a part that is looked at for the moment.

import { count, number, title } from "./dom.js";
import { sorted } from "./select.js";

export const DUPLICATES = "duplicates";
const STACKED = "framesieve.stacked";

export class Listing {
  constructor() {
    this.view = "all";
    this.answer = null;
    /** Whether near-duplicates are folded under the best of them. */
    this.stacked = localStorage.getItem(STACKED) === "yes";
    this.open(null);
  }

  /** Another run: its own order, nothing looked at. The view stays. */
  open(table) {
    this.table = table;
    this.answer = null;
    this.copies = new Map();
    this.orders = new Map();
    this.peek = null;
    this.sort = { column: null, sign: 1 };
  }

  /** The same run with records that are new: the order stays, where its column is still there. */
  reopen(table) {
    const { sort } = this;
    this.open(table);
    if (sort.column === null || sort.column === DUPLICATES || table.values.has(sort.column)) this.sort = sort;
  }

  /** Takes over what the selection says now. */
  answered(answer) {
    this.answer = answer;
    this.copies = new Map();
    for (const original of answer.duplicateOf) {
      if (original >= 0) this.copies.set(original, (this.copies.get(original) ?? 0) + 1);
    }
  }

  /** Whether there are near-duplicates that could be folded where we look. */
  get canStack() {
    return this.copies.size > 0 && !this.peek && this.view === "all";
  }

  stack(on) {
    this.stacked = on;
    localStorage.setItem(STACKED, on ? "yes" : "no");
  }

  /** Rows of the table, in order; those that are folded under another one are left out. */
  rows() {
    const { reason, duplicateOf } = this.answer;
    const folds = this.stacked && this.canStack;
    const order = this.#order();
    const rows = [];
    for (let i = 0; i < this.table.frames; i++) {
      const row = order ? order[i] : this.sort.sign > 0 ? i : this.table.frames - 1 - i;
      const isKept = reason[row] === 0;
      const seen = this.peek ? this.peek.has(row) : this.view === "all" || (this.view === "kept") === isKept;
      if (seen && !(folds && duplicateOf[row] >= 0)) rows.push(row);
    }
    return rows;
  }

  sortBy(column) {
    const best = this.table.rules.lower_is_better.includes(column) ? 1 : -1;
    this.sort = { column, sign: column === null ? 1 : best };
  }

  turn() {
    this.sort.sign = -this.sort.sign;
  }

  // --- looking at a part: { text, rows, key }

  look(text, rows, key = null) {
    this.peek = rows ? Object.assign(new Set(rows), { text, key }) : null;
  }

  lookAtBar(column, low, high, last) {
    const rows = [];
    this.table.values.get(column).forEach((value, row) => {
      if (value >= low && (last ? value <= high : value < high)) rows.push(row);
    });
    this.look(`${title(column)} ${number(low)} to ${number(high)}`, rows);
  }

  /** Frames that a rule refused first; the same again ends it. */
  lookAtReason(name, rows) {
    if (this.peek?.key === name) return this.look(null, null);
    return this.look(`rejected: ${words(name)}`, rows, name);
  }

  /** A frame and its near-duplicates; false when it has none. */
  lookAtCopies(row) {
    const { duplicateOf } = this.answer;
    const original = duplicateOf[row] >= 0 ? duplicateOf[row] : row;
    const rows = [original];
    duplicateOf.forEach((other, copy) => other === original && rows.push(copy));
    if (rows.length < 2) return false;
    this.look(`frame ${count(this.table.ordinal[original])} and its duplicates`, rows);
    return true;
  }

  #order() {
    const { column, sign } = this.sort;
    if (column === null) return null;
    if (column === DUPLICATES) return this.#byGroups();
    const key = `${column}${sign}`;
    if (!this.orders.has(key)) this.orders.set(key, sorted(this.table.values.get(column), sign));
    return this.orders.get(key);
  }

  /** Groups of duplicates together, the largest group first, then the rest in time order. */
  #byGroups() {
    const { duplicateOf } = this.answer;
    const head = (row) => (duplicateOf[row] >= 0 ? duplicateOf[row] : row);
    const size = (row) => this.copies.get(head(row)) ?? 0;
    const rows = Uint32Array.from({ length: this.table.frames }, (_, row) => row);
    return rows.sort(
      (a, b) => size(b) - size(a) || head(a) - head(b) || Number(b === head(b)) - Number(a === head(a)) || a - b,
    );
  }
}

const WORDS = {
  manual: "by hand",
  quota: "not among the best",
  spread: "another one was chosen",
  poor: "far worse than good frames",
  duplicate: "near-duplicate",
};

/** Reasons as people say them. */
export const words = (reason) => WORDS[reason] ?? reason.replaceAll("_", " ");
