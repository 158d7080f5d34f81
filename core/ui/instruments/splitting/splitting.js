// Splits a person in two: at a moment that a slider over its crops shows, or by tracklets that are somebody else.

import { count, counted, fill, h } from "../dom.js";
import { persons } from "../persons.js";

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new Splitting(element, trigger);
}

class Splitting {
  constructor(element, trigger) {
    this.trigger = trigger;
    this.drawer = element.closest(".drawer");
    this.id = null;
    this.reel = [];
    this.going = new Set();
    this.head = h("p.sub");
    this.before = h("div.half");
    this.after = h("div.half");
    const range = { type: "range", min: 0, max: 1, step: 1, "aria-label": "First frame of the second person" };
    this.slider = h("input.plain.moment", { ...range, oninput: () => this.#moment() });
    this.here = h("button.btn.primary", { onclick: () => this.#at() }, "Split here");
    this.frame = h("b.num");
    const moment = h("div.line.said", {}, "The second person begins at frame ", this.frame, h("span.gap"), this.here);
    this.rows = h("ul.tracklets", { "aria-label": "Tracklets" });
    this.off = h("button.btn", { onclick: () => this.#off() }, "Split these off");
    this.many = h("span.sub.num");
    this.by = h(
      "section.by",
      {},
      h("h3", {}, "By tracklets"),
      this.rows,
      h("div.line", {}, this.many, h("span.gap"), this.off),
    );
    const halves = h("div.halves", {}, this.before, this.after);
    this.when = h("section.by", {}, h("h3", {}, "At a moment"), halves, this.slider, moment);
    fill(element, this.head, this.when, this.by);
    persons.follow(() => this.#followed());
  }

  /** Shows whoever is picked out, else looked at. */
  show() {
    const [id] = persons.meant;
    this.id = persons.isMeantByBody ? (id ?? null) : null;
    this.#read();
  }

  #followed() {
    if (this.drawer.dataset.open !== "yes" || !persons.view) return;
    const [id] = persons.meant;
    const mark = JSON.stringify([persons.view.mark, id ?? null]);
    if (mark !== this.mark) this.show();
    else this.#buttons();
  }

  async #read() {
    const { view } = persons;
    this.mark = JSON.stringify([view?.mark, this.id]);
    const { mark } = this;
    const person = persons.person(this.id);
    this.going.clear();
    this.head.textContent = person
      ? `${persons.nameOf(this.id)}, frames ${count(person.start)} to ${count(person.end)}`
      : persons.isMeantByBody
        ? ""
        : "Who is known by faces only cannot be split.";
    this.reel = [];
    this.tracklets = view?.lanes.filter(([who]) => who === this.id) ?? [];
    this.when.hidden = !person || person.end === person.start;
    if (!person) return this.#rows();
    this.slider.min = String(person.start + 1);
    this.slider.max = String(Math.max(person.start + 1, person.end));
    this.slider.value = String(this.#begin(person));
    this.#rows();
    const reel = await persons.reel(this.id).catch(() => []);
    if (mark !== this.mark) return;
    this.reel = reel;
    this.#moment();
    this.#rows();
  }

  /** The first frame of the second tracklet, where there is one: the likeliest place. */
  #begin(person) {
    const starts = this.tracklets.map(([, , first]) => first).sort((a, b) => a - b);
    return starts[1] > person.start ? starts[1] : Math.round((person.start + person.end) / 2);
  }

  #moment() {
    const at = this.slider.valueAsNumber;
    this.frame.textContent = count(at);
    this.slider.setAttribute("aria-valuetext", `frame ${count(at)}`);
    const sides = [this.reel.filter(([, frame]) => frame < at), this.reel.filter(([, frame]) => frame >= at)];
    fill(this.before, pictures(sides[0].slice(-4)));
    fill(this.after, pictures(sides[1].slice(0, 4)));
    this.#buttons();
  }

  #rows() {
    const many = this.tracklets.length;
    this.by.hidden = many < 2;
    fill(
      this.rows,
      this.tracklets.map(([, tracklet, first, last]) => {
        const box = h("input", { type: "checkbox", onchange: () => this.#picked(tracklet, box.checked) });
        box.checked = this.going.has(tracklet);
        const inside = this.reel.filter(([, frame]) => frame >= first && frame <= last);
        const words = `${count(first)} to ${count(last)}`;
        return h(
          "li",
          {},
          h("label.line", {}, box, pictures(inside.slice(0, 3)), h("span.num", {}, `Frames ${words}`)),
        );
      }),
    );
    this.#buttons();
  }

  #picked(tracklet, on) {
    if (on) this.going.add(tracklet);
    else this.going.delete(tracklet);
    this.#buttons();
  }

  #buttons() {
    const busy = persons.deciding || Boolean(persons.job) || !persons.person(this.id);
    this.here.disabled = busy;
    const kinds = new Set(this.tracklets?.map(([, tracklet]) => tracklet)).size;
    this.off.disabled = busy || !this.going.size || this.going.size >= kinds;
    this.many.textContent = this.going.size ? `${counted(this.going.size, "tracklet")} of ${count(kinds)}` : "";
  }

  async #at() {
    if (await persons.decide("split", { person: this.id, at: this.slider.valueAsNumber })) this.trigger("done");
  }

  async #off() {
    if (await persons.decide("split", { person: this.id, tracklets: [...this.going] })) this.trigger("done");
  }
}

const pictures = (some) =>
  some.map((one) =>
    h("img", { src: persons.crop(one), alt: `frame ${count(one[1])}`, title: `Frame ${count(one[1])}` }),
  );
