// The rule of the best N among the others of select.js: who may be chosen, and what is said of the rest.

import { choose } from "./spread.js";
import { qualities } from "./spread_measures.js";
import { HAS_ERROR } from "./table.js";

/** The best N among what every rule before lets pass: no two near each other. */
export function bestStage(table, filters, keep, reject, chosen) {
  const byHand = keep.filter((row) => !(table.flags[row] & HAS_ERROR));
  byHand.sort((a, b) => a - b);
  const taken = new Set([...byHand, ...reject]);
  const flags = table.rules.flags.filter((name) => table.values.has(name));
  const rows = [];
  chosen.reason.forEach((code, row) => {
    if (code !== 0 || taken.has(row)) return;
    const flag = flags.find((name) => table.values.get(name)[row] > 0); // no dissolve, no title
    if (flag) chosen.reason[row] = chosen.names.indexOf(flag);
    else rows.push(row);
  });
  const column = rankingOf(table, filters.rank_by);
  const quality = qualities(table.values.get(column), rows, table.rules.lower_is_better.includes(column));
  const wanted = { count: filters.best, kind: filters.spread, alike: filters.dedup };
  const found = choose(table, wanted, rows, quality, byHand);
  const stay = new Set(found.rows);
  const removed = rows.filter((row) => !stay.has(row));
  const code = chosen.names.indexOf("spread");
  for (const row of removed) chosen.reason[row] = code;
  chosen.onlyBy.spread = removed.length;
  chosen.standIn = found.standsFor;
  chosen.windows = found.windows;
}

/** The column that ranks this run: an older one where it lacks the one that is asked for by default. */
export function rankingOf(table, column) {
  const { by, before } = table.rules.ranked;
  return column === by && !table.values.has(by) ? before : column;
}
