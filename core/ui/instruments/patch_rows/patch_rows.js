// A table to type into: rows are added and taken away; what is wrong with a box stands below its row.

import { count, fill, h, icon } from "../dom.js";

/** @param {Given} given */
export function mount({ element, props, trigger, watch }) {
  const table = new Rows(element, props, trigger);
  watch("value", () => table.take(props.value));
  return table;
}

class Rows {
  constructor(element, props, trigger) {
    this.props = props;
    this.trigger = trigger;
    this.id = element.id;
    this.list = h("div.rows");
    const adds = { onclick: () => this.#add() };
    this.more = h("button.btn.small", adds, `Add a ${props.noun}`);
    fill(element, this.list, this.more);
    this.lines = [];
    this.#fill(props.value);
  }

  /** Rows that came from elsewhere: a configuration, the last visit. */
  take(rows) {
    const wanted = JSON.stringify(rows ?? []);
    if (wanted === JSON.stringify(this.value())) return;
    this.#fill(rows);
    this.trigger("changed");
  }

  #fill(rows) {
    this.lines = (rows ?? []).map((row) => this.#line(row));
    this.#draw();
  }

  /** The rows as they are typed; a number that is none is sent as it stands, so that it is refused. */
  value() {
    return this.lines.map(({ boxes }) =>
      Object.fromEntries(this.props.columns.map((column) => [column.name, typed(column, boxes[column.name])])),
    );
  }

  /** What is wrong with a box; the keyboard goes there. */
  blame(row, column, sentence) {
    const line = this.lines[row] ?? this.lines[0] ?? this.#add();
    const box = line.boxes[column] ?? Object.values(line.boxes)[0];
    this.#mark(line, box, sentence);
    box.focus();
  }

  /** Writes a text into the first row where the column is empty, else into a new one. */
  put(column, text) {
    const line = this.lines.find(({ boxes }) => !boxes[column].value.trim()) ?? this.#add();
    line.boxes[column].value = text;
    this.#changed(line);
  }

  /** What stands in the first box of the first row while it is empty. */
  about(hint) {
    this.hint = hint;
    const [first] = this.props.columns;
    this.lines.forEach(({ boxes }, i) => (boxes[first.name].placeholder = i ? first.hint : hint || first.hint));
  }

  #add() {
    const line = this.#line({});
    this.lines.push(line);
    this.#draw();
    Object.values(line.boxes)[0].focus();
    this.#tell();
    return line;
  }

  #remove(line) {
    const at = this.lines.indexOf(line);
    this.lines = this.lines.filter((one) => one !== line);
    this.#draw();
    const next = this.lines[at] ?? this.lines[at - 1];
    (next ? next.away : this.more).focus();
    this.#tell();
  }

  #draw() {
    while (this.lines.length < this.props.least) this.lines.push(this.#line({}));
    const few = this.lines.length <= this.props.least;
    this.lines.forEach((line, i) => {
      const name = `${this.props.noun} ${count(i + 1)}`;
      line.element.setAttribute("aria-label", name);
      line.away.setAttribute("aria-label", `Remove ${name}`);
      line.away.disabled = few;
      for (const { name: column, label } of this.props.columns)
        line.boxes[column].setAttribute("aria-label", `${label} of ${name}`);
    });
    fill(
      this.list,
      this.lines.map(({ element }) => element),
    );
    this.about(this.hint);
  }

  #line(row) {
    /** @type {any} */
    const line = { boxes: {} };
    line.wrong = h("span.wrong-text", { role: "alert", hidden: true });
    const away = { title: "Remove", onclick: () => this.#remove(line) };
    line.away = h("button.ibtn.small", away, icon("x"));
    const cells = this.props.columns.map((column) => {
      const box = h("input", { type: "text", autocomplete: "off", spellcheck: "false", title: column.help });
      box.placeholder = column.hint;
      if (column.numeric) box.inputMode = "decimal";
      const given = row[column.name];
      box.value = String(given === undefined ? (column.default ?? "") : (given ?? ""));
      box.addEventListener("input", () => this.#changed(line));
      line.boxes[column.name] = box;
      const name = h("span.cap", { "aria-hidden": "true" }, column.label);
      return h("label", { style: `grid-column: span ${column.span}` }, name, box);
    });
    line.element = h("div.row", { role: "group" }, h("div.cells", {}, cells), line.away, line.wrong);
    return line;
  }

  /** Something was typed into a row. */
  #changed(line) {
    this.#mark(line, null, null);
    for (const column of this.props.columns) {
      const said = problem(column, line.boxes[column.name].value);
      if (said) this.#mark(line, line.boxes[column.name], `${column.label}: ${said}`);
    }
    this.#tell();
  }

  #mark(line, box, sentence) {
    for (const one of Object.values(line.boxes)) one.setAttribute("aria-invalid", String(one === box));
    fill(line.wrong, sentence ?? null);
    line.wrong.hidden = !sentence;
  }

  #tell() {
    this.props.value = this.value();
    this.trigger("changed");
  }
}

function typed(column, box) {
  const text = box.value.trim();
  if (!column.numeric) return text;
  if (text === "") return null;
  const number = Number(text.replace(",", "."));
  return Number.isNaN(number) ? text : number;
}

function problem(column, text) {
  if (!column.numeric || text.trim() === "") return null;
  const number = Number(text.trim().replace(",", "."));
  if (Number.isNaN(number)) return "a number is wanted.";
  if (column.whole && !Number.isInteger(number)) return "a whole number is wanted.";
  if (number < column.low || number > column.high) return `from ${count(column.low)} to ${count(column.high)}.`;
  return null;
}
