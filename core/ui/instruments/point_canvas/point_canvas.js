// The canvas of Subject Masking: a frame of a shot, points and boxes on it, and the mask that comes of them.

import { clock, count, fill, h, icon, sentence } from "../dom.js";
import { giveKeys } from "../keys.js";
import { masking } from "../masking.js";
import { MOST_OBJECTS } from "../prompts.js";
import { seedChoice } from "../seeds.js";
import { KEYS, keysOf } from "./keys.js";
import { Stage } from "./stage.js";

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new PointCanvas(element, trigger);
}

class PointCanvas {
  constructor(element, trigger) {
    this.trigger = trigger;
    this.element = element;
    this.stage = new Stage({
      point: (x, y, other) => masking.point(x, y, masking.excludes !== other ? 0 : 1),
      box: (box) => masking.box(box),
      over: (x, y) => this.#over(x, y),
      zoomed: () => this.#zoomed(),
    });
    this.#build();
    giveKeys(element, keysOf(this), KEYS);
    masking.follow(() => this.#draw());
  }

  #build() {
    const key = (text) => h("kbd", { "aria-hidden": "true" }, text);
    const round = (label, name, act) =>
      h("button.ibtn", { "aria-label": label, title: label, onclick: act }, icon(name));
    this.back = h(
      "button.btn",
      { title: "All shots (Esc)", onclick: () => masking.close() },
      icon("prev"),
      "All shots",
    );
    this.before = round("Shot before ([)", "prev", () => masking.step(-1));
    this.after = round("Next shot (])", "next", () => masking.step(1));
    this.name = h("h2");
    this.state = h("span.sub.num.of-shot");
    this.head = h("div.line.head", {}, this.back, this.before, this.name, this.after, this.state);
    const kind = (words, letter, excludes) =>
      h("button", { onclick: () => masking.chooseKind(excludes), "data-key": letter }, words, " ", key(letter));
    this.include = kind("Include", "Q", false);
    this.exclude = kind("Exclude", "E", true);
    this.objects = h("select.ctl", { "aria-label": "Object", onchange: () => this.#object() });
    this.undo = round("Undo (Z)", "undo", () => masking.undo());
    this.redo = round("Redo (Shift+Z)", "undo", () => masking.redo());
    this.redo.classList.add("turned");
    this.reset = h("button.btn", { title: "Take back all of this frame (R)", onclick: () => masking.reset() }, "Reset");
    this.fit = h("button.btn", { title: "All of the picture (F), or one pixel for one", onclick: () => this.#fit() });
    this.process = this.process.bind(this);
    this.now = h("button.btn", { title: "Masks of this shot now (M)", onclick: this.process }, "Process now");
    this.save = h(
      "button.btn.primary",
      { title: "Save, and on to the next shot without points (Enter)", onclick: () => masking.save() },
      "Save and next ",
      key("Enter"),
    );
    const kinds = h(
      "div.seg",
      { role: "group", "aria-label": "What the left button does" },
      this.include,
      this.exclude,
    );
    this.seeds = seedChoice("Point for me", false);
    const tools = [kinds, this.objects, this.undo, this.redo, this.reset, this.seeds.element, this.fit];
    this.bar = h("div.toolbar", {}, tools, h("span.gap"), this.now, this.save);
    this.said = h("span.num", { role: "status" });
    this.at = h("span.sub.num.at");
    this.wrong = h("p.error", { role: "alert", hidden: true });
    fill(
      this.element,
      this.head,
      this.bar,
      this.stage.element,
      h("div.line.under", {}, this.said, this.wrong, this.at),
    );
  }

  #object() {
    masking.chooseObject(Number(this.objects.value));
    this.stage.element.focus({ preventScroll: true });
  }

  #fit() {
    if (this.stage.fitted) this.stage.actual();
    else this.stage.fit();
  }

  #zoomed() {
    if (this.fit) this.fit.textContent = `${Math.round(this.stage.scale * 100)} %`;
  }

  #over(x, y) {
    this.at.textContent = x === null ? "" : `x ${count(x)}, y ${count(y)}`;
  }

  /** The masks of this shot are wanted now: what is said is saved first. */
  async process() {
    if (masking.isChanged() && !(await masking.save({ next: false }))) return;
    if (!masking.shot()?.prompts.length) return void (await masking.save({ next: false }));
    this.trigger("process");
  }

  // --- drawn

  #draw() {
    const shot = masking.shot();
    const pane = /** @type {HTMLElement} */ (this.element.closest(".pane"));
    const open = shot ? "yes" : "no";
    if (pane && pane.dataset.open !== open) {
      pane.dataset.open = open;
      if (shot) requestAnimationFrame(() => this.stage.element.focus({ preventScroll: true }));
    }
    if (!shot) return;
    const { frame, prompts, object } = masking;
    const home = masking.subject.homes[shot.home];
    this.stage.show(masking.picture(shot.home, frame), home.width, home.height);
    this.stage.mark({ prompts: prompts.at(frame), object });
    this.stage.cover(this.#cover(prompts.at(frame).length));
    this.#words(shot, home, prompts);
    this.#enable(shot, prompts);
  }

  /** The mask of the last click; without points on this frame, the mask that was written. */
  #cover(many) {
    const { preview, key, frame } = masking;
    if (preview?.key === key && preview.frame === frame) return preview.overlay;
    return many && masking.isChanged() ? null : masking.overlay(frame);
  }

  #words(shot, home, prompts) {
    const { frame } = masking;
    this.name.textContent = home.segments ? `Segment ${masking.nameOf(shot)}` : `Shot ${masking.nameOf(shot)}`;
    const of = `of ${count(masking.shots.length)}`;
    const state = masking.isChanged() ? "not saved" : WORDS[shot.state];
    const time = clock(home.seconds * (frame / Math.max(1, home.frames)));
    this.state.textContent = `${of}, ${state}; frame ${count(frame)}, ${time}`;
    const said = masking.looking ? "Looking for the mask." : saidOf(masking.preview, prompts.at(frame));
    if (this.said.textContent !== said) this.said.textContent = said;
    const wrong = masking.wrong?.error ?? "";
    this.wrong.hidden = !wrong;
    this.said.hidden = Boolean(wrong); // in its place: the picture keeps its size
    if (this.blamed !== wrong) {
      this.blamed = wrong;
      const conflict = masking.wrong?.code === "annotations_changed";
      fill(this.wrong, wrong && [icon("warn"), h("span", {}, sentence(wrong), conflict && this.#conflict())]);
    }
  }

  #conflict() {
    const theirs = { onclick: () => masking.drop() };
    const mine = { onclick: () => masking.save({ next: false, force: true }) };
    return h("span.line", {}, h("button.btn.small", theirs, "Show theirs"), h("button.btn.small", mine, "Keep mine"));
  }

  #enable(shot, prompts) {
    const { saving, job, object, excludes } = masking;
    this.seeds.draw();
    this.include.setAttribute("aria-pressed", String(!excludes));
    this.exclude.setAttribute("aria-pressed", String(excludes));
    this.stage.element.classList.toggle("excludes", excludes);
    this.undo.disabled = !prompts.past.length;
    this.redo.disabled = !prompts.future.length;
    this.reset.disabled = !prompts.at(masking.frame).length;
    const at = masking.listed.findIndex(({ key }) => key === shot.key);
    this.before.disabled = at <= 0;
    this.after.disabled = at === masking.listed.length - 1;
    this.save.disabled = saving;
    this.now.disabled = saving || Boolean(job) || (prompts.isEmpty && !shot.prompts.length);
    const most = Math.min(MOST_OBJECTS, Math.max(0, ...prompts.objects, object) + 1);
    const choices = Array.from({ length: most }, (_, i) => i + 1);
    const words = JSON.stringify([choices, prompts.objects]);
    if (words !== this.choices) {
      this.choices = words;
      const name = (one) => `Object ${one}${prompts.objects.includes(one) ? "" : " (new)"}`;
      fill(
        this.objects,
        choices.map((one) => h("option", { value: one }, name(one))),
      );
    }
    this.objects.value = String(object);
  }
}

const WORDS = { empty: "nothing said yet", points: "points", mask: "points with a mask" };
Object.assign(WORDS, { propagated: "masks in every frame", doubtful: "doubtful, please look" });

/** What is told of the mask under the canvas. */
function saidOf(preview, prompts) {
  if (!prompts.length) return "Click the subject; drag a box around it where a click is not enough.";
  if (!preview) return "";
  const parts = preview.objects.map(({ object, coverage_pct: part, score }) => {
    const sure = score === null ? "" : `, sure ${score.toFixed(2)}`;
    return `${preview.objects.length > 1 ? `object ${object}: ` : ""}${part.toFixed(1)} % of the picture${sure}`;
  });
  return `Mask: ${parts.join("; ")}`;
}
