// The people among the filters: a chip for each, pressed where only frames of this person are kept.

import { count, counted, h, icon, refill, removed } from "../dom.js";
import { openRun } from "../open_run.js";
import { people, shownName } from "../people.js";

const CHIPS = 8;

export class Strip {
  /** `more()` is called when the panel is wanted. */
  constructor(element, more) {
    this.more = more;
    this.element = h("section.people-strip", { "aria-label": "People", role: "group" });
    element.append(this.element);
    people.follow(() => this.#draw());
    openRun.follow({ opened: () => this.#draw(), answered: () => this.#draw() });
  }

  #draw() {
    if (!openRun.isReady) return;
    const { answer, choices, table } = openRun;
    const only = answer?.onlyBy.person;
    const wanted = choices.filters.person_ids ?? [];
    const ids = [...new Set([...[...table.people.keys()].slice(0, CHIPS), ...wanted])];
    const more = table.people.size - CHIPS;
    const said = [ids, wanted, only, more, ids.map((id) => people.nameOf(id)), this.#sentence(), openRun.run.version];
    const mark = JSON.stringify(said);
    if (mark === this.mark) return;
    this.mark = mark;
    const about = { title: "frames removed by this filter alone" };
    const told = h("span.only", about, only === undefined ? "" : removed(only));
    const open = { "data-key": "panel", onclick: this.more };
    const panel = h("button.link", open, table.people.size ? "Show" : "Find", " ", h("kbd", {}, "P"));
    const rest = more > 0 && h("button.chip", { "data-key": "more", onclick: this.more }, `${count(more)} more`);
    refill(
      this.element,
      h("div.line", {}, h("b", {}, "People"), told, h("span.gap"), panel),
      ids.length
        ? h(
            "div.chips",
            {},
            ids.map((id) => this.#chip(id, wanted)),
            rest,
          )
        : h("span.sub", {}, this.#sentence()),
    );
  }

  #chip(id, wanted) {
    const on = wanted.includes(id);
    const name = people.nameOf(id);
    const does = { title: `Only frames that show ${name}`, onclick: () => people.filterBy(id) };
    const about = { "data-key": `chip ${id}`, "aria-pressed": String(on), ...does };
    const frames = openRun.table.people.get(id)?.length ?? 0;
    return h("button.chip", about, on && icon("check"), shownName(people.partsOf(id)), h("b.num", {}, count(frames)));
  }

  #sentence() {
    const { found } = people;
    if (!found) return "\u00a0"; // its line is there from the start: what is below does not move
    if (!found.model) return "Faces have not been read in this run.";
    if (found.people) return "No face is seen twice.";
    return `${counted(found.faces, "face")} read; who is who was not looked for.`;
  }
}
