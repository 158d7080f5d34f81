// The people of a run: finding, naming, filtering by and looking for somebody. A panel beside the gallery, and chips among
// the filters. What takes longer is a job (seen in the job bar); the page reads the run again when it has ended.

import { count, counted, fill, h, icon, number, refill, removed, typed } from "./dom.js";
import { said } from "./jobs.js";
import { address, read, write } from "./server.js";
import { act, isActive, known, onJobs } from "./watch.js";

const MODEL = "framesieve.face_model";
const CROPS = 6;
const CHIPS = 8;

export class People {
  /** `view` gives { run, table, choices, answer }; `does`: { opened, closed, enlarge(ordinal), reload }. */
  constructor(view, does) {
    this.view = view;
    this.does = does;
    this.found = null;
    this.past = [];
    this.catchingUp = 0;
    this.panel = h("aside.drawer.people", { hidden: true, "aria-label": "People", tabindex: -1 });
    this.filter = h("section.rule.people-filter", { "aria-label": "People", role: "group" });
    this.progress = h("p.sub.num.job", { role: "status" });
    this.model = h("input.folder", { type: "text", list: "face-models", spellcheck: "false", autocomplete: "off", "data-key": "model" });
    this.model.value = localStorage.getItem(MODEL) ?? "";
    this.model.addEventListener("change", () => localStorage.setItem(MODEL, this.model.value.trim()));
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    this.panel.addEventListener("focusout", () => this.stale && setTimeout(() => this.draw()));
    onJobs((jobs) => this.#followed(jobs));
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  /** Called when a run was opened, or read again. */
  async open(run) {
    if (run.id !== this.run?.id) {
      this.found = this.ended = this.error = this.job = null;
      this.past = [];
    }
    this.run = run;
    this.draw();
    this.#followed(known());
    await this.#read();
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.show();
  }

  show() {
    this.does.opened();
    this.panel.hidden = false;
    this.draw();
    this.focus();
  }

  /** Goes to the control with this key, else to the first one. */
  focus(key = null) {
    const same = key && [...this.panel.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key);
    (same || this.panel.querySelector("button.primary:not(:disabled)") || this.panel.querySelector("button:not(:disabled)"))?.focus();
  }

  close() {
    const had = this.panel.contains(document.activeElement);
    this.panel.hidden = true;
    if (had) this.does.closed();
  }

  /** Name of a person, as people say it. */
  nameOf(id) {
    return this.found?.people?.find((person) => person.id === id)?.name || `Person ${id}`;
  }

  /** Up to which distance a face counts as the one that is looked for. */
  get farthest() {
    return this.view().choices?.filters.max?.face_distance ?? this.found?.offers.max_distance ?? null;
  }

  get isCompared() {
    return Boolean(this.found?.references?.length);
  }

  // --- what is done

  find() {
    if (this.isBusy) return undefined;
    const { choices } = this.view();
    if (choices.filters.person_ids) choices.apply({ person_ids: null }); // the numbers of people may change
    const values = { people: { person_distance: this.distance ?? this.found.offers.grouping.person_distance.default } };
    if (!this.found.model && this.model.value.trim()) values.settings = { face_model: this.model.value.trim() };
    return this.#start(values);
  }

  /** Compares all faces with these: "person:0", "face:17", or none. */
  lookFor(labels, undoable = true) {
    if (this.isBusy) return undefined;
    const before = this.found.references;
    const { choices } = this.view();
    if (!labels.length) this.#bound(null);
    else if (choices.filters.min?.face_distance !== undefined) choices.bound("min", "face_distance", null, true);
    if (undoable) this.past.push({ text: labels.length ? "reference" : "clearing", undo: () => this.lookFor(before, false) });
    return this.#start({ settings: { face_refs: labels } });
  }

  async name(id, name, undoable = true) {
    const before = this.found.people.find((person) => person.id === id)?.name ?? "";
    if (name.trim() === before) return;
    await this.#try(async () => {
      await write(`runs/${this.run.id}/people/${id}/name`, { name });
      if (undoable) this.past.push({ text: "name", undo: () => this.name(id, before, false) });
    });
    await this.#read();
  }

  filterBy(id) {
    const { choices } = this.view();
    const now = new Set(choices.filters.person_ids ?? []);
    if (!now.delete(id)) now.add(id);
    choices.apply({ person_ids: now.size ? [...now].sort((a, b) => a - b) : null });
  }

  #bound(value) {
    const { choices } = this.view();
    if ((choices.filters.max?.face_distance ?? null) !== value) choices.bound("max", "face_distance", value, true);
  }

  async #undo() {
    if (this.isBusy) return;
    await this.past.pop()?.undo();
    this.draw();
  }

  async #start(values) {
    if (this.isBusy) return;
    await this.#try(() => act(`runs/${this.run.id}/people`, values));
  }

  async #try(job) {
    this.error = null;
    try {
      await job();
    } catch (error) {
      this.error = error.message;
    }
    this.draw();
  }

  async #read() {
    const { run } = this;
    try {
      const found = await read(`runs/${run.id}/people`);
      if (run.id !== this.run.id) return;
      this.found = found;
    } catch (error) {
      if (run.id === this.run.id) this.error = error.message;
    }
    this.draw();
    this.does.told();
  }

  /** A job about the faces of this run goes on, or has ended: then everything is read again. */
  #followed(jobs) {
    if (!this.run) return;
    const mine = jobs.filter((job) => job.verb === "faces" && job.run === this.run.id);
    const [last] = mine.filter((job) => !isActive(job));
    const was = this.job;
    this.job = mine.find(isActive) ?? null;
    this.#tell();
    const mark = last && `${last.id}-${last.version}`;
    if (mark && mark !== this.ended) {
      this.ended = mark;
      if (was && last.state === "failed") this.error = last.error;
      this.#catchUp();
    } else if (this.job?.id !== was?.id) this.draw();
  }

  async #catchUp() {
    this.catchingUp++;
    this.draw();
    await Promise.all([this.does.reload(this.run), this.#read()]);
    this.catchingUp--;
    this.draw();
    this.does.told();
  }

  /** A job works on the faces, or what it left was not read yet: nothing can be started now. */
  get isBusy() {
    return this.job !== null || this.catchingUp > 0;
  }

  // --- how it looks

  /** Shows everything anew; a name that is being typed is not disturbed. */
  draw() {
    if (!this.view().table) return;
    this.#drawFilter();
    if (this.panel.hidden) return;
    const typing = document.activeElement;
    this.stale = this.panel.contains(typing) && typing.matches("input:not([type=checkbox], [type=range])");
    if (!this.stale) refill(this.panel, this.#head(), this.#body());
  }

  /** The selection has changed. */
  answered() {
    const { filters } = this.view().choices;
    const shown = JSON.stringify([filters.person_ids, filters.max?.face_distance]);
    if (shown === this.shown) return this.#drawFilter();
    this.shown = shown;
    this.draw();
  }

  #drawFilter() {
    const { answer, choices, table } = this.view();
    const only = answer?.onlyBy.person;
    const wanted = choices.filters.person_ids ?? [];
    const ids = [...new Set([...[...table.people.keys()].slice(0, CHIPS), ...wanted])];
    const more = table.people.size - CHIPS;
    refill(
      this.filter,
      h("div.line", {}, h("b", {}, "People"), h("span.only", { title: "frames removed by this filter alone" }, only === undefined ? "" : removed(only)), h("span.gap"), h("button.link", { "data-key": "panel", onclick: () => this.toggle() }, table.people.size ? "Show" : "Find", " ", h("kbd", {}, "P"))),
      ids.length
        ? h("div.chips", {}, ids.map((id) => this.#chip(id, table.people.get(id)?.length ?? 0, wanted.includes(id))), more > 0 && h("button.chip", { "data-key": "more", onclick: () => this.show() }, `${count(more)} more`))
        : h("span.sub", {}, this.#sentence()),
    );
  }

  #chip(id, frames, on) {
    return h("button.chip", { "data-key": `chip ${id}`, "aria-pressed": String(on), title: `Only frames that show ${this.nameOf(id)}`, onclick: () => this.filterBy(id) }, on && icon("check"), h("span.who", {}, this.nameOf(id)), h("b.num", {}, count(frames)));
  }

  #sentence() {
    if (!this.found) return "";
    if (!this.found.model) return "Faces have not been read in this run.";
    if (this.found.people) return "No face is seen twice.";
    return `${counted(this.found.faces, "face")} read; who is who was not looked for.`;
  }

  #head() {
    const [last] = this.past.slice(-1);
    return h(
      "div.line",
      {},
      h("h2", {}, "People"),
      h("span.gap"),
      h("button.btn.small", { "data-key": "undo", disabled: !last, "aria-disabled": String(this.isBusy), onclick: () => this.#undo() }, icon("undo"), last ? `Undo ${last.text}` : "Undo"),
      h("button.ibtn", { "data-key": "close", "aria-label": "Close (Esc)", title: "Close (Esc)", onclick: () => this.close() }, icon("x")),
    );
  }

  #body() {
    const { found } = this;
    const busy = this.isBusy && { "aria-disabled": "true" };
    this.#tell();
    const error = this.error && h("p.error", { role: "alert" }, icon("warn"), h("span", {}, this.error));
    if (!found) return [error ?? h("p.sub", {}, "Looking ...")];
    if (!found.people) return [this.#empty(busy), this.progress, error];
    return [
      this.progress,
      error,
      this.#comparison(busy),
      h("div.persons", {}, found.people.map((person) => this.#person(person, busy))),
      this.#singles(),
      this.#grouping(busy),
    ];
  }

  /** What is known, or what the job does now: one line that never moves the rest. */
  #tell() {
    const { found } = this;
    const known = found?.people && `${found.people.length === 1 ? "1 person" : `${count(found.people.length)} people`} and ${counted(found.singles.faces, "single face")}, of ${counted(found.faces, "face")} read with ${found.model} on the ${found.provider}`;
    const text = this.job ? said(this.job) : known || "";
    if (this.progress.textContent !== text) this.progress.textContent = text;
  }

  #empty(busy) {
    const { found } = this;
    const packs = h("datalist", { id: "face-models" }, found.offers.packs.map((name) => h("option", { value: name })));
    this.model.placeholder = found.offers.packs[0];
    return h(
      "div.find",
      {},
      h("p", {}, found.model ? `${counted(found.faces, "face")} read with ${found.model}. Who is who?` : "Who is in this video? All frames of the run are read once; frames are not extracted again."),
      !found.model && h("label.where", {}, h("span", {}, "Face model"), this.model, packs, h("span.sub", {}, "A pack, or the path of a folder with your own ONNX files")),
      h("button.btn.primary", { "data-key": "find", ...busy, onclick: () => this.find() }, icon("zoom"), "Find people"),
    );
  }

  /** Who is looked for, and how near a face must come. */
  #comparison(busy) {
    if (!this.isCompared) return h("p.sub", {}, "Use a person as reference to sort and filter all frames by likeness.");
    const { choices } = this.view();
    const bound = choices.filters.max?.face_distance ?? null;
    const offered = this.found.offers.max_distance;
    const on = h("input", { type: "checkbox", "data-key": "near", onchange: () => this.#bound(on.checked ? offered : null) });
    on.checked = bound !== null;
    const box = h("input.bound.wide.near", { type: "text", inputmode: "decimal", "data-key": "distance", disabled: bound === null, "aria-label": "Max Face Distance, as a number", title: "0 is the same picture, 2 the opposite" });
    box.value = String(bound ?? offered);
    const take = () => {
      const value = Number(box.value.replace(",", "."));
      const fits = box.value.trim() !== "" && value >= 0 && value <= 2;
      box.classList.toggle("wrong", !fits);
      box.setAttribute("aria-invalid", String(!fits));
      if (fits) this.#bound(value);
    };
    typed(box, take);
    return h(
      "div.compared",
      {},
      h("div.line", {}, h("span.who", {}, "Looking for ", h("b", {}, this.found.references.map((label) => this.#spoken(label)).join(", "))), h("span.gap"), h("button.btn.small", { "data-key": "clear", ...busy, onclick: () => this.lookFor([]) }, "Clear reference")),
      h("div.line", {}, h("label.check", {}, on, "Max Face Distance"), box),
    );
  }

  #spoken(label) {
    const [kind, id] = label.split(":");
    if (kind === "person" && /^\d+$/.test(id)) return this.nameOf(Number(id));
    if (kind === "face" && /^\d+$/.test(id)) return `face ${id}`;
    return label.split(/[\\/]/).at(-1);
  }

  #person(person, busy) {
    const { choices } = this.view();
    const label = `person:${person.id}`;
    const isReference = this.found.references.includes(label);
    const filtered = choices.filters.person_ids?.includes(person.id) ?? false;
    const name = h("input.folder.name", { type: "text", maxlength: 80, autocomplete: "off", "data-key": `name ${person.id}`, placeholder: `Person ${person.id}: give a name`, "aria-label": `Name of person ${person.id}` });
    name.value = person.name;
    name.addEventListener("change", () => this.name(person.id, name.value));
    name.addEventListener("keydown", (event) => {
      if (event.key === "Enter") name.blur();
    });
    return h(
      "section.person",
      { "aria-label": this.nameOf(person.id) },
      this.#crops(person.best.slice(0, CROPS), this.nameOf(person.id)),
      h("div.line", {}, name, h("span.sub.num", {}, `${counted(person.faces, "face")}, ${counted(person.frames, "frame")}`)),
      h(
        "div.line",
        {},
        h("button.btn.small", { "data-key": `only ${person.id}`, "aria-pressed": String(filtered), onclick: () => this.filterBy(person.id) }, filtered && icon("check"), "Filter by"),
        h("button.btn.small", { "data-key": `reference ${person.id}`, "aria-pressed": String(isReference), ...busy, onclick: () => this.lookFor(isReference ? [] : [label]) }, isReference && icon("check"), isReference ? "Reference" : "Use as reference"),
      ),
    );
  }

  #singles() {
    const { singles } = this.found;
    if (!singles.faces) return null;
    const more = singles.faces - singles.best.length;
    return h("section.person", { "aria-label": "Single faces" }, h("div.line", {}, h("b", {}, "Single faces"), h("span.sub.num", {}, count(singles.faces))), this.#crops(singles.best, "Single face"), more > 0 && h("p.sub.num", {}, `and ${count(more)} more`));
  }

  #crops(rows, who) {
    const { cut, frame_of: frameOf, mark } = this.found;
    const seen = (row) => {
      const label = `${who} in frame ${count(frameOf[row])}`;
      const source = cut.includes(row) && address(`runs/${this.run.id}/face/${row}?${mark}`);
      return h("button.face", { "data-key": `face ${row}`, "aria-label": `${label}: enlarge`, title: label, onclick: () => this.does.enlarge(frameOf[row]) }, source ? h("img", { src: source, alt: "", loading: "lazy" }) : count(frameOf[row]));
    };
    return h("div.face-strip", {}, rows.map(seen));
  }

  /** Too many people, or too few. */
  #grouping(busy) {
    const knob = this.found.offers.grouping.person_distance;
    this.distance ??= knob.default;
    const shown = h("output.num", {}, number(this.distance));
    const slider = h("input.plain", { type: "range", min: knob.low, max: knob.high, step: 0.05, "data-key": "grouping", "aria-label": `Distance within a person: ${knob.help}` });
    slider.value = this.distance;
    slider.addEventListener("input", () => {
      this.distance = Number(slider.value);
      shown.textContent = number(this.distance);
    });
    return h(
      "section.person.grouping",
      {},
      h("div.line", {}, h("b", {}, "Too many people, or too few?"), h("span.gap"), shown),
      h("label.line", {}, h("span.sub", {}, "more"), slider, h("span.sub", {}, "fewer"), h("button.btn.small", { "data-key": "again", ...busy, onclick: () => this.find() }, "Group again")),
    );
  }
}

/** The words for one face: who, how far from the reference, how sure. */
export function aboutFace(face) {
  const who = face.person === null ? "single" : face.name || `Person ${face.person}`;
  return { who, distance: face.distance === null ? null : face.distance.toFixed(2), sure: `${Math.round(100 * face.confidence)} %` };
}
