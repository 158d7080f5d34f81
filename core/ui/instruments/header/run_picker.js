// The run picker: a button, and under it the runs. Of each: its picture, name, how it was made, buttons.
// Keys on the pointed line: Enter opens, F2 changes the title, Delete moves it to the trash, Z undoes that.

import { fill, h, icon } from "../dom.js";
import { called, known, onRun, open, opened, refresh, remove, rename, restore } from "../runs.js";
import { lineOf, LINE_PX, named } from "./run_line.js";

const NO_RUN = "No run yet";
const HINT = ["Enter", "opens", "F2", "title", "Del", "deletes"];

/** Returns the element. `said(sentence)` is told why a run could not be opened. */
export function runPicker(said) {
  return new RunPicker(said).element;
}

class RunPicker {
  constructor(said) {
    this.said = said;
    this.at = 0;
    this.shown = "";
    this.trashed = null;
    this.name = h("b", {}, NO_RUN);
    this.list = h("div.run-list", {
      role: "listbox",
      tabindex: 0,
      "aria-label": "Runs",
      "aria-describedby": "run-keys",
      id: "runs",
    });
    this.buttons = h("div.run-buttons");
    this.scroller = h("div.run-scroller", {}, this.list, this.buttons);
    this.none = h("p.none", { hidden: true }, "No runs yet. Extract frames of a video in Video Source.");
    this.sentence = h("span", { role: "status" });
    this.undo = h("button.btn.small", { hidden: true, onclick: () => this.#undo() }, icon("undo"), "Undo");
    const hints = HINT.map((word, i) => (i % 2 ? ` ${word} ` : h("kbd", {}, word)));
    const keys = h("span.sub.run-keys", { id: "run-keys" }, hints);
    this.foot = h("div.run-foot", {}, this.sentence, this.undo, h("span.gap"), keys);
    this.panel = h("div.runs", { tabindex: -1, hidden: true }, this.scroller, this.none, this.foot);
    this.button = h(
      "button.pick",
      { "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": "runs" },
      h("span.sub", {}, "Run"),
      this.name,
      icon("down"),
    );
    this.element = h("div.picker", {}, this.button, this.panel);
    this.#listen();
    onRun((run) => {
      this.name.textContent = run ? called(run) : NO_RUN;
      this.button.title = run?.title ? `Folder ${run.name}` : "";
    });
  }

  #listen() {
    this.button.addEventListener("click", () => (this.panel.hidden ? this.#show() : this.#close(true)));
    this.button.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" || !this.panel.hidden) return;
      event.preventDefault();
      this.#show();
    });
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#close(true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.element.contains(/** @type {Node | null} */ (relatedTarget))) this.#left();
    });
  }

  /** A line that is drawn anew takes the focus with it for a moment. */
  #left() {
    setTimeout(() => {
      if (document.activeElement === document.body && this.busy) return;
      if (!this.element.contains(document.activeElement)) this.#close(false);
    });
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / LINE_PX));
    const line = known()[this.at];
    const acts = {
      ArrowDown: () => this.#point(this.at + 1),
      ArrowUp: () => this.#point(this.at - 1),
      PageDown: () => this.#point(this.at + page),
      PageUp: () => this.#point(this.at - page),
      Home: () => this.#point(0),
      End: () => this.#point(Infinity),
      Enter: () => this.#choose(line),
      " ": () => this.#choose(line),
      F2: () => this.#edit(line),
      Delete: () => this.#remove(line),
      z: () => this.trashed && this.#undo(),
    };
    if (!acts[event.key]) return;
    acts[event.key]();
    event.preventDefault();
    event.stopPropagation();
  }

  // --- the list

  async #show() {
    this.panel.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.#put(known(), opened()?.id);
    this.#stay();
    const before = known();
    try {
      const lines = await refresh();
      this.#put(lines, before[this.at]?.id ?? opened()?.id, true);
      if (document.activeElement === this.panel) this.#stay();
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #close(focus) {
    this.#leaveEdit();
    this.panel.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (focus) this.button.focus();
  }

  /** Shows the runs; whoever points at one points at it still. `still`: and what is under the mouse stays there. */
  #put(lines, pointed, still = false) {
    const says = JSON.stringify([lines, opened()?.id]);
    if (says !== this.shown) this.#draw(lines);
    this.shown = says;
    const at = lines.findIndex((line) => line.id && line.id === pointed);
    const top = this.scroller.scrollTop + (at < 0 ? 0 : at - this.at) * LINE_PX;
    this.#point(at < 0 ? this.at : at);
    if (still) this.scroller.scrollTop = top;
  }

  #draw(lines) {
    this.#leaveEdit();
    const does = {
      choose: (line) => this.#choose(line),
      edit: (line) => this.#edit(line),
      remove: (line) => this.#remove(line),
    };
    const drawn = lines.map((line, i) => lineOf(line, i, line.id !== null && line.id === opened()?.id, does));
    fill(
      this.list,
      drawn.map(({ row }) => row),
    );
    fill(
      this.buttons,
      drawn.map(({ buttons }) => buttons),
    );
    this.scroller.hidden = lines.length === 0;
    this.none.hidden = lines.length > 0;
  }

  #point(to) {
    const rows = [...this.list.children];
    if (!rows.length) return;
    this.at = Math.max(0, Math.min(rows.length - 1, to));
    rows.forEach((row, i) => row.classList.toggle("at", i === this.at));
    [...this.buttons.children].forEach((pair, i) => {
      pair.classList.toggle("at", i === this.at);
      pair.querySelectorAll("button").forEach((button) => (button.tabIndex = i === this.at ? 0 : -1));
    });
    rows[this.at].scrollIntoView({ block: "nearest" });
    this.list.setAttribute("aria-activedescendant", rows[this.at].id);
  }

  async #choose(line) {
    if (!line?.id) return;
    this.#close(true);
    this.said(null);
    await open(line).catch((error) => this.said(error.message));
  }

  // --- the title, in place of the line

  #edit(line) {
    if (!line?.id) return;
    this.#leaveEdit();
    this.#point(known().findIndex((one) => one.id === line.id));
    const box = h("input.box.run-title", {
      type: "text",
      maxlength: 120,
      spellcheck: "false",
      autocomplete: "off",
      "aria-label": `Title of ${named(line)}`,
      placeholder: line.name,
      value: line.title ?? line.name,
    });
    box.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") this.#rename(line, box.value);
      else if (event.key === "Escape") this.#leaveEdit(true);
      else return;
      event.preventDefault();
    });
    box.addEventListener("blur", () => setTimeout(() => this.editing === box && this.#leaveEdit()));
    box.style.top = `${this.at * LINE_PX + 6}px`;
    this.editing = box;
    this.#say("Enter saves, Escape leaves it as it is.");
    this.scroller.append(box);
    box.focus();
    box.select();
  }

  #leaveEdit(focus = false) {
    const box = this.editing;
    if (!box) return;
    this.editing = null;
    if (focus) this.list.focus();
    box.remove();
    this.#say("");
  }

  async #rename(line, text) {
    const title = text.trim() === line.name ? "" : text;
    await this.#do(async () => {
      await rename(line, title);
      this.#leaveEdit(true);
      this.#put(await refresh(), line.id);
    });
  }

  // --- the trash

  async #remove(line) {
    if (!line?.id && !line?.damaged) return;
    await this.#do(async () => {
      const trashed = await remove(line);
      this.trashed = { ...trashed, called: named(line) };
      this.#put(known(), known()[Math.min(this.at, known().length - 1)]?.id);
      this.#say(`${this.trashed.called} is deleted.`);
    });
    this.#stay();
  }

  async #undo() {
    await this.#do(async () => {
      const line = await restore(this.trashed);
      const { called: name } = this.trashed;
      this.trashed = null;
      this.#put(known(), line?.id);
      this.#say(`${name} is back${line && line.name !== name && !line.title ? ` as ${line.name}` : ""}.`);
    });
    this.#stay();
  }

  #stay() {
    if (!this.panel.hidden) (this.scroller.hidden ? this.panel : this.list).focus();
  }

  async #do(work) {
    if (this.busy) return;
    this.busy = true;
    try {
      await work();
    } catch (error) {
      this.#say(error.message, true);
    } finally {
      this.busy = false;
    }
  }

  #say(text, wrong = false) {
    this.sentence.textContent = text;
    this.sentence.classList.toggle("wrong", wrong);
    this.foot.classList.toggle("says", text !== "");
    this.undo.hidden = !this.trashed || wrong || !text.endsWith("is deleted.");
  }
}
