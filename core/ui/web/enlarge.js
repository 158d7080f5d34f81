// One frame at full size with all its numbers, and why it is kept or left out.

import { clock, count, h, icon, number, refill, title } from "./dom.js";
import { FaceBoxes } from "./face_boxes.js";
import { keyName } from "./keys.js";
import { HAS_ERROR, HAS_FILE } from "./table.js";

const MOST_COPIES = 11;

export class Enlarge {
  /** `view` gives what is shown: { table, answer, choices, thumbs, run, people }; `does` acts: { move, keep, reject, undo, goTo, closed }. */
  constructor(view, does) {
    this.view = view;
    this.does = does;
    this.row = null;
    this.picture = h("img.full", { alt: "" });
    this.status = h("p.pending", { role: "status" });
    this.faces = new FaceBoxes(view, () => this.refresh());
    this.stage = h("div.stage", {}, this.picture, this.faces.layer, this.status);
    this.facts = h("div.facts-side");
    this.element = h(
      "dialog.enlarge",
      { "aria-label": "Frame", tabindex: -1 },
      this.stage,
      this.facts,
    );
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("click", (event) => event.target === this.element && this.close());
    this.element.addEventListener("close", () => {
      this.row = null;
      this.picture.removeAttribute("src");
      this.does.closed();
    });
    new ResizeObserver(() => this.#fit()).observe(this.stage);
    this.picture.addEventListener("load", () => {
      this.picture.dataset.shows = this.picture.dataset.asked;
      this.status.textContent = "";
      this.#fit();
    });
    this.picture.addEventListener("error", () => this.#failed());
  }

  get isOpen() {
    return this.element.open;
  }

  show(row) {
    const { table, thumbs } = this.view();
    if (row === undefined) return;
    if (this.row !== row) {
      this.row = row;
      const ordinal = String(table.ordinal[row]);
      this.picture.dataset.asked = ordinal;
      delete this.picture.dataset.shows;
      this.picture.alt = `Frame ${ordinal}`;
      this.status.textContent = table.flags[row] & HAS_FILE ? "" : `Decoding frame ${count(table.ordinal[row])} ...`;
      this.picture.src = thumbs.full(row);
      this.faces.show(row);
    }
    if (!this.element.open) this.element.showModal();
    this.refresh();
    if (!this.element.contains(document.activeElement)) this.element.focus();
    this.#fit();
  }

  close() {
    this.element.close();
  }

  /** The faces of the run were compared or grouped anew. */
  readFaces() {
    if (this.row !== null) this.faces.show(this.row);
  }

  /** Shows the facts anew, after the selection changed. */
  refresh() {
    const { table, answer, choices, run } = this.view();
    if (this.row === null || !answer) return;
    const row = this.row;
    const ordinal = table.ordinal[row];
    const kept = answer.reason[row] === 0;
    const button = (name, text, key, onclick, pressed) =>
      h("button.btn", { onclick, "aria-pressed": pressed }, icon(name), text, h("kbd", {}, key));
    const hand = choices.byHand(ordinal);
    refill(
      this.facts,
      h("div.line", {}, h("h2", {}, `Frame ${count(ordinal)}`), h("button.ibtn", { "aria-label": "Close (Esc)", title: "Close (Esc)", onclick: () => this.close() }, icon("x"))),
      h("p.sub.num", {}, `${clock(table.ptsS[row])}${table.shot[row] >= 0 ? `, shot ${table.shot[row]}` : ""}`),
      h("p.verdict", { class: kept ? "verdict kept" : "verdict out" }, icon(kept ? "check" : "x"), kept ? "Kept" : "Left out", hand && ", by hand"),
      h("ul.reasons-list", {}, reasonsOf(table, answer, choices, row).map((text) => h("li", {}, text))),
      h("table.numbers", {}, h("tbody", {}, [...table.values].map(([name, column]) => numberRow(name, column[row], answer, choices)))),
      this.faces.list(),
      this.#copies(table, answer, row),
      h("p.sub", {}, [`${run.width}x${run.height}`, table.flags[row] & HAS_FILE ? "file in the run folder" : "decoded from the video"].join(", ")),
      h("span.gap"),
      h(
        "div.actions",
        {},
        button("check", "Keep", "K", this.does.keep, String(hand === "keep")),
        button("x", "Reject", "X", this.does.reject, String(hand === "reject")),
        h("button.ibtn", { "aria-label": "Previous frame (Left)", title: "Previous frame (Left)", onclick: () => this.does.move(-1) }, icon("prev")),
        h("button.ibtn", { "aria-label": "Next frame (Right)", title: "Next frame (Right)", onclick: () => this.does.move(1) }, icon("next")),
      ),
    );
  }

  #copies(table, answer, row) {
    const original = answer.duplicateOf[row] >= 0 ? answer.duplicateOf[row] : row;
    const group = [original];
    answer.duplicateOf.forEach((of, other) => of === original && group.push(other));
    if (group.length === 1) return null;
    const more = group.length - 1 - MOST_COPIES > 0 ? group.splice(MOST_COPIES + 1).length : 0;
    const { thumbs } = this.view();
    thumbs.want("group", group);
    const small = (member) =>
      h(
        "button.copy",
        { "aria-current": String(member === row), title: member === original ? "the one that stays" : "duplicate", onclick: () => this.does.goTo(member) },
        thumbs.of(member) && h("img", { src: thumbs.of(member), alt: "" }),
        h("span.num", {}, count(table.ordinal[member]), member === original && icon("check")),
      );
    return h("div.group", {}, h("h3", {}, "Near-duplicates"), h("div.group-strip", {}, group.map(small)), more > 0 && h("p.sub", {}, `and ${count(more)} more: D in the gallery shows all`));
  }

  /** The picture's box is the picture: as large as fits, three times its size at most. */
  #fit() {
    const { run } = this.view();
    if (!run || !this.element.open) return;
    const [width, height] = [this.picture.naturalWidth || run.width, this.picture.naturalHeight || run.height];
    const scale = Math.min(3, this.stage.clientWidth / width, this.stage.clientHeight / height);
    this.picture.style.width = `${Math.floor(width * scale)}px`;
    this.picture.style.height = `${Math.floor(height * scale)}px`;
    this.faces.fit(Math.floor(width * scale), Math.floor(height * scale), { width, height });
  }

  async #failed() {
    if (this.row === null || !this.picture.getAttribute("src")) return;
    let sentence = "This picture could not be loaded.";
    try {
      const answer = await (await fetch(this.picture.src)).json();
      sentence = answer.error ?? sentence;
    } catch {
      // the server is gone, or it answers now
    }
    this.status.textContent = sentence;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target.closest("button");
    const keys = {
      ArrowLeft: () => this.does.move(-1),
      ArrowRight: () => this.does.move(1),
      ArrowUp: () => this.does.move(-1),
      ArrowDown: () => this.does.move(1),
      k: this.does.keep,
      x: this.does.reject,
      f: () => this.faces.toggle(),
      z: this.does.undo,
      "Shift+z": this.does.redo,
      Enter: onButton ? null : () => this.close(),
      " ": onButton ? null : () => this.close(),
    };
    const act = keys[keyName(event)];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}

/** Every reason, not only the first: "sharpness 3.1 is below 20". */
function reasonsOf(table, answer, choices, row) {
  const { filters } = choices;
  const found = [];
  const hand = choices.byHand(table.ordinal[row]);
  if (table.flags[row] & HAS_ERROR) found.push(Number.isNaN(table.values.get("quality_score")?.[row] ?? NaN) ? "could not be decoded" : "decoded with damage");
  if (table.discard[row]) found.push(`dropped by extract: ${table.discards[table.discard[row]]}`);
  for (const column of table.rules.columns) found.push(...outOfBounds(column, table.values.get(column)?.[row] ?? NaN, boundsOf(column, answer, filters)));
  const shows = (person) => table.people.get(person)?.includes(row);
  if (filters.person_ids && !filters.person_ids.some(shows)) found.push("shows none of the chosen people");
  if (filters.shots && !filters.shots.includes(table.shot[row])) found.push("not in a chosen shot");
  if (answer.duplicateOf[row] >= 0) found.push(`near-duplicate of frame ${count(table.ordinal[answer.duplicateOf[row]])}`);
  if (answer.names[answer.reason[row]] === "quota") found.push("others are better (quota)");
  if (hand === "reject") found.push("rejected by hand");
  return hand === "keep" && found.length ? [`kept by hand, although: ${found.join("; ")}`] : found;
}

function boundsOf(column, answer, filters) {
  const used = answer.relaxed[column];
  return used ?? [filters.min?.[column] ?? null, filters.max?.[column] ?? null];
}

function outOfBounds(column, value, [low, high]) {
  const name = title(column).toLowerCase();
  if (low === null && high === null) return [];
  if (Number.isNaN(value)) return [`${name} was not measured`];
  if (low !== null && value < low) return [`${name} ${number(value)} is below ${number(low)}`];
  if (high !== null && value > high) return [`${name} ${number(value)} is above ${number(high)}`];
  return [];
}

function numberRow(column, value, answer, choices) {
  const [low, high] = boundsOf(column, answer, choices.filters);
  const wrong = outOfBounds(column, value, [low, high]).length > 0;
  const span = low === null && high === null ? "" : `${low === null ? "any" : number(low)} to ${high === null ? "any" : number(high)}`;
  return h("tr", { class: wrong ? "wrong" : null }, h("th", { scope: "row" }, title(column)), h("td.n", {}, number(value, 5)), h("td.sub", {}, wrong && icon("x"), span));
}
