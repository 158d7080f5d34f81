// One line on how the persons stand, and the best pair that may be one person: "Same person? 3 and 17, 0.86".

import { count, counted, fill, h, icon, sentence } from "../dom.js";
import { persons } from "../persons.js";

const FACES = 2;

/** @param {Given} given */
export function mount({ element }) {
  return new Suggested(element);
}

class Suggested {
  constructor(element) {
    this.state = h("p.state", { role: "status" });
    this.words = h("span.words");
    const yes = { title: "They are one person (Y)", onclick: () => this.#answer("merge") };
    const no = { title: "They are two people (N)", onclick: () => this.#answer("apart") };
    this.yes = h("button.btn.small", yes, "Same person ", h("kbd", { "aria-hidden": "true" }, "Y"));
    this.no = h("button.btn.small", no, "Two people ", h("kbd", { "aria-hidden": "true" }, "N"));
    this.look = h("button.link", { onclick: () => this.#look(), title: "Pick both out in the table" }, "Show");
    this.crops = h("span.both");
    this.left = h("span.sub.num");
    this.bar = h("div.bar-of", {}, this.crops, this.words, this.yes, this.no, this.look, h("span.gap"), this.left);
    this.notice = h("div.notice", { role: "alert", hidden: true });
    fill(element, this.state, this.bar, this.notice);
    persons.follow(() => this.#draw());
  }

  #draw() {
    const said = sentenceOf(persons);
    if (this.state.textContent !== said) this.state.textContent = this.state.title = said;
    this.#ask();
    this.#suggest();
  }

  /** A question before a merge, or what went wrong, stands in the place of the suggestion: nothing moves. */
  #ask() {
    const { ask, error } = persons;
    const text = ask ? `Merge all the same? ${sentence(ask.sentence)}` : (error ?? "");
    this.notice.hidden = !text;
    this.bar.hidden = Boolean(text);
    if (this.asked === text) return;
    this.asked = text;
    const key = (letter) => h("kbd", { "aria-hidden": "true" }, letter);
    const yes = ask && h("button.btn.small", { onclick: () => persons.answer(true) }, "Merge ", key("Y"));
    const no = ask && h("button.btn.small", { onclick: () => persons.answer(false) }, "Keep apart ", key("N"));
    fill(this.notice, text && [icon("warn"), h("span", {}, sentence(text)), yes, no]);
  }

  #suggest() {
    const { view, deciding, job } = persons;
    const best = view?.suggestions[0] ?? null;
    for (const part of [this.yes, this.no, this.look, this.crops]) part.hidden = !best;
    this.yes.disabled = this.no.disabled = deciding || Boolean(job);
    if (!best) {
      const none = view?.bodies ? "No two persons look like one." : "Pairs that may be one person come here.";
      this.key = this.shown = null;
      fill(this.words, h("span.sub", {}, none));
      this.left.textContent = "";
      return;
    }
    const [one, other] = best.persons;
    persons.want(best.persons);
    const key = JSON.stringify([best, persons.nameOf(one), persons.nameOf(other)]);
    if (key !== this.key) {
      this.key = key;
      const alike = h("span.num", {}, best.similarity.toFixed(2));
      fill(this.words, "Same person? ", h("b", {}, nameOf(one)), " and ", h("b", {}, nameOf(other)), ", alike ", alike);
    }
    this.#faces(best.persons);
    const rest = view.suggestions.length - 1;
    this.left.textContent = rest ? `${count(rest)} more` : "";
  }

  #faces(ids) {
    const rows = ids.map((id) => persons.strips.get(id)?.slice(0, FACES) ?? []);
    const key = JSON.stringify([rows, persons.view.crops]);
    if (key === this.shown) return;
    this.shown = key;
    const one = (picture) => h("img", { src: persons.crop(picture), alt: "" });
    fill(
      this.crops,
      rows.map((strip) => h("span.side-of", {}, strip.map(one))),
    );
  }

  #answer(kind) {
    const best = persons.view?.suggestions[0];
    if (best) persons.decide(kind, { persons: best.persons });
  }

  #look() {
    const { persons: both } = persons.view.suggestions[0];
    persons.pickOnly(both);
    persons.lookAt(both[0]);
  }
}

const nameOf = (id) => {
  const name = persons.person(id)?.name;
  return name ? `${id} ${name}` : String(id);
};

/** Where things stand, in one line. */
function sentenceOf({ video, view, opening }) {
  if (opening || !video || !view) return "";
  const there = view.persons.length;
  const who = there === 1 ? "1 person" : `${count(there)} persons`;
  const known = view.bodies ? shotsOf(view) : ", known by faces only; no bodies were looked for";
  const edits = view.edits ? `, ${counted(view.edits, "decision")} by hand` : "";
  const { persons: chosen } = view.chosen;
  const files = chosen.length ? `; files are written of ${chosen.map((id) => nameOf(id)).join(", ")}` : "";
  return `${video.name}: ${who}${known}${edits}${files}.`;
}

function shotsOf({ cuts, by_faces: faces }) {
  const more = faces ? ` (${count(faces)} known by faces only)` : "";
  return `${more} in ${counted(cuts.length + 1, "shot")}`;
}
