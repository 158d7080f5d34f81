// When each person is seen: a lane a person by rank, a bar a tracklet, a line a cut. A click goes there in Live Review.

import { count, counted, fill, h, oncePerFrame } from "../dom.js";
import { toFrame } from "../going_on.js";
import { persons } from "../persons.js";
import { drawLanes, LANE } from "./drawing.js";

/** @param {Given} given */
export function mount({ element }) {
  return new Lanes(element);
}

class Lanes {
  constructor(element) {
    this.said = h("span.sub.num", {}, "");
    this.canvas = h("canvas.track", { "aria-hidden": "true" });
    const about = { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Frame to show in Live Review" };
    this.position = h("input.plain.position", about);
    const scrolls = { tabindex: 0, role: "group", "aria-label": "Lanes, one a person" };
    this.box = h("div.lane-box", scrolls, this.canvas);
    const head = h("div.line", {}, h("h3", {}, "Who is seen when"), h("span.gap"), this.said);
    fill(element, head, this.box, this.position);
    this.draw = oncePerFrame(() => this.#draw());
    this.#listen();
    persons.follow(() => this.#changed());
  }

  #listen() {
    this.canvas.addEventListener("click", (event) => {
      const at = this.#at(event);
      if (at.person !== null) persons.lookAt(at.person);
      toFrame(at.frame);
    });
    this.canvas.addEventListener("pointermove", (event) => this.#over(this.#at(event)));
    this.canvas.addEventListener("pointerleave", () => this.#over(null));
    this.position.addEventListener("input", () => this.#over({ frame: this.position.valueAsNumber, person: null }));
    this.position.addEventListener("keydown", (event) => event.key === "Enter" && toFrame(this.position.valueAsNumber));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    new MutationObserver(() => this.draw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  #changed() {
    const { view } = persons;
    this.list = view?.persons ?? [];
    this.canvas.style.height = `${Math.max(1, this.list.length) * LANE}px`;
    this.position.max = String(Math.max(0, (view?.frames ?? 1) - 1));
    this.position.disabled = !this.list.length;
    this.#over(null);
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    const frames = persons.view?.frames ?? 0;
    const share = (event.clientX - box.left) / box.width;
    const frame = Math.max(0, Math.min(frames - 1, Math.floor(share * frames)));
    return { frame, person: this.list[Math.floor((event.clientY - box.top) / LANE)]?.id ?? null };
  }

  /** Where the mouse is: the frame, and whose lane. */
  #over(at) {
    this.pointed = at;
    const { view } = persons;
    const cuts = view?.bodies ? counted(view.cuts.length, "cut") : "";
    const who = at && at.person !== null ? `, ${persons.nameOf(at.person)}` : "";
    this.said.textContent = at ? `frame ${count(at.frame)}${who}` : cuts;
    this.draw();
  }

  #draw() {
    const { view } = persons;
    const lanes = new Map(this.list.map(({ id }, i) => [id, i]));
    const marked = { current: persons.current, picked: persons.picked, frame: this.pointed?.frame ?? null };
    drawLanes(this.canvas, view, lanes, marked);
  }
}
