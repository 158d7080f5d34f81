// Selects in a thread of its own, so that the page never stops, however many frames or however dear the duplicates.
//
// In: { buffer } once per run, then { filters, hand, wantsDigest }. Out: { columns }, then one answer to each question.

import { select } from "./select.js";
import { digestOf, unpack } from "./table.js";

const BINS = 48;
const NOT_MEASURED = 255;

let table = null;
const bins = new Map();

self.addEventListener("message", ({ data }) => {
  if (data.buffer) {
    table = unpack(data.buffer);
    const columns = [...table.values].map(([name, values]) => describe(name, values));
    self.postMessage({ columns });
    return;
  }
  const chosen = select(table, data.filters, data.hand);
  const answer = {
    reason: chosen.reason,
    names: chosen.names,
    kept: chosen.kept,
    onlyBy: chosen.onlyBy,
    onlyColumn: chosen.onlyColumn,
    duplicateOf: chosen.duplicateOf,
    standIn: chosen.standIn,
    windows: chosen.windows,
    relaxed: chosen.relaxed,
    counts: countsOf(chosen),
    keptBins: new Map([...bins].map(([name, of]) => [name, counted(of, chosen.reason)])),
    digest: data.wantsDigest ? digestOf(table, chosen.reason) : null,
  };
  self.postMessage(answer, { transfer: [answer.reason.buffer, answer.duplicateOf.buffer] });
});

/** Extremes, histogram and gaps of a column; remembers the bin of each frame. */
function describe(name, values) {
  let [low, high, missing] = [Infinity, -Infinity, 0];
  for (const value of values) {
    if (Number.isNaN(value)) missing++;
    else {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  const scale = high > low ? BINS / (high - low) : 0;
  const of = Uint8Array.from(values, (value) =>
    Number.isNaN(value) ? NOT_MEASURED : Math.min(BINS - 1, Math.floor((value - low) * scale)),
  );
  bins.set(name, of);
  return {
    name,
    low,
    high,
    missing,
    whole: values.every((v) => Number.isNaN(v) || Number.isInteger(v)),
    all: counted(of),
  };
}

/** How many frames (of the kept ones, if reasons come) lie in each bin. */
function counted(of, reason) {
  const found = new Uint32Array(256);
  for (let row = 0; row < of.length; row++) if (!reason || reason[row] === 0) found[of[row]]++;
  return found.slice(0, BINS);
}

/** [[name of the reason, frames]], in the order of the rules. */
function countsOf(chosen) {
  const found = new Uint32Array(chosen.names.length);
  for (const code of chosen.reason) found[code]++;
  return chosen.names.map((name, code) => [name, found[code], code]).filter(([, frames, code]) => code && frames);
}
