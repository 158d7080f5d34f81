// Two to four persons side by side, one timeline for all, and of each two what speaks for their being one.

import { clock, count, counted, fill, h, icon } from "../dom.js";
import { toFrame } from "../going_on.js";
import { drawLanes, LANE } from "../lanes/drawing.js";
import { persons } from "../persons.js";
import { whyApart } from "./reasons.js";

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new Comparison(element, trigger);
}

class Comparison {
  constructor(element, trigger) {
    this.trigger = trigger;
    this.drawer = element.closest(".drawer");
    this.cards = h("div.cards");
    this.canvas = h("canvas.track", { "aria-hidden": "true" });
    this.canvas.addEventListener("click", (event) => this.#go(event));
    this.reasons = h("ul.reasons", { "aria-label": "What speaks for and against" });
    this.wrong = h("p.error", { role: "alert", hidden: true });
    const merge = { onclick: () => this.#merge() };
    this.merge = h("button.btn.primary", merge, "Merge ", h("kbd", { "aria-hidden": "true" }, "M"));
    this.apart = h("button.btn", { onclick: () => this.#apart() }, "Two people");
    const buttons = h("div.line.foot-of", {}, this.merge, this.apart);
    fill(element, this.cards, h("div.lane-box", {}, this.canvas), this.reasons, this.wrong, buttons);
    new ResizeObserver(() => this.#lanes()).observe(this.canvas);
    persons.follow(() => this.#followed());
  }

  get isOpen() {
    return this.drawer.dataset.open === "yes";
  }

  /** Shows those who are picked out now. */
  show() {
    this.ids = persons.meant.slice(0, 4);
    this.#read();
  }

  /** Somebody was picked out, merged, named: what is open follows. */
  #followed() {
    if (!this.isOpen || !persons.view) return;
    const meant = persons.meant.slice(0, 4);
    const mark = JSON.stringify([persons.view.mark, meant]);
    if (meant.length < 2 && this.mark !== mark && this.decided) {
      this.decided = false;
      return void this.trigger("done");
    }
    if (meant.length > 1 && this.mark !== mark) {
      this.ids = meant;
      this.#read();
    } else this.#draw();
  }

  async #read() {
    const { view } = persons;
    this.mark = JSON.stringify([view?.mark, this.ids]);
    this.found = null;
    this.wrong.hidden = true;
    this.#draw();
    const { mark } = this;
    try {
      const found = this.ids.length > 1 ? await persons.compare(this.ids) : null;
      if (mark === this.mark) this.found = found;
    } catch (error) {
      if (mark !== this.mark) return;
      this.wrong.hidden = false;
      fill(this.wrong, icon("warn"), h("span", {}, error.message));
    }
    this.#draw();
  }

  #draw() {
    const there = (this.ids ?? []).map((id) => persons.person(id)).filter(Boolean);
    persons.want(there.map(({ id }) => id));
    this.cards.style.setProperty("--many", String(Math.max(2, there.length)));
    fill(this.cards, there.length < 2 ? h("p.sub", {}, "Pick two to four persons out in the table.") : there.map(card));
    this.canvas.style.height = `${there.length * LANE}px`;
    this.#lanes();
    const { view, deciding, job } = persons;
    const pairs = this.found?.pairs ?? [];
    fill(
      this.reasons,
      pairs.map((pair) => {
        const [one, other] = pair.persons.map((id) => persons.nameOf(id));
        const said = whyApart(pair, this.found.limits, view.settings);
        const head = h("div.line", {}, h("b", {}, `${one} and ${other}`), h("span.gap"), alike(pair));
        return h("li", {}, head, h("p", {}, said.reason), h("p.sub.num", {}, said.numbers));
      }),
    );
    this.merge.disabled = there.length < 2 || deciding || Boolean(job);
    this.apart.disabled = this.merge.disabled;
    this.apart.hidden = there.length !== 2 || there.some((one) => one.faces_only);
  }

  #lanes() {
    drawLanes(this.canvas, persons.view, new Map((this.ids ?? []).map((id, i) => [id, i])), {});
  }

  #go(event) {
    const box = this.canvas.getBoundingClientRect();
    const { frames } = persons.view;
    toFrame(Math.min(frames - 1, Math.floor(((event.clientX - box.left) / box.width) * frames)));
  }

  #merge() {
    this.decided = true;
    persons.merge(this.ids);
  }

  async #apart() {
    if (await persons.decide("apart", { persons: this.ids })) this.trigger("done");
  }
}

function card(person) {
  const strip = persons.strips.get(person.id) ?? [];
  const one = (picture) => {
    const frame = count(picture[1]);
    return h("img", { src: persons.crop(picture), alt: `frame ${frame}`, title: `Frame ${frame}` });
  };
  const from = clock(person.start_s).replace(/\.\d+$/, "");
  const to = clock(person.end_s).replace(/\.\d+$/, "");
  const facts = [
    ["Frames", `${count(person.start)} to ${count(person.end)}`],
    ["Time", `${from} to ${to}`],
    ["Seen", person.faces_only ? `${counted(person.frames, "frame")}, faces only` : seen(person)],
    ["Sure", person.certainty.toFixed(2)],
  ];
  return h(
    "section.card",
    { "data-faces": person.faces_only ? "yes" : "no", "aria-label": persons.nameOf(person.id) },
    h("h3", {}, h("span.num", {}, String(person.id)), " ", person.name),
    h("div.crops-of", {}, strip.slice(0, 4).map(one)),
    h(
      "dl.facts-list",
      {},
      facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    ),
  );
}

const seen = ({ frames, screen_s: time }) => `${counted(frames, "frame")}, ${time.toFixed(1)} s`;

function alike({ reason, similarity, face_similarity: faces }) {
  if (reason === "by_faces")
    return h("b.num", {}, faces === null ? "no faces to compare" : `faces alike ${faces.toFixed(2)}`);
  return h("b.num", {}, similarity === null ? "no crops to compare" : `alike ${similarity.toFixed(2)}`);
}
