// Every reason why a frame is rejected but a person's own, in words, and its numbers beside the bounds that hold.

import { clock, count, counted, h, icon, number, title } from "../dom.js";
import { openRun } from "../open_run.js";
import { rankingOf } from "../select_best.js";
import { nearTo } from "../spread.js";
import { HAS_ERROR } from "../table.js";

/** All of them, not only the first: "sharpness 3.1 is below 20". */
export function reasonsOf(row) {
  const { table, answer, choices } = openRun;
  const { filters } = choices;
  const found = [];
  const hand = choices.byHand(table.ordinal[row]);
  if (table.flags[row] & HAS_ERROR) found.push(damageOf(table, row));
  if (table.discard[row]) found.push(`dropped by extract: ${table.discards[table.discard[row]]}`);
  for (const column of table.rules.columns) {
    found.push(...outOfBounds(column, table.values.get(column)?.[row] ?? NaN, boundsOf(column)));
  }
  const shows = (person) => table.people.get(person)?.includes(row);
  if (filters.person_ids && !filters.person_ids.some(shows)) found.push("shows none of the chosen people");
  if (filters.shots && !filters.shots.includes(table.shot[row])) found.push("not in a chosen shot");
  const original = answer.duplicateOf[row];
  if (original >= 0) found.push(`near-duplicate of frame ${count(table.ordinal[original])}`);
  if (answer.names[answer.reason[row]] === "quota") found.push("not among the best: others are better");
  if (answer.names[answer.reason[row]] === "spread") found.push(standInOf(row));
  const reason = answer.names[answer.reason[row]];
  if (filters.best !== null && table.rules.flags.includes(reason))
    found.push(`never one of the best: ${flagWords(reason)}`);
  if (reason === "poor")
    found.push("never one of the best: its picture score is less than a tenth of those of good frames");
  return hand === "keep" && found.length ? [`kept by hand, although: ${found.join("; ")}`] : found;
}

const FLAG_WORDS = { dissolve: "a dissolve", combed: "combed", blank: "blank", titles: "titles" };
const flagWords = (flag) => FLAG_WORDS[flag] ?? flag;

/** Which of the best N stands for a frame: the most alike of those around it. */
function standInOf(row) {
  const { table, answer, choices } = openRun;
  const stand = answer.standIn[row];
  if (stand < 0) return `not one of the best ${count(choices.filters.best)}`;
  const alike = nearTo(table, [stand], choices.filters.dedup)(row);
  const frame = `frame ${count(table.ordinal[stand])}, ${clock(table.ptsS[stand])},`;
  return alike ? `${frame} stands for it: they look alike` : `${frame} was chosen instead, of those around it`;
}

/** Why a frame is one of the best N, in a sentence; "" where nobody asked for them. */
export function chosenFor(row) {
  const { table, answer, choices } = openRun;
  const { best, rank_by } = choices.filters;
  if (best === null || !answer.windows || answer.reason[row] !== 0) return "";
  if (choices.byHand(table.ordinal[row])) return `one of the best ${count(best)}: kept by hand, and counted`;
  const column = rankingOf(table, rank_by);
  const values = table.values.get(column);
  const sign = table.rules.lower_is_better.includes(column) ? -1 : 1;
  const mine = [];
  let rest = 0;
  answer.windows.forEach((window, other) => {
    if (window !== answer.windows[row] || !["", "spread"].includes(answer.names[answer.reason[other]])) return;
    mine.push(other);
    if (values && sign * (values[other] - values[row]) > 0) rest++;
  });
  const isMeasured = values && !Number.isNaN(values[row]);
  const place = isMeasured
    ? `number ${count(rest + 1)} of ${count(mine.length)} by ${title(column).toLowerCase()}`
    : "";
  const part = `part ${count(answer.windows[row] + 1)} of ${count(best)}`;
  const frames = answer.standIn.reduce((sum, stand) => sum + Number(stand === row), 0);
  const stands = frames ? `; stands for ${counted(frames, "other frame")}` : "";
  return `one of the best ${count(best)}: ${[place, `in ${part}`].filter(Boolean).join(" ")}${stands}`;
}

function damageOf(table, row) {
  const unread = Number.isNaN(table.values.get("quality_score")?.[row] ?? NaN);
  return unread ? "could not be decoded" : "decoded with damage";
}

/** A line of the table of numbers. */
export function numberRow(column, value) {
  const [low, high] = boundsOf(column);
  const wrong = outOfBounds(column, value, [low, high]).length > 0;
  const any = low === null && high === null;
  const span = any ? "" : `${low === null ? "any" : number(low)} to ${high === null ? "any" : number(high)}`;
  const name = h("th", { scope: "row" }, title(column));
  const bounds = h("td.sub", {}, wrong && icon("x"), span);
  return h("tr", { class: wrong ? "wrong" : null }, name, h("td.n", {}, number(value, 5)), bounds);
}

/** A line of the table of numbers where frames are compared: the value of each, that of the current one stronger. */
export function comparedRow(column, values, current, rows) {
  const [low, high] = boundsOf(column);
  const cell = (row) => {
    const wrong = outOfBounds(column, values[row], [low, high]).length > 0;
    const about = { class: ["n", row === current && "current", wrong && "wrong"].filter(Boolean).join(" ") };
    return h("td", about, wrong && icon("x"), number(values[row], 3));
  };
  return h("tr", {}, h("th", { scope: "row" }, title(column)), rows.map(cell));
}

/** Above them: which frames they are of. */
export function headRow(current, rows) {
  const { ordinal } = openRun.table;
  const cell = (row) => h("th", { scope: "col", class: row === current ? "n current" : "n" }, count(ordinal[row]));
  return h("tr", {}, h("th", { scope: "col" }, "Frame"), rows.map(cell));
}

function boundsOf(column) {
  const { answer, choices } = openRun;
  const { min, max } = choices.filters;
  return answer.relaxed[column] ?? [min?.[column] ?? null, max?.[column] ?? null];
}

function outOfBounds(column, value, [low, high]) {
  const name = title(column).toLowerCase();
  if (low === null && high === null) return [];
  if (Number.isNaN(value)) return [`${name} was not measured`];
  if (low !== null && value < low) return [`${name} ${number(value)} is below ${number(low)}`];
  if (high !== null && value > high) return [`${name} ${number(value)} is above ${number(high)}`];
  return [];
}
