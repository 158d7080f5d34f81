// All shots on their prompt frame: what is said of each, its masks, and the worst ones first where somebody asks.

import { count, counted, fill, h, icon, sentence } from "../dom.js";
import { giveKeys } from "../keys.js";
import { masking } from "../masking.js";
import { seedChoice } from "../seeds.js";
import { Tile } from "./tile.js";

const STATES = { empty: "empty", points: "points", mask: "mask", propagated: "propagated", doubtful: "doubtful" };
const KEYS = [
  ["Arrows", "move in the board"],
  ["Home, End", "first, last shot"],
  ["Enter", "open the shot"],
  ["N", "what is to be looked at next"],
  ["W", "worst first"],
  ["G", "go to a number"],
];

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new ShotBoard(element, trigger);
}

class ShotBoard {
  constructor(element, trigger) {
    this.trigger = trigger;
    this.tiles = new Map();
    this.#build(element);
    const step = (by) => () => this.#step(by);
    const keys = {
      ArrowLeft: step(() => -1),
      ArrowRight: step(() => 1),
      ArrowUp: step(() => -this.columns),
      ArrowDown: step(() => this.columns),
      Home: step(() => -Infinity),
      End: step(() => Infinity),
      Enter: () => this.at && masking.edit(this.at),
      n: () => masking.next(),
      w: () => this.worst.click(),
      g: () => this.number.focus(),
    };
    giveKeys(element, keys, KEYS);
    const near = { root: this.scroller, rootMargin: "300px" };
    this.seen = new IntersectionObserver((entries) => this.#near(entries), near);
    masking.follow(() => this.#draw());
  }

  #build(element) {
    const chip = (state) => {
      const ring = h(`i.ring.${state}`, { "aria-hidden": "true" });
      const number = h("b.num");
      const button = h("button.chip", { "data-key": state, onclick: () => masking.showOnly(state) }, ring);
      button.append(STATES[state], " ", number);
      return { button, number };
    };
    this.chips = new Map(Object.keys(STATES).map((state) => [state, chip(state)]));
    const buttons = [...this.chips.values()].map(({ button }) => button);
    const worst = { title: "The shots whose masks look worst come first (W)", onclick: () => this.#sort() };
    this.worst = h("button.btn", worst, "Worst first ", h("kbd", { "aria-hidden": "true" }, "W"));
    this.export = h("button.btn", { onclick: () => this.trigger("export") }, "Export");
    this.next = h("button.btn.primary", { onclick: () => masking.next() }, "Next to look at ");
    this.next.append(h("kbd", { "aria-hidden": "true" }, "N"));
    this.seeds = seedChoice("Point for me", true);
    const chips = h("div.chips", { role: "group", "aria-label": "Show only shots that are" }, buttons);
    this.bar = h("div.toolbar", {}, chips, h("span.gap"), this.seeds.element, this.worst, this.export, this.next);
    this.state = h("p.state", { role: "status" });
    const box = { type: "number", min: 0, step: 1, "aria-label": "Number of a shot or segment to open" };
    this.number = h("input.ctl.number", { ...box, title: "Enter opens the shot or segment of this number (G)" });
    this.number.addEventListener("keydown", (event) => this.#jump(event));
    this.jump = h("label.line.jump", {}, "Go to", this.number);
    this.head = h("div.line.head", {}, this.state, this.jump);
    this.wrong = h("p.error", { role: "alert", hidden: true });
    const look = h("button.btn.small", { onclick: () => this.trigger("find") }, "Look for cuts");
    const one = "Nobody looked for cuts yet: the whole video is one shot.";
    this.hint = h("div.notice", { hidden: true }, h("span", {}, one), look);
    this.grid = h("div.tiles", { role: "group", "aria-label": "Shots" });
    this.blank = h("div.blank", { hidden: true });
    this.scroller = h(
      "div.board-of",
      { tabindex: 0, role: "group", "aria-label": "Shot board" },
      this.grid,
      this.blank,
    );
    fill(element, this.bar, this.head, this.wrong, this.hint, this.scroller);
  }

  focus() {
    this.scroller.focus({ preventScroll: true });
  }

  // --- drawn

  #draw() {
    const list = masking.listed;
    const before = this.tiles;
    this.tiles = new Map(list.map((shot) => [shot.key, before.get(shot.key) ?? this.#tile(shot.key)]));
    for (const [key, tile] of before) if (!this.tiles.has(key)) this.seen.unobserve(tile.element);
    for (const shot of list) this.tiles.get(shot.key).draw(shot);
    fill(
      this.grid,
      list.map(({ key }) => this.tiles.get(key).element),
    );
    this.grid.hidden = !list.length;
    this.blank.hidden = list.length > 0;
    if (!list.length) this.#empty();
    this.#words();
    this.#enable();
    if (masking.key) this.at = masking.key;
    if (!this.tiles.has(this.at)) this.at = list[0]?.key ?? null;
    this.#mark();
  }

  #tile(key) {
    const tile = new Tile(key);
    this.seen.observe(tile.element);
    return tile;
  }

  #near(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.tiles.get(target.dataset.key)?.come();
    }
  }

  #words() {
    const { subject, shots, annotated, counts, unsaved, job } = masking;
    const said = [];
    if (subject && shots.length) {
      said.push(`${count(annotated)} of ${counted(shots.length, "shot")} annotated`);
      if (counts.doubtful) said.push(`${count(counts.doubtful)} doubtful`);
      if (unsaved) said.push(`${count(unsaved)} not saved`);
    }
    const text = said.length ? `${subject.name}: ${said.join(", ")}${job ? "; masks are being made" : ""}.` : "";
    if (this.state.textContent !== text) this.state.textContent = this.state.title = text;
    const wrong = masking.key ? "" : (masking.error ?? masking.wrong?.error ?? "");
    this.wrong.hidden = !wrong;
    if (this.blamed !== wrong) fill(this.wrong, wrong && [icon("warn"), h("span", {}, sentence(wrong))]);
    this.blamed = wrong;
  }

  #enable() {
    const { counts, among, order, shots, subject, job } = masking;
    this.seeds.draw();
    if (!counts.empty) this.seeds.element.disabled = true;
    for (const [state, { button, number }] of this.chips) {
      number.textContent = count(counts[state]);
      button.setAttribute("aria-pressed", String(among === state));
      button.disabled = !counts[state] && among !== state;
    }
    this.worst.setAttribute("aria-pressed", String(order === "worst"));
    this.worst.disabled = !shots.length;
    this.jump.hidden = shots.length < 2;
    this.next.disabled = !counts.empty && !counts.doubtful;
    const home = subject?.run_id && Object.values(subject.homes)[0];
    this.hint.hidden = !home || home.found || shots.length !== 1 || Boolean(job);
    this.export.disabled = !subject || !(counts.propagated + counts.doubtful);
  }

  #sort() {
    masking.sortBy(masking.order === "worst" ? "time" : "worst");
  }

  /** What to do next where there is nothing to be seen. */
  #empty() {
    const [head, how, words] = blankOf(masking);
    const key = `${head}${how}${words}`;
    if (this.said === key) return;
    this.said = key;
    const act = () => (words === SHOW_ALL ? masking.showOnly(masking.among) : this.trigger("find"));
    const button = words && h("button.btn.primary", { onclick: act }, words);
    fill(this.blank, h("h2", {}, head), how && h("p.sub", {}, how), button);
  }

  // --- the keyboard

  /** Enter opens the shot of the number, or the first shot of the segment; what there is not is said. */
  #jump(event) {
    if (event.key === "Escape") return this.focus();
    if (event.key !== "Enter") return undefined;
    event.preventDefault();
    const wanted = this.number.value.trim();
    const segmented = Object.values(masking.subject?.homes ?? {}).some(({ segments }) => segments);
    const numberOf = (shot) => (segmented ? masking.subject.homes[shot.home].number : shot.number);
    const found = wanted === "" ? null : masking.shots.find((shot) => String(numberOf(shot)) === wanted);
    this.number.setAttribute("aria-invalid", String(!found));
    if (found) masking.edit(found.key);
    else masking.blame(`there is no ${segmented ? "segment" : "shot"} ${wanted || "without a number"}.`, "no_shot");
    return undefined;
  }

  get columns() {
    const tops = [...this.grid.children].map((one) => /** @type {HTMLElement} */ (one).offsetTop);
    return Math.max(1, tops.filter((top) => top === tops[0]).length);
  }

  #step(by) {
    const keys = [...this.tiles.keys()];
    if (!keys.length) return;
    const to = Math.max(0, Math.min(keys.length - 1, Math.max(0, keys.indexOf(this.at)) + by()));
    this.at = keys[to];
    this.#mark();
    this.tiles.get(this.at).element.scrollIntoView({ block: "nearest" });
  }

  #mark() {
    for (const [key, { element }] of this.tiles) {
      element.classList.toggle("at", key === this.at);
      element.setAttribute("aria-current", String(key === this.at));
    }
  }
}

const SHOW_ALL = "Show all shots";

function blankOf({ subject, opening, error, shots, among, job }) {
  if (opening) return ["Reading the shots.", "", null];
  if (!subject && error) return ["This cannot be opened.", "", null];
  if (!subject)
    return ["No video yet.", "Extract frames in Video Source, or name a folder of segments at the left.", null];
  if (shots.length && among) return [`No shot is ${STATES[among]} now.`, "", SHOW_ALL];
  if (job) return ["Looking for shots.", "They come here when it is done.", null];
  return ["The shots cannot be read.", "", null];
}
