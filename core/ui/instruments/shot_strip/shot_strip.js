// The frames of the shot that is edited: a filmstrip, the trust curve, and the cuts at its ends.

import { count, counted, fill, h, oncePerFrame } from "../dom.js";
import { masking } from "../masking.js";
import { readStream } from "../server.js";
import { partsOf } from "../thumbs.js";
import { drawCurve, LINES } from "./curve.js";

const CELL_PX = 104;
const KEPT = 600;
const DOUBT = 0.5;

/** @param {Given} given */
export function mount({ element }) {
  return new ShotStrip(element);
}

class ShotStrip {
  constructor(element) {
    this.element = element;
    /** Decoded pictures by home and ordinal. @type {Map<string, string>} */
    this.pictures = new Map();
    this.cells = [];
    this.#build();
    this.draw = oncePerFrame(() => this.#curve());
    new ResizeObserver(() => this.#laidOut()).observe(this.film);
    new MutationObserver(() => this.draw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    masking.follow(() => this.#draw());
  }

  #build() {
    this.film = h("div.frames-of", { role: "group", "aria-label": "Frames of the shot" });
    const about = { type: "range", step: 1, "aria-label": "Frame of the shot" };
    this.slider = h("input.plain.position", { ...about, oninput: () => masking.goTo(this.slider.valueAsNumber) });
    this.canvas = h("canvas.track", { "aria-hidden": "true" });
    this.canvas.addEventListener("pointerdown", (event) => this.#pressed(event));
    this.canvas.addEventListener("pointermove", (event) => event.buttons === 1 && this.#pressed(event));
    this.said = h("span.num", { role: "status" });
    this.legend = h("span.legend", { "aria-hidden": "true" });
    this.worst = h("button.btn.small", { title: "Show the frame of least trust", onclick: () => this.#worst() });
    const cut = { title: "The shot ends before this frame, and another one begins (C)", onclick: () => masking.cut() };
    this.cut = h("button.btn.small", cut, "Cut here");
    const join = { title: "Take the cut away at which this shot begins", onclick: () => masking.cut(true) };
    this.join = h("button.btn.small", join, "Join with the shot before");
    this.forget = h("button.btn.small", { onclick: () => masking.forget() }, "Forget its points");
    const head = h("div.line.head", {}, this.said, this.worst, h("span.gap"), this.cut, this.join, this.forget);
    this.box = h("div.curve-box", {}, this.canvas);
    fill(this.element, this.film, this.slider, this.box, this.legend, head);
  }

  #pressed(event) {
    const shot = masking.shot();
    if (!shot) return;
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    masking.goTo(shot.start + Math.floor(share * (shot.end - shot.start)));
  }

  #worst() {
    masking.goTo(this.trust.worst_frame);
  }

  get trust() {
    const trust = masking.details.get(masking.key)?.trust ?? {};
    return trust[masking.object] ?? Object.values(trust)[0] ?? null;
  }

  // --- drawn

  #laidOut() {
    this.wide = null;
    this.#draw();
  }

  #draw() {
    const shot = masking.shot();
    if (!shot || !this.film.clientWidth) return;
    this.#cells(shot);
    this.slider.min = String(shot.start);
    this.slider.max = String(shot.end - 1);
    this.slider.value = String(masking.frame);
    this.slider.setAttribute("aria-valuetext", `frame ${count(masking.frame)}`);
    this.#words(shot);
    this.draw();
  }

  #words(shot) {
    const { trust } = this;
    const at = trust ? trust.ordinals.indexOf(masking.frame) : -1;
    const here = at < 0 || trust.trust[at] === null ? "" : `, trust ${trust.trust[at].toFixed(2)}`;
    const filled = at >= 0 && trust.filled?.[at] ? ", filled in from its neighbours" : "";
    const nth = `${count(masking.frame - shot.start + 1)} of ${counted(shot.end - shot.start, "frame")}`;
    this.said.textContent = `Frame ${count(masking.frame)}, ${nth}${here}${filled}`;
    this.worst.hidden = !trust;
    if (trust) this.worst.textContent = `Least trust ${trust.worst.toFixed(2)}`;
    const { saving, job } = masking;
    this.cut.disabled = saving || Boolean(job) || masking.frame <= shot.start;
    this.join.disabled = saving || Boolean(job) || shot.start === 0;
    this.forget.disabled = saving || Boolean(job) || !shot.prompts.length;
    this.box.hidden = this.legend.hidden = !trust;
    const lines = trust ? LINES.filter(([name]) => trust[name]?.some((value) => value !== null)) : [];
    const key = lines.map(([name]) => name).join();
    if (key === this.lines) return;
    this.lines = key;
    fill(this.legend, lines.map(sample));
  }

  /** As many frames as fit, evenly through the shot, and each of them a button. */
  #cells(shot) {
    const many = Math.max(1, Math.min(shot.end - shot.start, Math.floor(this.film.clientWidth / CELL_PX)));
    const key = JSON.stringify([shot.key, shot.start, shot.end, many]);
    if (key !== this.wide) {
      this.wide = key;
      const span = shot.end - shot.start;
      const ordinals = Array.from({ length: many }, (_, i) => shot.start + Math.floor(((i + 0.5) * span) / many));
      if (many > 1) [ordinals[0], ordinals[many - 1]] = [shot.start, shot.end - 1];
      this.cells = ordinals.map((ordinal) => this.#cell(ordinal, masking.subject.homes[shot.home]));
      fill(
        this.film,
        this.cells.map(({ button }) => button),
      );
      this.#fetch(shot.home, ordinals);
    }
    const near = (ordinal) => Math.abs(ordinal - masking.frame);
    const at = this.cells.reduce((best, one) => (near(one.ordinal) < near(best.ordinal) ? one : best));
    const { frames } = masking.prompts;
    for (const one of this.cells) {
      one.button.setAttribute("aria-current", String(one === at));
      one.button.classList.toggle("said", frames.includes(one.ordinal));
      const source = this.pictures.get(`${shot.home} ${one.ordinal}`);
      if (source && one.picture.getAttribute("src") !== source) one.picture.src = source;
    }
  }

  #cell(ordinal, { width, height }) {
    const picture = h("img", { alt: "", draggable: "false" });
    const label = { "aria-label": `Show frame ${count(ordinal)}`, onclick: () => masking.goTo(ordinal) };
    const button = h("button.cell-of", { ...label, style: `aspect-ratio:${width}/${height}` }, picture);
    button.append(h("span.num.at-frame", {}, count(ordinal)));
    return { ordinal, picture, button };
  }

  /** One request for all of them; of two shots in a row only the last one is decoded. */
  async #fetch(home, ordinals) {
    this.stop?.abort();
    const missing = ordinals.filter((ordinal) => !this.pictures.has(`${home} ${ordinal}`));
    if (!missing.length) return;
    const stop = (this.stop = new AbortController());
    try {
      const reader = await readStream(`masking/${home}/thumbs?ordinals=${missing.join(",")}`, stop.signal);
      for await (const [ordinal, data] of partsOf(reader)) this.#keep(`${home} ${ordinal}`, data);
    } catch {
      // the frame itself says why it cannot be seen
    }
  }

  #keep(name, data) {
    this.pictures.set(name, URL.createObjectURL(new Blob([data], { type: "image/jpeg" })));
    while (this.pictures.size > KEPT) {
      const [oldest, url] = this.pictures.entries().next().value;
      URL.revokeObjectURL(url);
      this.pictures.delete(oldest);
    }
    this.#draw();
  }

  #curve() {
    const shot = masking.shot();
    if (!shot || this.box.hidden) return;
    const limit = masking.subject.doubt ?? DOUBT;
    drawCurve(this.canvas, this.trust, { ...shot, frame: masking.frame, prompts: masking.prompts.frames, limit });
  }
}

/** What a line of the curve means, with a piece of it. */
function sample([, words, variable, dashes]) {
  const line = h("line", { x1: 0, y1: 4, x2: 24, y2: 4, style: `stroke:var(${variable});stroke-width:2` });
  line.setAttribute("stroke-dasharray", dashes.join(" "));
  return h("span.one", {}, h("svg.sample", { viewBox: "0 0 24 8" }, line), words);
}
