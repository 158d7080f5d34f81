// The rule of the best N among the others of select.js: who may be chosen, and what is said of the rest. What a person
// chose by hand moves no more of the others than it has to: core/pipeline/by_hand.py states how.

import { choose, nearTo } from "./spread.js";
import { amongNeighbours, farBelow, qualities, standsFor } from "./spread_measures.js";
import { HAS_ERROR } from "./table.js";

/** The best N among what every rule before lets pass: no two near each other. */
export function bestStage(table, filters, survivors, keep, reject, chosen) {
  const kept = keep.filter((row) => !(table.flags[row] & HAS_ERROR)).sort((a, b) => a - b);
  const [survives, keeps, rejects] = [new Set(survivors), new Set(kept), new Set(reject)];
  const flags = table.rules.flags.filter((name) => table.values.has(name));
  const passed = [];
  chosen.reason.forEach((code, row) => {
    if (keeps.has(row) ? !survives.has(row) : code !== 0) return;
    const flag = flags.find((name) => table.values.get(name)[row] > 0); // no dissolve, no title
    if (!flag) passed.push(row);
    else if (!keeps.has(row) && !rejects.has(row)) chosen.reason[row] = chosen.names.indexOf(flag);
  });
  const column = rankingOf(table, filters.rank_by);
  const isPoor = column === table.rules.ranked.by ? farBelow(table.values.get(column), passed) : () => false;
  const rows = passed.filter((row) => !isPoor(row));
  for (const row of passed) {
    if (isPoor(row) && !keeps.has(row) && !rejects.has(row)) chosen.reason[row] = chosen.names.indexOf("poor");
  }
  const among = qualities(table.values.get(column), rows, table.rules.lower_is_better.includes(column));
  const quality = amongNeighbours(among, rows, table.ptsS);
  const wanted = { count: filters.best, kind: filters.spread, alike: filters.dedup };
  const found = chooseByHand(table, wanted, rows, quality, kept, rejects);
  const stay = new Set(found.rows);
  const removed = rows.filter((row) => !stay.has(row) && !rejects.has(row));
  const code = chosen.names.indexOf("spread");
  for (const row of removed) chosen.reason[row] = code;
  chosen.onlyBy.spread = removed.length;
  chosen.standIn = found.standsFor;
  chosen.windows = found.windows;
}

/** The twin of `choose` in core/pipeline/by_hand.py. */
function chooseByHand(table, wanted, rows, quality, kept, rejects) {
  const first = choose(table, wanted, rows, quality, []);
  if (!kept.length && !rejects.size) return first;
  const free = rows.filter((row) => !rejects.has(row));
  const marks = new Map(rows.map((row, i) => [row, quality[i]]));
  const chosen = new Set(first.rows);
  const gone = new Set([...kept, ...rejects]);
  for (const row of kept) if (!chosen.has(row)) gone.add(first.standsFor[row]);
  const isNear = nearTo(table, kept, wanted.alike);
  let stay = first.rows.filter((row) => !gone.has(row) && !isNear(row));
  const room = Math.max(0, wanted.count - kept.length);
  if (stay.length > room) stay = stay.sort((a, b) => marks.get(b) - marks.get(a) || a - b).slice(0, room);
  let given = [...kept, ...stay].sort((a, b) => a - b);
  if (given.length < wanted.count) {
    const left = free.map((row) => marks.get(row));
    given = choose(table, wanted, free, left, given).rows;
  }
  return { rows: given, standsFor: standsFor(table, free, given), windows: first.windows };
}

/** The column that ranks this run: an older one where it lacks the one that is asked for by default. */
export function rankingOf(table, column) {
  const { by, before } = table.rules.ranked;
  return column === by && !table.values.has(by) ? before : column;
}
