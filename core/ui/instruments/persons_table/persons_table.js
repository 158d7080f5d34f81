// The persons of a video, best ranked first: crops, name, when and how long they are seen; the buttons of decisions.

import { fill, h, icon } from "../dom.js";
import { giveKeys } from "../keys.js";
import { toFrame } from "../going_on.js";
import { persons } from "../persons.js";
import { KEYS, keysOf } from "./keys.js";
import { Row } from "./row.js";

const HEADS = [
  ["Pick", "who is picked out: merged, compared, chosen"],
  ["Crops", ""],
  ["Person", ""],
  ["Start", "first frame, and its time"],
  ["End", "last frame, and its time"],
  ["Seen", "frames with a box of this person"],
  ["Time", "how long this person is on the screen"],
  ["Shots", "shots in which this person is seen"],
  ["Face", "height of the largest face, pixels; where faces were read"],
  ["Sure", "mean confidence of the boxes"],
];

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new Table(element, trigger);
}

class Table {
  constructor(element, trigger) {
    this.trigger = trigger;
    this.rows = new Map();
    this.#build(element);
    const panel = /** @type {HTMLElement} */ (element.closest("#persons"));
    giveKeys(panel, keysOf(this), KEYS);
    const near = { root: this.scroller, rootMargin: "200px" };
    this.seen = new IntersectionObserver((entries) => this.#wanted(entries), near);
    persons.follow(() => this.#draw());
  }

  #build(element) {
    const button = (name, words, key, act, more = {}) => {
      const told = { "data-key": name, title: `${words} (${key})`, onclick: act, ...more };
      return h("button.btn", told, words, " ", h("kbd", { "aria-hidden": "true" }, key));
    };
    const round = (name, words, key, act) => {
      const label = `${words} (${key})`;
      return h("button.ibtn", { "data-key": name, "aria-label": label, title: label, onclick: act }, icon("undo"));
    };
    this.buttons = {
      compare: button("compare", "Compare", "C", () => this.trigger("compare")),
      merge: button("merge", "Merge", "M", () => persons.merge()),
      split: button("split", "Split", "T", () => this.trigger("split")),
      remove: button("remove", "Not a person", "Del", () => persons.remove()),
      undo: round("undo", "Undo", "Z", () => persons.undo()),
      redo: round("redo", "Redo", "Shift+Z", () => persons.redo()),
      photo: button("photo", "Find by photo", "P", () => this.trigger("photo")),
      files: button("files", "Choose", "E", () => this.trigger("files")),
    };
    this.buttons.redo.classList.add("turned");
    this.buttons.files.classList.add("primary");
    const { compare, merge, split, remove, undo, redo, photo, files } = this.buttons;
    this.bar = h("div.toolbar", {}, compare, merge, split, remove, undo, redo, h("span.gap"), photo, files);
    const head = HEADS.map(([text, title]) => h("th", { scope: "col", title: title || null }, text));
    this.body = h("tbody");
    this.table = h("table.persons", { "aria-label": "Persons" }, h("thead", {}, h("tr", {}, head)), this.body);
    this.blank = h("div.blank", { hidden: true });
    this.scroller = h("div.scrolled", { tabindex: 0, role: "group", "aria-label": "Persons, by rank" });
    fill(this.scroller, this.table, this.blank);
    fill(element, this.bar, this.scroller);
  }

  /** The keyboard comes back to the table. */
  focus() {
    this.scroller.focus({ preventScroll: true });
  }

  // --- drawn

  #draw() {
    const { view } = persons;
    const list = view?.persons ?? [];
    this.#enable(list.length);
    this.scroller.setAttribute("aria-busy", String(persons.deciding || persons.opening));
    this.table.hidden = !list.length;
    this.blank.hidden = list.length > 0;
    if (!list.length) this.#empty();
    const before = this.rows;
    this.rows = new Map(list.map(({ id }) => [id, before.get(id) ?? this.#row(id)]));
    for (const [id, row] of before) if (!this.rows.has(id)) this.seen.unobserve(row.element);
    for (const person of list) this.rows.get(person.id).draw(person);
    fill(
      this.body,
      list.map(({ id }) => this.rows.get(id).element),
    );
    if (persons.current !== this.at) {
      this.at = persons.current;
      this.rows.get(this.at)?.element.scrollIntoView({ block: "nearest" });
    }
    this.#fetch();
  }

  #row(id) {
    const row = new Row(id);
    this.seen.observe(row.element);
    return row;
  }

  /** Crops are asked for when their rows come near. */
  #wanted(entries) {
    for (const { target, isIntersecting } of entries) target.dataset.near = isIntersecting ? "yes" : "no";
    this.#fetch();
  }

  #fetch() {
    const near = [...this.rows].filter(([, row]) => row.element.dataset.near === "yes").map(([id]) => id);
    if (near.length) persons.want(near);
  }

  #enable(there) {
    const { meant, view, deciding, job } = persons;
    const free = there > 0 && !deciding && !job;
    const { compare, merge, split, remove, undo, redo, photo, files } = this.buttons;
    compare.disabled = there < 2 || meant.length < 2 || meant.length > 4;
    merge.disabled = !free || meant.length < 2;
    const { isMeantByBody } = persons;
    split.disabled = !free || meant.length !== 1 || !isMeantByBody;
    remove.disabled = !free || !meant.length || !isMeantByBody;
    undo.disabled = !view?.undo || deciding || Boolean(job);
    redo.disabled = !view?.redo || deciding || Boolean(job);
    files.disabled = !there;
    photo.disabled = !there;
    undo.title = view?.undo ? `Undo: ${view.undo} (Z)` : "Undo (Z)";
    redo.title = view?.redo ? `Redo: ${view.redo} (Shift+Z)` : "Redo (Shift+Z)";
  }

  /** What to do next where there is nobody. */
  #empty() {
    const { opening, video, run, view, error, job } = persons;
    const [head, how] = opening
      ? ["Reading the persons.", ""]
      : job
        ? ["Looking for people.", "They come here when it is done."]
        : !video
          ? run
            ? ["This video cannot be opened.", error ?? ""]
            : ["No video yet.", "Extract frames in Video Source, or choose a video at the left."]
          : view
            ? ["Nobody was found.", "Try a lower confidence, or weights that know the class person."]
            : error
              ? ["The persons cannot be read.", "Find people again; what was named and merged stays."]
              : ["Nobody was looked for in this video.", "Name weights at the left and press Find people."];
    const key = `${head}${how}`;
    if (this.said === key) return;
    this.said = key;
    fill(this.blank, h("h2", {}, head), how && h("p.sub", {}, how));
  }

  // --- what keys do

  /** Begins to name whoever is looked at. */
  name() {
    this.rows.get(persons.current)?.edit();
  }

  /** Shows whoever is looked at in Live Review. */
  go() {
    const person = persons.person(persons.current);
    if (person) toFrame(person.start);
  }

  /** Presses one of the buttons, if it can be. */
  press(name) {
    if (!this.buttons[name].disabled) this.buttons[name].click();
  }

  /** Takes back what is picked out, or a question. */
  leave() {
    if (persons.ask) persons.answer(false);
    else persons.pickOnly([]);
  }

  /** Rows that fit on the screen. */
  get page() {
    return Math.max(1, Math.floor(this.scroller.clientHeight / 80) - 1);
  }
}
