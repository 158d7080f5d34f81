// The rules of core/pipeline/select.py, in the browser, so that a slider needs no server. Same order, same numbers:
// doubles in both, NaN is never within a bound, equal ranks keep the earlier frame. tests/ui/test_page_select.py
// compares both on random tables; the server selects again before it saves or exports. Pure: no page, no network.

import { firstNear } from "./near.js";
import { bestStage, rankingOf } from "./select_best.js";
import { HAS_COLOURS, HAS_ERROR, HAS_HASH } from "./table.js";

const NONE = 255;

/**
 * Decides which frames are kept, and why the others are not.
 *
 * `filters` are plain values as in `FilterSettings`; `hand` is { keep: [ordinals], reject: [ordinals] }.
 * Returns { reason (code per frame, 0 = kept), names (code -> name), kept,
 * onlyBy (rule -> frames that it alone refuses), onlyColumn (column -> frames that its two bounds alone
 * refuse), duplicateOf (row or -1), standIn (row or -1), windows (of the best N; null without), relaxed }.
 */
export function select(table, filters, hand) {
  let chosen = selectOnce(table, filters, hand);
  const least = filters.at_least ?? null;
  if (least === null) return chosen;
  const wanted = Math.min(...[least, filters.top, filters.best].filter(isSet));
  const steps = table.rules.steps;
  for (let step = 1; step <= steps; step++) {
    if (chosen.kept >= wanted || !hasBounds(filters)) break;
    const looser = loosened(table, filters, step, steps);
    chosen = selectOnce(table, looser, hand);
    chosen.relaxed = usedBounds(table, filters, looser);
  }
  return chosen;
}

const isSet = (value) => value !== null && value !== undefined;
const hasBounds = (filters) => Object.keys(filters.min ?? {}).length + Object.keys(filters.max ?? {}).length > 0;

function selectOnce(table, filters, hand) {
  const stage = firstStage(table, filters);
  const survivors = [];
  for (let row = 0; row < table.frames; row++) if (stage.fails[row] === 0) survivors.push(row);
  const keptByHand = rowsOf(table, hand.keep);
  keptByHand.forEach((row) => override(table, stage, row));
  const chosen = {
    ...reasonsOf(table, stage),
    kept: 0,
    duplicateOf: new Int32Array(table.frames).fill(-1),
    standIn: new Int32Array(table.frames).fill(-1),
    windows: null,
    relaxed: {},
  };
  const quotas = table.rules.quotas.some((name) => isSet(filters[name]));
  if (isSet(filters.dedup) || quotas) laterStages(table, filters, survivors, new Set(keptByHand), chosen, quotas);
  if (isSet(filters.best)) bestStage(table, filters, survivors, keptByHand, rowsOf(table, hand.reject), chosen);
  if (hand.reject.length) rejectByHand(table, hand.reject, chosen);
  chosen.kept = chosen.reason.reduce((kept, code) => (code === 0 ? kept + 1 : kept), 0);
  return chosen;
}

// --- first stage: errors, discards, bounds, people, shots

function firstStage(table, filters) {
  const { frames } = table;
  const stage = {
    rules: [{ reason: "error" }, { reason: "" }],
    fails: new Uint8Array(frames), // rules that refuse the frame
    groups: new Uint8Array(frames), // columns that refuse it; both bounds of a column are one group
    first: new Uint8Array(frames).fill(NONE), // the first rule that refuses it
  };
  for (let row = 0; row < frames; row++) {
    if (table.flags[row] & HAS_ERROR) refuse(stage, row, 0);
    if (table.discard[row]) refuse(stage, row, 1);
  }
  for (const column of table.rules.columns) bound(table, stage, column, filters.min?.[column], filters.max?.[column]);
  if (isSet(filters.person_ids)) {
    const shown = new Uint8Array(frames);
    for (const person of filters.person_ids) for (const row of table.people.get(person) ?? []) shown[row] = 1;
    const rule = stage.rules.push({ name: "person", reason: "person" }) - 1;
    for (let row = 0; row < frames; row++) if (!shown[row]) refuse(stage, row, rule);
  }
  if (isSet(filters.shots)) {
    const wanted = new Set(filters.shots);
    const rule = stage.rules.push({ name: "shot", reason: "shot" }) - 1;
    for (let row = 0; row < frames; row++) if (!wanted.has(table.shot[row])) refuse(stage, row, rule);
  }
  return stage;
}

function refuse(stage, row, rule) {
  stage.fails[row]++;
  stage.groups[row]++;
  if (stage.first[row] === NONE) stage.first[row] = rule;
}

function bound(table, stage, column, low, high) {
  if (!isSet(low) && !isSet(high)) return;
  const reason = table.rules.reason_of[column];
  const lowRule = isSet(low) ? stage.rules.push({ name: `min ${column}`, reason, column }) - 1 : NONE;
  const highRule = isSet(high) ? stage.rules.push({ name: `max ${column}`, reason, column }) - 1 : NONE;
  const { fails, groups, first } = stage;
  const values = table.values.get(column);
  const isFlag = table.rules.flags.includes(column);
  for (let row = 0; row < table.frames; row++) {
    const value = values ? values[row] : NaN;
    if (isFlag && Number.isNaN(value)) continue; // not known: it refuses nothing
    const below = lowRule !== NONE && !(value >= low);
    const above = highRule !== NONE && !(value <= high);
    if (!below && !above) continue;
    fails[row] += below && above ? 2 : 1;
    groups[row]++;
    if (first[row] === NONE) first[row] = below ? lowRule : highRule;
  }
}

/** Lets a row kept by hand pass everything but an error. */
function override(table, stage, row) {
  const broken = (table.flags[row] & HAS_ERROR) !== 0;
  stage.fails[row] = stage.groups[row] = broken ? 1 : 0;
  stage.first[row] = broken ? 0 : NONE;
}

function reasonsOf(table, stage) {
  const names = [...table.rules.reasons];
  const code = (name) => (names.includes(name) ? names.indexOf(name) : names.push(name) - 1);
  const codes = stage.rules.map((rule) => code(rule.reason));
  const discards = table.discards.map(code);
  const reason = new Uint16Array(table.frames);
  const only = new Uint32Array(stage.rules.length);
  const onlyGroup = new Uint32Array(stage.rules.length);
  for (let row = 0; row < table.frames; row++) {
    const first = stage.first[row];
    if (first === NONE) continue;
    reason[row] = first === 1 ? discards[table.discard[row]] : codes[first];
    if (stage.fails[row] === 1) only[first]++;
    if (stage.groups[row] === 1) onlyGroup[first]++;
  }
  const onlyBy = {};
  const onlyColumn = {};
  stage.rules.forEach((rule, i) => {
    if (rule.name) onlyBy[rule.name] = only[i];
    if (rule.column) onlyColumn[rule.column] = (onlyColumn[rule.column] ?? 0) + onlyGroup[i];
  });
  return { reason, names, onlyBy, onlyColumn };
}

// --- duplicates and quotas, among survivors

function laterStages(table, filters, survivors, byHand, chosen, quotas) {
  let ranked = rankedRows(table, rankingOf(table, filters.rank_by), survivors);
  if (isSet(filters.dedup) && !isSet(filters.best)) {
    const copies = duplicateRows(table, ranked, filters.dedup);
    const code = chosen.names.indexOf("duplicate");
    chosen.onlyBy.duplicate = 0;
    for (const [row, original] of copies) {
      if (byHand.has(row)) continue;
      chosen.duplicateOf[row] = original;
      chosen.reason[row] = code;
      chosen.onlyBy.duplicate++;
    }
    ranked = ranked.filter((row) => !copies.has(row));
  }
  if (!quotas) return;
  const stay = new Set(withinQuotas(table, filters, ranked));
  const code = chosen.names.indexOf("quota");
  chosen.onlyBy.quota = 0;
  for (const row of ranked) {
    if (stay.has(row) || byHand.has(row)) continue;
    chosen.reason[row] = code;
    chosen.onlyBy.quota++;
  }
}

/** Of these rows (ascending), best first; NaN last, ties by row. */
function rankedRows(table, column, rows) {
  const order = rankOrder(table, column);
  if (order === null) return rows;
  const wanted = new Uint8Array(table.frames);
  rows.forEach((row) => (wanted[row] = 1));
  return Array.from(order.filter((row) => wanted[row]));
}

/** All rows, best first, kept for the next time; null when the run has no such column. */
function rankOrder(table, column) {
  const values = table.values.get(column);
  if (!values) return null;
  if (!table.orders.has(column)) {
    table.orders.set(column, sorted(values, table.rules.lower_is_better.includes(column) ? 1 : -1));
  }
  return table.orders.get(column);
}

/** Rows in the order of their values (sign 1: ascending, -1: descending), NaN last, ties by row. */
export function sorted(values, sign) {
  const rows = Uint32Array.from(values, (_, row) => row);
  return rows.sort((a, b) => {
    const [x, y] = [values[a], values[b]];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    return sign * (x - y) || a - b;
  });
}

/** Map of row -> row of the first-ranked kept frame near it. */
function duplicateRows(table, ranked, distance) {
  const hashed = ranked.filter((row) => table.flags[row] & HAS_HASH);
  const high = Uint32Array.from(hashed, (row) => table.hashHigh[row]);
  const low = Uint32Array.from(hashed, (row) => table.hashLow[row]);
  const copies = new Map();
  firstNear(high, low, distance, coloursOf(table, hashed)).forEach(
    (first, i) => first >= 0 && copies.set(hashed[i], hashed[first]),
  );
  return copies;
}

/** Where the coarse colours of some rows lie, as near.js compares them; -1 = not known. */
function coloursOf(table, rows) {
  const limits = Uint8Array.from(table.rules.colour_limits);
  const places = Int32Array.from(rows, (row) => (table.flags[row] & HAS_COLOURS ? row * limits.length : -1));
  return { values: table.colours, places, limits };
}

function withinQuotas(table, filters, ranked) {
  let left = ranked;
  if (isSet(filters.per_shot) || isSet(filters.per_shot_percent)) {
    left = bestOfEach(left, (row) => table.shot[row], filters.per_shot, filters.per_shot_percent);
  }
  if (isSet(filters.per_window) || isSet(filters.per_window_percent)) {
    const window = (row) => Math.floor((table.ptsS[row] - table.ptsS[0]) / filters.window + 1e-9);
    left = bestOfEach(left, window, filters.per_window, filters.per_window_percent);
  }
  return left.slice(0, limit(left.length, filters.top, filters.top_percent));
}

function bestOfEach(ranked, groupOf, most, percent) {
  const sizes = new Map();
  const groups = ranked.map(groupOf);
  groups.forEach((group) => sizes.set(group, (sizes.get(group) ?? 0) + 1));
  const limits = new Map([...sizes].map(([group, size]) => [group, limit(size, most, percent)]));
  const places = new Map();
  return ranked.filter((_, i) => {
    const place = places.get(groups[i]) ?? 0;
    places.set(groups[i], place + 1);
    return place < limits.get(groups[i]);
  });
}

/** How many of `size` may stay. A percentage above 0 is rounded up and leaves at least one. */
function limit(size, most, percent) {
  if (percent === 0) return 0;
  const allowed = isSet(most) ? Math.min(size, most) : size;
  if (!isSet(percent) || size === 0) return allowed;
  return Math.min(allowed, Math.max(1, Math.ceil(Number(((size * percent) / 100).toFixed(9)))));
}

// --- by hand

function rejectByHand(table, ordinals, chosen) {
  const code = chosen.names.indexOf("manual");
  chosen.onlyBy.manual = 0;
  for (const row of rowsOf(table, ordinals)) {
    if (chosen.reason[row] !== 0) continue;
    chosen.reason[row] = code;
    chosen.onlyBy.manual++;
  }
}

/** Rows of those ordinals that the table holds. */
function rowsOf(table, ordinals) {
  return ordinals.map((ordinal) => table.rowOf(ordinal)).filter((row) => row >= 0);
}

// --- at_least

function loosened(table, filters, step, steps) {
  if (step === steps) return { ...filters, min: {}, max: {} };
  const towards = (bounds, sign) =>
    Object.fromEntries(
      Object.entries(bounds ?? {}).map(([column, value]) => {
        const extreme = outermost(value, table.values.get(column), sign);
        return [column, value + ((extreme - value) * step) / steps];
      }),
    );
  return { ...filters, min: towards(filters.min, -1), max: towards(filters.max, 1) };
}

function outermost(value, column, sign) {
  let extreme = value;
  for (const other of column ?? []) if (sign * (other - extreme) > 0) extreme = other;
  return extreme;
}

function usedBounds(table, filters, looser) {
  const used = {};
  for (const column of table.rules.columns) {
    const was = [filters.min?.[column] ?? null, filters.max?.[column] ?? null];
    const now = [looser.min?.[column] ?? null, looser.max?.[column] ?? null];
    if (was[0] !== now[0] || was[1] !== now[1]) used[column] = now;
  }
  return used;
}
