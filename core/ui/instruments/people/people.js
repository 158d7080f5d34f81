// The panel of people beside the gallery: who was found, with pictures and names; whom filters and search ask for.

import { count, counted, h, icon, refill, typed } from "../dom.js";
import { openRun } from "../open_run.js";
import { people } from "../people.js";
import { address } from "../server.js";
import { said } from "../jobs.js";
import { Strip } from "./strip.js";

const MODEL = "framesieve.face_model";
const CROPS = 6;
const NOBODY_YET = "Who is in this video? All frames of the run are read once; frames are not extracted again.";

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  return props.look === "strip" ? new Strip(element, () => trigger("panel")) : new Panel(element, trigger);
}

class Panel {
  constructor(element, trigger) {
    this.trigger = trigger;
    this.row = undefined;
    this.fits = null;
    this.isLooking = false;
    this.progress = h("p.sub.num.job", { role: "status" });
    this.element = h("div.panel");
    element.append(this.element);
    this.element.addEventListener("focusout", () => this.stale && setTimeout(() => this.#draw()));
    people.follow(() => this.#draw());
    openRun.follow({ opened: () => this.#draw(), answered: () => this.#draw() });
  }

  // --- what the tab tells and asks

  /** The panel is seen now. */
  shown() {
    this.#draw();
  }

  /** [row] of the frame whose face was chosen. */
  pick() {
    return [this.row];
  }

  /** Finds people; where faces have to be read the model is asked for first, and `start` does it if that fits. */
  find(model) {
    if (people.found?.model) return people.find(null);
    this.model = model;
    this.#looks(true);
    return this.trigger("wanted");
  }

  /** [model] that is to read the faces. */
  wanted_model() {
    return [this.model];
  }

  /** The model was looked at: people are found with it, unless it does not fit. */
  start(model, fits) {
    this.#looks(false);
    if (fits === false) return;
    if (model) localStorage.setItem(MODEL, model);
    people.find(model);
  }

  #looks(on) {
    this.isLooking = on;
    this.#draw();
  }

  get #isBusy() {
    return people.isBusy || this.isLooking;
  }

  /** Whether the model that is chosen can read faces; null: not known. */
  judged(fits) {
    this.fits = fits;
    this.trigger("controls");
  }

  /** [answer] of the server that speaks of the model. */
  refusal() {
    return [{ error: people.error, field: people.field }];
  }

  regroup(distance) {
    people.find(null, distance);
  }

  controls() {
    const { found } = people;
    if (!found) return undefined;
    const update = (values) => ({ __type__: "update", ...values });
    const unread = !found.model;
    const last = localStorage.getItem(MODEL);
    const first = this.asked ? {} : { value: last || found.offers.packs[0] };
    this.asked = true;
    return [
      update({ visible: unread }),
      update(first),
      update({ visible: unread }),
      update({ visible: !found.people, interactive: !this.#isBusy && !(unread && this.fits === false) }),
      update({ visible: Boolean(found.people) }),
    ];
  }

  // --- how it looks

  /** Shows everything anew; a name that is being typed is not disturbed. */
  #draw() {
    if (!openRun.isReady) return;
    const { found } = people;
    this.element.setAttribute("aria-busy", String(this.#isBusy || !(found || people.error)));
    const form = JSON.stringify([Boolean(found), found?.model, Boolean(found?.people), this.#isBusy]);
    if (form !== this.form) this.trigger("controls");
    this.form = form;
    if (people.isOfModel && people.error !== this.refused) this.trigger("refused");
    this.refused = people.error;
    this.#tell();
    const typing = document.activeElement;
    const isText = typing?.matches("input:not([type=checkbox], [type=range])");
    this.stale = this.element.contains(typing) && isText;
    if (this.stale || !this.element.checkVisibility()) return;
    const { isBusy, error, past } = people;
    const mark = JSON.stringify([found, isBusy, error, past.length, this.#filters(), openRun.run.id]);
    if (mark === this.mark) return;
    this.mark = mark;
    refill(this.element, this.#body());
  }

  #filters() {
    const { filters } = openRun.choices;
    return [filters.person_ids, filters.max?.face_distance];
  }

  #body() {
    const { found, error } = people;
    const busy = people.isBusy && { "aria-disabled": "true" };
    const wrong = error && !people.isOfModel && h("p.error", { role: "alert" }, icon("warn"), h("span", {}, error));
    if (!found) return [wrong || h("p.sub", {}, "Looking ...")];
    if (!found.people) return [this.progress, wrong];
    return [
      h("div.line", {}, this.progress, h("span.gap"), this.#undo()),
      wrong,
      this.#comparison(busy),
      h(
        "div.persons",
        {},
        found.people.map((person) => this.#person(person, busy)),
      ),
      this.#singles(),
    ];
  }

  #undo() {
    const [last] = people.past.slice(-1);
    const about = { "data-key": "undo", disabled: !last, "aria-disabled": String(people.isBusy) };
    const text = last ? `Undo ${last.text}` : "Undo";
    return h("button.btn.small", { ...about, onclick: () => people.undo() }, icon("undo"), text);
  }

  /** What is known, or what the job does now: one line that never moves the rest. */
  #tell() {
    const { found, job } = people;
    const [text, tip] = job ? [said(job), said(job)] : known(found);
    this.progress.classList.toggle("lead", !found?.people);
    if (this.progress.textContent !== text) this.progress.textContent = text;
    if (this.progress.title !== tip) this.progress.title = tip;
  }

  /** Who is looked for, and how near a face must come. */
  #comparison(busy) {
    if (!people.isCompared) return h("p.sub", {}, "Look for a person to sort and filter all frames by likeness.");
    const bound = openRun.choices.filters.max?.face_distance ?? null;
    const offered = people.found.offers.max_distance;
    const turn = () => people.bound(on.checked ? offered : null);
    const on = h("input", { type: "checkbox", "data-key": "near", onchange: turn });
    on.checked = bound !== null;
    const about = { "aria-label": "Farthest distance, 0 to 2", title: "0 is the same picture, 2 the opposite" };
    const kind = { type: "text", inputmode: "decimal", "data-key": "distance", disabled: bound === null };
    const box = h("input.bound.wide.near", { ...kind, ...about });
    box.value = String(bound ?? offered);
    const take = () => {
      const value = Number(box.value.replace(",", "."));
      const fits = box.value.trim() !== "" && value >= 0 && value <= 2;
      box.classList.toggle("wrong", !fits);
      box.setAttribute("aria-invalid", String(!fits));
      if (fits) people.bound(value);
    };
    typed(box, take);
    const who = people.found.references.map((label) => people.spoken(label)).join(", ");
    const sought = h("span.who", {}, "Looking for ", h("b", {}, who));
    const clear = { "data-key": "clear", ...busy, onclick: () => people.lookFor([]) };
    return h(
      "div.compared",
      {},
      h("div.line", {}, sought, h("span.gap"), h("button.btn.small", clear, "Stop looking")),
      h("div.line", {}, h("label.check", {}, on, "Only faces at most this far away"), box),
    );
  }

  #person(person, busy) {
    const { filters } = openRun.choices;
    const label = `person:${person.id}`;
    const isSought = people.found.references.includes(label);
    const isWanted = filters.person_ids?.includes(person.id) ?? false;
    const who = people.nameOf(person.id);
    const kind = { type: "text", maxlength: 80, autocomplete: "off", "data-key": `name ${person.id}` };
    const said = { placeholder: `Person ${person.id}: give a name`, "aria-label": `Name of person ${person.id}` };
    const name = h("input.folder.name", { ...kind, ...said });
    name.value = person.name;
    name.addEventListener("change", () => people.name(person.id, name.value));
    name.addEventListener("keydown", (event) => event.key === "Enter" && name.blur());
    const filter = () => people.filterBy(person.id);
    const only = { "data-key": `only ${person.id}`, "aria-pressed": String(isWanted), onclick: filter };
    const seek = { "data-key": `seek ${person.id}`, "aria-pressed": String(isSought), ...busy };
    const seekWords = isSought ? "Looking for" : "Look for";
    const turn = () => people.lookFor(isSought ? [] : [label]);
    const amount = `${counted(person.faces, "face")}, ${counted(person.frames, "frame")}`;
    return h(
      "section.person",
      { "aria-label": who },
      this.#crops(person.best.slice(0, CROPS), who),
      h("div.line", {}, name, h("span.sub.num", {}, amount)),
      h(
        "div.line.acts",
        {},
        h("button.btn.small", only, isWanted && icon("check"), "Filter by"),
        h("button.btn.small", { ...seek, onclick: turn }, isSought && icon("check"), seekWords),
      ),
    );
  }

  #singles() {
    const { singles } = people.found;
    if (!singles.faces) return null;
    const more = singles.faces - singles.best.length;
    return h(
      "section.person",
      { "aria-label": "Single faces" },
      h("div.line", {}, h("b", {}, "Single faces"), h("span.sub.num", {}, count(singles.faces))),
      this.#crops(singles.best, "Single face"),
      more > 0 && h("p.sub.num", {}, `and ${count(more)} more`),
    );
  }

  #crops(rows, who) {
    const { cut, frame_of: frameOf, mark } = people.found;
    const seen = (row) => {
      const label = `${who} in frame ${count(frameOf[row])}`;
      const source = cut.includes(row) && address(`runs/${people.run.id}/face/${row}?${mark}`);
      const show = () => {
        this.row = openRun.table.rowOf(frameOf[row]);
        this.trigger("picked");
      };
      const about = { "data-key": `face ${row}`, "aria-label": `${label}: enlarge`, title: label, onclick: show };
      const picture = source ? h("img", { src: source, alt: "", loading: "lazy" }) : count(frameOf[row]);
      return h("button.face", about, picture);
    };
    return h("div.face-strip", {}, rows.map(seen));
  }
}

/** What is known of the people: in short, and at length for the tip. */
function known(found) {
  if (!found) return ["", ""];
  const faces = counted(found.faces, "face");
  if (!found.people) return [found.model ? `${faces} read with ${found.model}. Who is who?` : NOBODY_YET, ""];
  const who = found.people.length === 1 ? "1 person" : `${count(found.people.length)} people`;
  const single = found.singles.faces ? `, ${counted(found.singles.faces, "single face")}` : "";
  return [`${who}${single}, ${faces} in all`, `Read with ${found.model} on the ${found.provider}`];
}
