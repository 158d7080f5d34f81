// Beside the enlarged frame: its numbers, why it is kept or left out, its faces and its near-duplicates.

import { clock, count, h, icon, refill } from "../dom.js";
import { openRun } from "../open_run.js";
import { HAS_FILE, insideBars } from "../table.js";
import { chosenFor, comparedRow, headRow, numberRow, reasonsOf } from "./reasons.js";
import { Why } from "./why.js";

const MOST_COPIES = 11;

export class Facts {
  /** `does`: { mark(what), move(places), pick(row), close() }. */
  constructor(does) {
    this.does = does;
    this.why = new Why();
    this.element = h("div.facts-side");
  }

  /** Shows those of a row of the table; `rows` are all that are shown side by side, `faces` the lines of its faces. */
  show(row, rows, faces) {
    const { table, answer, run } = openRun;
    const ordinal = table.ordinal[row];
    const shot = table.shot[row] >= 0 ? `, shot ${table.shot[row]}` : "";
    const source = table.flags[row] & HAS_FILE ? "file in the run folder" : "decoded from the video";
    const close = { "aria-label": "Close (Esc)", title: "Close (Esc)", onclick: () => this.does.close() };
    refill(
      this.element,
      h("div.line", {}, h("h2", {}, `Frame ${count(ordinal)}`), h("button.ibtn", close, icon("x"))),
      h("p.sub.num", {}, `${clock(table.ptsS[row])}${shot}`),
      this.#verdict(row),
      h(
        "ul.reasons-list",
        {},
        [...reasonsOf(row), chosenFor(row)].filter(Boolean).map((text) => h("li", {}, text)),
      ),
      this.why.of(row),
      numbers(row, rows),
      faces,
      this.#copies(table, answer, row),
      h("p.sub", {}, `${run.width}x${run.height}, ${source}`),
      barsOf(row),
      h("span.gap"),
      this.#actions(ordinal),
    );
  }

  #verdict(row) {
    const { table, answer, choices } = openRun;
    const kept = answer.reason[row] === 0;
    const byHand = choices.byHand(table.ordinal[row]);
    const verdict = { class: kept ? "verdict kept" : "verdict out" };
    return h("p.verdict", verdict, icon(kept ? "check" : "x"), kept ? "Kept" : "Rejected", byHand && ", by hand");
  }

  #actions(ordinal) {
    const { does } = this;
    const hand = openRun.choices.byHand(ordinal);
    const act = (name, text, key, what) => {
      const about = { "aria-pressed": String(hand === what), onclick: () => does.mark(what) };
      return h("button.btn", about, icon(name), text, h("kbd", {}, key));
    };
    const turn = (name, label, places) => {
      const about = { "aria-label": label, title: label, onclick: () => does.move(places) };
      return h("button.ibtn", about, icon(name));
    };
    return h(
      "div.actions",
      {},
      act("check", "Keep", "K", "keep"),
      act("x", "Reject", "X", "reject"),
      turn("prev", "Previous frame (Left)", -1),
      turn("next", "Next frame (Right)", 1),
    );
  }

  #copies(table, answer, row) {
    const original = answer.duplicateOf[row] >= 0 ? answer.duplicateOf[row] : row;
    const group = [original];
    answer.duplicateOf.forEach((of, other) => of === original && group.push(other));
    if (group.length === 1) return null;
    const more = group.length - 1 - MOST_COPIES > 0 ? group.splice(MOST_COPIES + 1).length : 0;
    const { thumbs } = openRun;
    thumbs.want("group", group);
    const small = (member) => {
      const title = member === original ? "the one that stays" : "duplicate";
      const picture = thumbs.of(member) && h("img", { src: thumbs.of(member), alt: "" });
      const name = h("span.num", {}, count(table.ordinal[member]), member === original && icon("check"));
      const about = { "aria-current": String(member === row), title, onclick: () => this.does.pick(member) };
      return h("button.copy", about, picture, name);
    };
    const rest = more > 0 && h("p.sub", {}, `and ${count(more)} more: D in the gallery shows all`);
    return h("div.group", {}, h("h3", {}, "Near-duplicates"), h("div.group-strip", {}, group.map(small)), rest);
  }
}

function barsOf(row) {
  const inside = insideBars(openRun, row);
  return inside && h("p.sub", {}, `Black bars around ${inside[2]}x${inside[3]}; Export can cut them off.`);
}

/** The numbers of one frame beside the bounds that hold; of several frames those of each in a column of its own. */
function numbers(row, rows) {
  const { values, rules } = openRun.table;
  const isFirst = (name) => name === rules.ranked.by;
  const columns = [...values].sort(([a], [b]) => Number(isFirst(b)) - Number(isFirst(a)));
  if (rows.length === 1) {
    const lines = columns.map(([name, column]) => numberRow(name, column[row]));
    return h("table.numbers", {}, h("tbody", {}, lines));
  }
  const lines = columns.map(([name, column]) => comparedRow(name, column, row, rows));
  return h("table.numbers.compared", {}, h("thead", {}, headRow(row, rows)), h("tbody", {}, lines));
}
