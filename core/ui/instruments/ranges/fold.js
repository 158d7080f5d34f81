// Filters that few people want, folded away under one heading, which says how many of them are set.

import { fill, h, icon } from "../dom.js";

const OPENED = "framesieve.folds";

/** Which columns are always seen, what ranks first, and which lie in which fold: [[name, columns]]. */
export function inOrder(columns, { folds, ranked }) {
  const away = new Set(folds.flatMap(([, names]) => names));
  const seen = columns.filter((name) => !away.has(name));
  const first = seen.filter((name) => name === ranked.by);
  const folded = folds.map(([name, names]) => [name, names.filter((one) => columns.includes(one))]);
  return {
    seen: [...first, ...seen.filter((name) => name !== ranked.by)],
    folded: folded.filter(([, names]) => names.length),
  };
}

export class Fold {
  constructor(name, columns, elements) {
    this.name = name;
    this.columns = columns;
    this.tally = h("span.sub");
    this.head = h("button.fold-head", { onclick: () => this.#turn() }, h("span", {}, name), this.tally, icon("down"));
    this.inside = h("div.folded", {}, elements);
    this.element = h("section.range-fold", { "aria-label": name }, this.head, this.inside);
    this.#set(opened().includes(name));
  }

  /** Says how many of its columns have a bound. */
  show({ min, max }) {
    const set = this.columns.filter((name) => name in (min ?? {}) || name in (max ?? {})).length;
    fill(this.tally, set ? `${set} set` : null);
    this.tally.classList.toggle("active", set > 0);
  }

  #turn() {
    const on = this.inside.hidden;
    this.#set(on);
    const others = opened().filter((other) => other !== this.name);
    localStorage.setItem(OPENED, JSON.stringify(on ? [...others, this.name] : others));
  }

  #set(on) {
    this.inside.hidden = !on;
    this.head.setAttribute("aria-expanded", String(on));
  }
}

function opened() {
  try {
    const found = JSON.parse(localStorage.getItem(OPENED) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}
