// What the best N are chosen by: quality, places, looks, slices and who stands for whom. Parts of spread.js.

import { HAS_HASH } from "./table.js";

export const FARTHEST = 24;
export const QUALITY = 10_000;
export const PLACE = 1_000_000;
const AROUND_S = 1.0;
const NEAREST = 60;
const LEAST_MOVED = 0.5;
const FAR_BELOW = 10;

/** Tells of a row whether its score is less than a tenth of that which a tenth of all exceeds. */
export function farBelow(values, rows) {
  const known = Float64Array.from(
    rows.map((row) => values?.[row] ?? Number.NaN).filter((value) => !Number.isNaN(value)),
  );
  if (!known.length) return () => false;
  const good = known.sort()[Math.floor((9 * (known.length - 1)) / 10)];
  return (row) => values[row] * FAR_BELOW < good;
}

/** 10,000 times the share of the other rows that are worse; not measured = 0. `values` may be absent. */
export function qualities(values, rows, lowerIsBetter) {
  if (!values || rows.length < 2) return rows.map(() => (rows.length === 1 ? QUALITY : 0));
  const own = Float64Array.from(rows, (row) => (lowerIsBetter ? -values[row] : values[row]));
  const known = own.filter((value) => !Number.isNaN(value)).sort();
  const missing = rows.length - known.length;
  return Array.from(own, (value) => {
    if (Number.isNaN(value)) return 0;
    return Math.floor(((below(known, value) + missing) * QUALITY) / (rows.length - 1));
  });
}

/**
 * The mean of the quality among all rows and of that among those within a second; alone, whole scenes would be left out
 * that are a little softer than the others.
 */
export function amongNeighbours(quality, rows, ptsS) {
  const [worse, others] = [new Int32Array(rows.length), new Int32Array(rows.length)];
  for (let i = 0; i < rows.length; i++) {
    const last = Math.min(rows.length - 1, i + NEAREST);
    for (let j = i + 1; j <= last && ptsS[rows[j]] - ptsS[rows[i]] <= AROUND_S; j++) {
      others[i]++;
      others[j]++;
      if (quality[j] < quality[i]) worse[i]++;
      else if (quality[i] < quality[j]) worse[j]++;
    }
  }
  return quality.map((own, i) => {
    const share = others[i] ? Math.floor((worse[i] * QUALITY) / others[i]) : own;
    return Math.floor((own + share) / 2);
  });
}

/** How many of some ascending numbers are less than a value. */
function below(ascending, value) {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Places of all frames, 0 to 1,000,000, never falling; null where neither time nor motion counts. */
export function placesOf(table, kinds) {
  const axes = [];
  if (kinds.includes("time")) axes.push(scaled(table.ptsS.map((at) => at - table.ptsS[0])));
  if (kinds.includes("motion")) axes.push(scaled(moved(table)));
  if (axes.length < 2) return axes[0] ?? null;
  return axes[0].map((place, row) => Math.floor((place + axes[1][row]) / 2));
}

/** The displacement that has added up at each frame; where it is not known, the bits in which hashes differ. */
function moved(table) {
  const steps = displaced(table);
  const found = new Float64Array(table.frames);
  for (let row = 1; row < table.frames; row++) found[row] = found[row - 1] + (steps ? steps[row] : bits(table, row));
  return found;
}

/** How many steps from frame to frame are known, and what they add up to, % of the diagonal. */
function known(table) {
  const column = table.values.get("displacement");
  let [steps, total] = [0, 0];
  for (let row = 1; column && row < table.frames; row++) {
    if (Number.isNaN(column[row])) continue;
    steps++;
    total += Math.max(column[row], 0);
  }
  return { steps, total, enough: table.frames > 1 && 2 * steps >= table.frames - 1 };
}

/**
 * By how much the picture moved to each frame from the one before it in the table, % of its diagonal. What is not known
 * counts as the mean of what is, for each source frame that passed; null: fewer than half are known, or it rests.
 */
function displaced(table) {
  const { steps, total, enough } = known(table);
  if (!enough || !(total >= LEAST_MOVED)) return null;
  const column = table.values.get("displacement");
  const found = new Float64Array(table.frames);
  for (let row = 1; row < table.frames; row++) {
    const passed = table.ordinal[row] - table.ordinal[row - 1];
    found[row] = Number.isNaN(column[row]) ? (total / steps) * passed : Math.max(column[row], 0);
  }
  return found;
}

/** Why motion follows the looks: "still" or "unknown"; "" where the displacement tells it. */
export function withoutDisplacement(table) {
  const { total, enough } = known(table);
  if (!enough) return table.frames > 1 ? "unknown" : "";
  return total >= LEAST_MOVED ? "" : "still";
}

/** In how many bits the hashes of a frame and the one before differ. */
function bits(table, row) {
  if (!(table.flags[row] & table.flags[row - 1] & HAS_HASH)) return 0;
  return hamming(table, row, row - 1);
}

function scaled(axis) {
  const last = axis.at(-1) ?? 0;
  if (!(last > 0)) return new Float64Array(axis.length);
  const span = (last * axis.length) / (axis.length - 1);
  return axis.map((at) => Math.floor((at * PLACE) / span));
}

export function hamming(table, i, j) {
  return ones(table.hashHigh[i] ^ table.hashHigh[j]) + ones(table.hashLow[i] ^ table.hashLow[j]);
}

function ones(word) {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

const PIECE_BITS = 8;
const PIECES = 64 / PIECE_BITS;

/**
 * Tells whether a row is one of `chosen` or looks like one: a function of the row and of what else both have to fulfil.
 * Of hashes that differ in fewer bits than there are pieces one piece is the same: only such ones are compared.
 */
export function lookalikes(table, chosen, alike) {
  const [heads, next] = [new Int32Array(PIECES << PIECE_BITS).fill(-1), new Int32Array(chosen.length * PIECES)];
  const isOne = new Set(chosen);
  const isTold = alike < PIECES;
  const piece = (row, at) => {
    const word = at < PIECES / 2 ? table.hashHigh[row] : table.hashLow[row];
    return (at << PIECE_BITS) | ((word >>> ((at % (PIECES / 2)) * PIECE_BITS)) & 255);
  };
  chosen.forEach((row, i) => {
    if (!isTold || !(table.flags[row] & HAS_HASH)) return;
    for (let at = 0; at < PIECES; at++) {
      const key = piece(row, at);
      next[i * PIECES + at] = heads[key];
      heads[key] = i;
    }
  });
  /** @type {(row: number, other: number, holds: (other: number) => boolean) => boolean} */
  const isLike = (row, other, holds) => hamming(table, row, other) <= alike && holds(other);
  return (row, holds) => {
    if (isOne.has(row)) return true;
    if (!(table.flags[row] & HAS_HASH)) return false;
    if (!isTold) return chosen.some((one) => table.flags[one] & HAS_HASH && isLike(row, one, holds));
    for (let at = 0; at < PIECES; at++) {
      for (let i = heads[piece(row, at)]; i >= 0; i = next[i * PIECES + at]) {
        if (isLike(row, chosen[i], holds)) return true;
      }
    }
    return false;
  };
}

/** The best row of each of up to `each` equal slices of every window; ties go to the earlier row. */
export function bestOfSlices(rows, windows, quality, each) {
  const found = [];
  for (let from = 0; from < rows.length; ) {
    let to = from;
    while (to < rows.length && windows[rows[to]] === windows[rows[from]]) to++;
    const size = to - from;
    let last = -1;
    for (let i = 0; i < size; i++) {
      const slice = size > each ? Math.floor((i * each) / size) : i;
      const row = rows[from + i];
      if (slice !== last) found.push(row);
      else if (quality[row] > quality[found.at(-1)]) found[found.length - 1] = row;
      last = slice;
    }
    from = to;
  }
  return found;
}

/** Of the two chosen rows before and the two after each candidate, the most alike; the nearest first. */
export function standsFor(table, rows, chosen) {
  const found = new Int32Array(table.frames).fill(-1);
  let after = 0;
  for (const row of rows) {
    while (after < chosen.length && chosen[after] < row) after++;
    let least = FARTHEST + 1;
    for (const at of [after - 1, after, after - 2, after + 1]) {
      if (at < 0 || at >= chosen.length) continue;
      const hashed = table.flags[row] & table.flags[chosen[at]] & HAS_HASH;
      const unlike = hashed ? Math.min(hamming(table, row, chosen[at]), FARTHEST) : FARTHEST;
      if (unlike < least) [least, found[row]] = [unlike, chosen[at]];
    }
  }
  for (const row of chosen) found[row] = -1;
  return found;
}
