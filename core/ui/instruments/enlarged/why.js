// Why the enlarged frame has its picture score: a bar for each part, and a sentence. The server computes both.

import { fill, h, number } from "../dom.js";
import { openRun } from "../open_run.js";
import { read } from "../server.js";

const SCORE = "picture_score";
const KEPT = 500;

export class Why {
  constructor() {
    this.element = h("section.why", { "aria-label": "Why this score" });
    /** Answers by run, version and frame. */
    this.known = new Map();
    this.asked = "";
  }

  /** The bars of a row of the table, null in a run without the score. Those before stay until they come. */
  of(row) {
    if (!openRun.table.values.has(SCORE)) return null;
    this.#show(row);
    return this.element;
  }

  async #show(row) {
    const { run, table } = openRun;
    const path = `runs/${run.id}/why/${table.ordinal[row]}`;
    const asked = `${run.version} ${path}`;
    if (asked === this.asked) return;
    this.asked = asked;
    if (this.known.has(asked)) return this.#draw(this.known.get(asked));
    this.element.setAttribute("aria-busy", "true");
    let found;
    try {
      found = await read(path);
      if (this.known.size >= KEPT) this.known.clear();
      this.known.set(asked, found);
    } catch (error) {
      const sentence = `The parts of the score could not be read: ${error.message}`;
      found = { score: null, parts: [], sentence, beside: "" };
    }
    if (asked === this.asked) this.#draw(found);
  }

  #draw({ score, parts, sentence, beside }) {
    const head = h("div.line", {}, h("h3", {}, "Why this score"), score !== null && h("b.num", {}, number(score, 3)));
    const bars = h("dl.score-parts", {}, parts.map(bar));
    const told = parts.length > 0 && parts.every((part) => part.known); // long each time: what follows stays in place
    const said = [h("p.sub", {}, sentence), beside && h(told ? "p.beside.told" : "p.beside", {}, beside)];
    fill(this.element, head, parts.length > 0 && bars, ...said);
    this.element.setAttribute("aria-busy", "false");
  }
}

function bar({ title, share, costs, known }) {
  const percent = Math.round(100 * share);
  const length = h("span.bar.wide", { "aria-hidden": "true" }, h("i", { style: `width:${known ? percent : 0}%` }));
  const figure = h("span.num", known ? {} : { title: "not known", "aria-label": "not known" }, known ? percent : "–");
  return h("div", { class: costs ? "costs" : null }, h("dt", {}, title), h("dd", {}, length, figure));
}
