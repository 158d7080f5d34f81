// The best N stills, spread: the twin of core/pipeline/spread.py, which states the algorithm, in whole numbers too.
// tests/ui/test_page_select.py compares both on random tables. Pure: no page, no network.

import { bestOfSlices, FARTHEST, hamming, lookalikes, PLACE, placesOf, QUALITY, standsFor } from "./spread_measures.js";
import { HAS_COLOURS, HAS_HASH } from "./table.js";

const ALIKE = 5;
const OTHER_COLOURS = 12;
const POOL = [1000, 1000];

/**
 * Chooses among `rows` (ascending), whose quality `qualities` gave; `given` are chosen already, and count.
 * Returns { rows: chosen, ascending; standsFor: of each frame the chosen row that stands for it, or -1;
 * windows: of each frame }.
 */
export function choose(table, { count, kind, alike }, rows, quality, given) {
  const kinds = kind === "all" ? ["time", "look", "motion"] : kind.split("+");
  const places = placesOf(table, kinds);
  const windows = new Int32Array(table.frames);
  if (places) places.forEach((place, row) => (windows[row] = Math.min(Math.floor((place * count) / PLACE), count - 1)));
  else rows.forEach((row, i) => (windows[row] = Math.floor((i * count) / rows.length)));
  const looks = kinds.includes("look");
  const half = Math.max(1, Math.floor(PLACE / (2 * count)));
  const eachStep = kinds.includes("motion") && !kinds.includes("time");
  const apart = places ? (eachStep ? count : Math.floor((9 * count + 9) / 10)) : 0;
  const rules = { count, alike: alike ?? ALIKE, half, looks, placed: places !== null, apart };
  /** Steps 2 to 4 beside what is given. */
  const oneRound = (fixed) => {
    const marks = new Float64Array(table.frames).fill(-1);
    rows.forEach((row, i) => (marks[row] = quality[i]));
    for (const row of fixed) marks[row] = -1;
    const work = new Choice(table, rules, places, windows, marks, fixed);
    work.cover();
    work.fill();
    work.exchange();
    return work.chosen.sort((a, b) => a - b);
  };
  let chosen = oneRound(given);
  for (let before = given; before.length < chosen.length && chosen.length < count; ) {
    [before, chosen] = [chosen, oneRound(chosen)]; // what gave way in step 4 may leave room for another
  }
  return { rows: chosen, standsFor: standsFor(table, rows, chosen), windows };
}

/** Tells of a row whether it is a near-duplicate of chosen ones, or one of them. */
export function nearTo(table, chosen, alike) {
  const limits = Uint8Array.from(table.rules.colour_limits);
  const like = lookalikes(table, chosen, alike ?? ALIKE);
  return (row) => like(row, (other) => agree(table, limits, row, other));
}

/** Whether the colours of two frames do not tell them apart. */
function agree(table, limits, i, j) {
  if (!(table.flags[i] & table.flags[j] & HAS_COLOURS)) return true;
  const [a, b] = [i * limits.length, j * limits.length];
  for (let at = 0; at < limits.length; at++) {
    if (Math.abs(table.colours[a + at] - table.colours[b + at]) > limits[at]) return false;
  }
  return true;
}

class Choice {
  constructor(table, rules, places, windows, quality, given) {
    this.table = table;
    this.rules = rules;
    this.windows = windows;
    this.quality = quality;
    this.places = places ?? new Float64Array(table.frames);
    this.limits = Uint8Array.from(table.rules.colour_limits);
    this.chosen = [...given];
    this.fixed = given.length;
    this.covered = new Uint8Array(rules.count);
    for (const row of given) this.covered[windows[row]] = 1;
    this.free = Uint8Array.from(quality, (mark) => Number(mark >= 0));
    this.seen = 0;
    this.#fillPool(this.#rowsWhere((row) => this.free[row]));
    this.first = this.pool;
  }

  /** @param {(row: number) => unknown} holds */
  #rowsWhere(holds) {
    const rows = [];
    for (let row = 0; row < this.table.frames; row++) if (holds(row)) rows.push(row);
    return rows;
  }

  // --- step 2

  #fillPool(rows) {
    const { count } = this.rules;
    const each = Math.ceil(Math.min(Math.max(4 * count, POOL[0]), POOL[1]) / count);
    this.pool = bestOfSlices(rows, this.windows, this.quality, each);
    this.beside = this.#alone(this.pool.length);
    for (const row of this.chosen) this.#notice(this.pool, this.beside, row);
  }

  #alone(length) {
    const far = new Float64Array(length).fill(this.rules.half);
    return { near: new Uint8Array(length), far, look: new Float64Array(length).fill(FARTHEST) };
  }

  /** Takes a chosen row into account among others. */
  #notice(rows, { near, far, look }, row) {
    const { places } = this;
    const place = places[row];
    for (let i = 0; i < rows.length; i++) {
      const apart = Math.abs(places[rows[i]] - place);
      if (apart < far[i]) far[i] = apart;
      if (rows[i] === row) near[i] = 1;
      let unlike = this.#apart(rows[i], row);
      if (unlike < 0) {
        near[i] = 1;
        unlike = -1 - unlike;
      }
      if (unlike < look[i]) look[i] = unlike;
    }
  }

  /** How unlike two frames look, 0 to 24; of near-duplicates -1 less that. */
  #apart(i, j) {
    const { table } = this;
    if (!(table.flags[i] & table.flags[j] & HAS_HASH)) return FARTHEST;
    const found = hamming(table, i, j);
    if (found > this.rules.alike) return Math.min(found, FARTHEST);
    return agree(table, this.limits, i, j) ? -1 - Math.min(found, FARTHEST) : OTHER_COLOURS;
  }

  /**
   * Fills the pool anew from all rows that are no near-duplicate of a chosen one; false where none is left.
   * @param {(row: number) => boolean} among
   */
  #renew(among = (row) => row >= 0) {
    const rows = this.#rowsWhere((row) => this.free[row]);
    const like = lookalikes(this.table, this.chosen.slice(this.seen), this.rules.alike);
    for (const row of rows) if (like(row, (other) => agree(this.table, this.limits, row, other))) this.free[row] = 0;
    this.seen = this.chosen.length;
    const left = rows.filter((row) => this.free[row] && among(row));
    if (left.length) this.#fillPool(left);
    return left.length > 0;
  }

  // --- step 3

  get #held() {
    return this.covered.reduce((sum, one) => sum + one, 0);
  }

  cover() {
    const enough = this.rules.apart;
    while (this.chosen.length < this.rules.count && this.#held < enough) {
      if (!this.#take(enough) && !this.#renew((row) => !this.covered[this.windows[row]])) return;
    }
  }

  fill() {
    if (this.pool !== this.first && !this.#renew()) return;
    while (this.chosen.length < this.rules.count) if (!this.#take(0) && !this.#renew()) return;
  }

  #take(enough) {
    const { pool, beside, covered, windows, quality, chosen } = this;
    const before = chosen.length;
    let held = this.#held;
    while (chosen.length < this.rules.count && !(enough && held >= enough)) {
      let [best, most] = [-1, -1];
      for (let i = 0; i < pool.length; i++) {
        if (beside.near[i] || (enough && covered[windows[pool[i]]])) continue;
        const gain = this.#gain(quality[pool[i]], beside.far[i], beside.look[i]);
        if (gain > most) [best, most] = [i, gain];
      }
      if (best < 0) break;
      const row = pool[best];
      chosen.push(row);
      held += 1 - covered[windows[row]];
      covered[windows[row]] = 1;
      this.#notice(pool, beside, row);
    }
    return chosen.length > before;
  }

  /** Quality and difference count the same; multiplied by what they would be divided by. */
  #gain(quality, far, look) {
    const { half, looks, placed } = this.rules;
    if (!looks) return quality * half + far * QUALITY;
    if (!placed) return quality * FARTHEST + look * QUALITY;
    return 2 * quality * half * FARTHEST + (far * FARTHEST + look * half) * QUALITY;
  }

  // --- step 4

  exchange() {
    const { chosen, fixed, first, windows } = this;
    const free = chosen.splice(fixed).sort((a, b) => a - b);
    chosen.push(...free);
    for (let at = fixed; at < chosen.length; at++) {
      const row = chosen[at];
      let [best, most] = [row, this.#gainBeside(row, at, true)];
      for (const rival of first) {
        if (windows[rival] !== windows[row] || rival === row) continue;
        if (this.#gain(this.quality[rival], this.rules.half, FARTHEST) <= most) continue;
        const gain = this.#gainBeside(rival, at, false);
        if (gain > most) [best, most] = [rival, gain];
      }
      chosen[at] = best;
    }
  }

  /** What a row gains beside the chosen ones but that at `at`; -1 where it is near one of them, unless it stays. */
  #gainBeside(rival, at, stays) {
    let [far, look] = [this.rules.half, FARTHEST];
    for (let k = 0; k < this.chosen.length; k++) {
      if (k === at) continue;
      const other = this.chosen[k];
      far = Math.min(far, Math.abs(this.places[rival] - this.places[other]));
      const unlike = this.#apart(rival, other);
      if (!stays && (unlike < 0 || rival === other)) return -1;
      look = Math.min(look, unlike < 0 ? -1 - unlike : unlike);
    }
    return this.#gain(this.quality[rival], far, look);
  }
}
