// The picture of a frame with what lies on it: zoomed and moved, at the grid of source pixels. What is drawn over it is
// drawn in pixels of the screen, so that points keep their size.

import { h, oncePerFrame } from "../dom.js";
import { drawMarks } from "./marks.js";

const DRAG_PX = 6;
const CRISP = 3;
const MOST = 32;
const STEP = 1.2;

export class Stage {
  /**
   * @param {object} acts
   * @param {(x: number, y: number, other: boolean) => void} acts.point a click; `other`: with the right button
   * @param {(box: number[]) => void} acts.box a box was dragged, xyxy
   * @param {(x: ?number, y?: number) => void} acts.over where the mouse is; null: nowhere
   * @param {(scale: number) => void} acts.zoomed
   */
  constructor(acts) {
    this.acts = acts;
    this.picture = h("img.frame", { alt: "", draggable: "false" });
    this.mask = h("img.mask", { alt: "", draggable: "false", hidden: true });
    this.paper = h("div.paper", {}, this.picture, this.mask);
    this.canvas = h("canvas.marks", { "aria-hidden": "true" });
    const about = { tabindex: 0, role: "group", "aria-label": "Frame on which points are placed" };
    this.element = h("div.stage", about, this.paper, this.canvas);
    this.width = this.height = 0;
    this.scale = this.left = this.top = 0;
    this.fitted = true;
    this.marks = { prompts: [], object: 1 };
    /** Fingers and buttons that are down, and what the first of them began. */
    this.down = new Map();
    this.drag = null;
    this.draw = oncePerFrame(() => this.#draw());
    this.picture.addEventListener("load", () => this.#loaded());
    this.picture.addEventListener("error", () => this.#loaded());
    new ResizeObserver(() => this.#resized()).observe(this.element);
    new MutationObserver(() => this.draw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.#listen();
  }

  /** Shows a picture of this size, at once if it is here already. Another size is fitted into the room. */
  show(source, width, height) {
    if (source === this.source) return;
    this.source = source;
    const other = width !== this.width || height !== this.height;
    [this.width, this.height] = [width, height];
    this.element.setAttribute("aria-busy", "true");
    this.paper.style.width = `${width}px`;
    this.paper.style.height = `${height}px`;
    this.picture.src = source;
    if (other) this.fit();
  }

  #loaded() {
    this.element.setAttribute("aria-busy", "false");
    this.draw();
  }

  /** @param {?string} source of a picture that lies over the frame; null: none */
  cover(source) {
    if ((this.mask.getAttribute("src") ?? null) === source && !this.mask.hidden === Boolean(source)) return;
    this.mask.hidden = !source;
    if (source) this.mask.src = source;
  }

  /** @param {{prompts: any[], object: number}} marks what is said on this frame, and of which object is spoken */
  mark(marks) {
    this.marks = marks;
    this.draw();
  }

  // --- zoom

  fit() {
    this.fitted = true;
    const { clientWidth: wide, clientHeight: high } = this.element;
    if (!wide || !high || !this.width) return;
    this.#place(Math.min(wide / this.width, high / this.height), 0, 0);
  }

  /** One pixel of the picture is one of the screen's; a second time: fitted again. */
  actual() {
    if (Math.abs(this.scale * (window.devicePixelRatio || 1) - 1) < 0.001) return this.fit();
    const box = this.element.getBoundingClientRect();
    return this.zoomTo(1 / (window.devicePixelRatio || 1), box.left + box.width / 2, box.top + box.height / 2);
  }

  /** By so many steps, around the middle of what is seen. */
  zoom(steps) {
    const box = this.element.getBoundingClientRect();
    this.zoomTo(this.scale * STEP ** steps, box.left + box.width / 2, box.top + box.height / 2);
  }

  /** The pixel under a place of the window stays under it. */
  zoomTo(scale, clientX, clientY) {
    const { clientWidth: wide, clientHeight: high } = this.element;
    const least = Math.min(wide / this.width, high / this.height);
    const to = Math.max(least, Math.min(MOST, scale));
    const { x, y } = this.#inside({ clientX, clientY });
    const [atX, atY] = [(x - this.left) / this.scale, (y - this.top) / this.scale];
    this.fitted = to <= least;
    this.#place(to, x - atX * to, y - atY * to);
  }

  #place(scale, left, top) {
    const { clientWidth: wide, clientHeight: high } = this.element;
    const kept = (room, length, at) =>
      length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, at));
    this.scale = scale;
    this.left = kept(wide, this.width * scale, left);
    this.top = kept(high, this.height * scale, top);
    this.paper.style.transform = `translate(${this.left}px, ${this.top}px) scale(${scale})`;
    this.paper.classList.toggle("crisp", scale * (window.devicePixelRatio || 1) >= CRISP);
    this.acts.zoomed(scale);
    this.draw();
  }

  #resized() {
    if (this.fitted) this.fit();
    else this.#place(this.scale, this.left, this.top);
  }

  // --- mouse and fingers

  #listen() {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => this.#pressed(event));
    element.addEventListener("pointermove", (event) => this.#moved(event));
    element.addEventListener("pointerup", (event) => this.#released(event));
    element.addEventListener("pointercancel", (event) => this.#gone(event));
    element.addEventListener("pointerleave", () => !this.down.size && this.acts.over(null));
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("wheel", (event) => this.#wheeled(event), { passive: false });
    element.addEventListener("auxclick", (event) => event.preventDefault());
  }

  /** The source pixel at a place of the window: whole, within the picture. */
  pixel(event) {
    const place = this.#inside(event);
    const x = Math.floor((place.x - this.left) / this.scale);
    const y = Math.floor((place.y - this.top) / this.scale);
    const isInside = x >= 0 && y >= 0 && x < this.width && y < this.height;
    const within = (value, most) => Math.max(0, Math.min(most - 1, value));
    return { x: within(x, this.width), y: within(y, this.height), isInside };
  }

  /** A place of the window from where the paper begins, within the border. */
  #inside({ clientX, clientY }) {
    const { left, top } = this.element.getBoundingClientRect();
    return { x: clientX - left - this.element.clientLeft, y: clientY - top - this.element.clientTop };
  }

  #pressed(event) {
    if (!this.width || this.element.getAttribute("aria-busy") === "true") return;
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, event);
    if (this.down.size === 2) return this.#pinches();
    if (this.down.size > 2) return;
    const moves = event.button === 1 || (event.button === 0 && (event.shiftKey || event.ctrlKey));
    const at = this.pixel(event);
    if (!moves && !at.isInside) return void (this.drag = null);
    this.drag = { from: event, at, moves, other: event.button === 2, left: this.left, top: this.top };
  }

  #pinches() {
    const [one, other] = [...this.down.values()];
    this.drag = { pinch: distance(one, other), scale: this.scale, middle: middle(one, other) };
    this.draw();
  }

  #moved(event) {
    const at = this.pixel(event);
    if (event.pointerType === "mouse" || this.down.size) this.acts.over(at.isInside ? at.x : null, at.y);
    if (!this.down.has(event.pointerId) || !this.drag) return;
    this.down.set(event.pointerId, event);
    if (this.drag.pinch) return this.#pinched();
    const { from } = this.drag;
    const far = Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > DRAG_PX;
    if (this.drag.moves) {
      this.fitted = false;
      this.#place(
        this.scale,
        this.drag.left + event.clientX - from.clientX,
        this.drag.top + event.clientY - from.clientY,
      );
    } else if ((far || this.drag.box) && !this.drag.other) {
      this.drag.box = boxOf(this.drag.at, at);
      this.draw();
    }
  }

  #pinched() {
    const [one, other] = [...this.down.values()];
    if (!other) return;
    const now = middle(one, other);
    const scale = this.drag.scale * (distance(one, other) / this.drag.pinch);
    this.zoomTo(scale, now.clientX, now.clientY);
    const by = [now.clientX - this.drag.middle.clientX, now.clientY - this.drag.middle.clientY];
    this.#place(this.scale, this.left + by[0], this.top + by[1]);
    this.drag.middle = now;
  }

  #released(event) {
    const { drag } = this;
    const wasDown = this.down.delete(event.pointerId);
    if (!wasDown || !drag) return;
    if (drag.pinch) return void (this.drag = this.down.size ? drag : null);
    this.drag = null;
    this.draw();
    if (drag.moves) return;
    if (drag.box) {
      const [x1, y1, x2, y2] = drag.box;
      if (x2 - x1 > 1 && y2 - y1 > 1) this.acts.box(drag.box);
    } else this.acts.point(drag.at.x, drag.at.y, drag.other);
  }

  #gone(event) {
    this.down.delete(event.pointerId);
    this.drag = null;
    this.draw();
  }

  #wheeled(event) {
    if (!this.width) return;
    event.preventDefault();
    this.zoomTo(this.scale * STEP ** (-event.deltaY / 100), event.clientX, event.clientY);
  }

  #draw() {
    const { canvas, element } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(element.clientWidth * ratio), Math.round(element.clientHeight * ratio)];
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    /** @type {(x: number, y: number) => [number, number]} */
    const at = (x, y) => [(x * this.scale + this.left) * ratio, (y * this.scale + this.top) * ratio];
    drawMarks(canvas, { ...this.marks, dragged: this.drag?.box ?? null, at, ratio });
  }
}

/** Of two pixels, both within: xyxy with an exclusive end. */
const boxOf = (a, b) => [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x) + 1, Math.max(a.y, b.y) + 1];
const distance = (a, b) => Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY));
const middle = (a, b) => ({ clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 });
