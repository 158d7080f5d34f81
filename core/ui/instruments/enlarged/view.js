// One of the enlarged frames: its picture with the boxes of its faces, zoomed and moved by mouse and fingers.

import { clock, count, fill, h, icon } from "../dom.js";
import { openRun } from "../open_run.js";
import { HAS_FILE, insideBars } from "../table.js";
import { FaceBoxes } from "./face_boxes.js";
import { actual, closer, stepped } from "./zoom.js";

const LARGEST_FIT = 3;
const DRAG_PX = 4;
const WHEEL = 1.2;
const CRISP = 3;

export class View {
  /**
   * @param {import("./zoom.js").Zoom} zoom of all views
   * @param {{drawn: () => void, toggled: () => void, chosen: (view: View) => void}} acts `drawn`: its faces have come;
   *   `toggled`: boxes are to be shown or hidden; `chosen`: it is the one that keys act on
   */
  constructor(zoom, acts) {
    this.zoom = zoom;
    this.acts = acts;
    this.row = null;
    /** Where the paper begins, in pixels of the page. */
    this.left = this.top = 0;
    this.picture = h("img.full", { alt: "", draggable: "false" });
    this.status = h("p.pending", { role: "status" });
    this.faces = new FaceBoxes(acts);
    this.bars = h("div.bars", { "aria-hidden": "true", hidden: true });
    this.paper = h("div.paper", {}, this.picture, this.bars, this.faces.layer);
    this.name = h("button.plate", { hidden: true, onclick: () => acts.chosen(this) });
    this.element = h("div.view", {}, this.paper, this.name, this.status);
    /** Fingers and buttons that are down, and what the first of them began. */
    this.down = new Map();
    this.dragged = false;
    /** Whether nobody has clicked on it since it was opened. */
    this.isNew = false;
    this.picture.addEventListener("load", () => this.#loaded());
    this.picture.addEventListener("error", () => this.#failed());
    this.#listen();
  }

  /** Shows the frame of a row of the table. */
  show(row) {
    if (row === this.row) return;
    const { table, thumbs } = openRun;
    const ordinal = table.ordinal[row];
    this.row = row;
    this.picture.dataset.asked = String(ordinal);
    delete this.picture.dataset.shows;
    delete this.picture.dataset.failed;
    this.picture.alt = `Frame ${ordinal}`;
    this.status.textContent = table.flags[row] & HAS_FILE ? "" : `Decoding frame ${count(ordinal)} ...`;
    this.picture.src = thumbs.full(row);
    this.faces.show(row);
  }

  clear() {
    this.row = null;
    this.down.clear();
    this.picture.removeAttribute("src");
    this.status.textContent = "";
  }

  /** Its name, where it stands beside others: `place` of `all`, and whether keys act on it. */
  label(place, all, isCurrent) {
    const { table, answer } = openRun;
    const kept = answer?.reason[this.row] === 0;
    this.element.classList.toggle("current", all > 1 && isCurrent);
    this.name.hidden = all === 1;
    this.name.setAttribute("aria-pressed", String(isCurrent));
    const ordinal = count(table.ordinal[this.row]);
    this.name.title = `Frame ${ordinal}: keys act on this one (${place})`;
    const said = h("span.num", {}, `${ordinal}, ${clock(table.ptsS[this.row])}`);
    fill(this.name, h("kbd", {}, place), said, icon(kept ? "check" : "x"), kept ? "Kept" : "Rejected");
  }

  // --- place and zoom

  /** [width, height] of the picture in pixels. */
  get size() {
    const { run } = openRun;
    return [this.picture.naturalWidth || run.width, this.picture.naturalHeight || run.height];
  }

  get room() {
    return [this.element.clientWidth, this.element.clientHeight];
  }

  /** The scale at which the whole picture is seen; three times its size at most. */
  get least() {
    const [room, size] = [this.room, this.size];
    return Math.min(LARGEST_FIT, room[0] / size[0], room[1] / size[1]);
  }

  get scale() {
    return this.zoom.scale ?? this.least;
  }

  /** The paper's box is the picture. */
  place() {
    if (!openRun.run || !this.element.clientWidth) return;
    const { size, room, scale } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = size.map((pixels) => pixels * scale);
    const at = (side, length, middle) => {
      const start = room[side] / 2 - middle * length;
      const kept = length <= room[side] ? (room[side] - length) / 2 : Math.min(0, Math.max(room[side] - length, start));
      return Math.round(kept * ratio) / ratio;
    };
    [this.left, this.top] = [at(0, width, this.zoom.x), at(1, height, this.zoom.y)];
    this.paper.style.cssText = `width:${width}px;height:${height}px;transform:translate(${this.left}px,${this.top}px)`;
    this.paper.classList.toggle("crisp", scale * ratio >= CRISP);
    this.element.classList.toggle("zoomed", !this.zoom.isFitted);
    this.faces.fit({ width: size[0], height: size[1] });
    this.#showBars(size[0], size[1]);
  }

  /** A line around what lies inside black bars. */
  #showBars(wide, high) {
    const inside = this.row === null ? null : insideBars(openRun, this.row);
    this.bars.hidden = inside === null;
    if (inside === null) return;
    const [x, y, width, height] = inside;
    const share = (part, whole) => `${(100 * part) / whole}%`;
    const [left, top] = [share(x, wide), share(y, high)];
    this.bars.style.cssText = `left:${left};top:${top};width:${share(width, wide)};height:${share(height, high)}`;
  }

  /** To a scale; what lies under a place of the window stays under it, or what is in the middle. */
  zoomTo(scale, point = null) {
    const { left, top } = this.element.getBoundingClientRect();
    const { room, size, least } = this;
    const at = point ? [point.clientX - left, point.clientY - top] : room.map((length) => length / 2);
    const stays = [(at[0] - this.left) / (size[0] * this.scale), (at[1] - this.top) / (size[1] * this.scale)];
    this.zoom.to(scale, { least, room, size, at, stays });
  }

  /** By so many steps around the middle of what is seen. */
  zoomBy(steps) {
    this.zoomTo(stepped(this.scale, steps));
  }

  /** To 100 %, around the middle of what is seen; a small picture becomes smaller than its room. */
  actual() {
    if (actual() < this.least) this.zoom.move(actual(), 0.5, 0.5, this.room, this.size);
    else this.zoomTo(actual());
  }

  /** To 100 % at a place of the window; from there back to the whole picture. */
  turn(point = null) {
    if (this.zoom.isFitted) this.zoomTo(closer(this.least), point);
    else this.zoom.fit();
  }

  // --- mouse and fingers

  #listen() {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => this.#pressed(event));
    element.addEventListener("pointermove", (event) => this.#moved(event));
    for (const name of ["pointerup", "pointercancel"]) {
      element.addEventListener(name, (/** @type {PointerEvent} */ event) => this.#released(event));
    }
    element.addEventListener("click", (event) => this.#clicked(event));
    element.addEventListener("wheel", (event) => this.#wheeled(event), { passive: false });
  }

  #pressed(event) {
    if (this.row === null || event.button !== 0 || event.target.closest("button")) return;
    this.element.setPointerCapture(event.pointerId);
    if (!this.down.size) this.dragged = false;
    this.down.set(event.pointerId, event);
    this.#begin();
    this.acts.chosen(this);
  }

  /** What is held down now begins to move from here. */
  #begin() {
    const [one, other] = [...this.down.values()];
    const { x, y } = this.zoom;
    this.from = one && { one, x, y, apart: other && apart(one, other), scale: this.scale };
  }

  #moved(event) {
    if (!this.down.has(event.pointerId)) return;
    this.down.set(event.pointerId, event);
    const [one, other] = [...this.down.values()];
    const { from } = this;
    const by = [one.clientX - from.one.clientX, one.clientY - from.one.clientY];
    if (other) {
      this.dragged = true;
      return this.zoomTo((from.scale * apart(one, other)) / from.apart, between(one, other));
    }
    if (Math.hypot(...by) > DRAG_PX) this.dragged = true;
    if (!this.dragged || this.zoom.isFitted) return;
    const { size, scale, room } = this;
    this.zoom.move(scale, from.x - by[0] / (size[0] * scale), from.y - by[1] / (size[1] * scale), room, size);
  }

  #released(event) {
    if (this.down.delete(event.pointerId)) this.#begin();
  }

  /** The second click of the double click that opened the picture is none on the picture. */
  #clicked(event) {
    if (this.row === null || event.target.closest("button")) return;
    if (event.detail === 1) this.isNew = false;
    if (this.isNew || this.dragged) return;
    this.turn(event);
  }

  #wheeled(event) {
    if (this.row === null) return;
    event.preventDefault();
    this.isNew = false;
    this.zoomTo(this.scale * WHEEL ** (-event.deltaY / 100), event);
  }

  // --- the picture comes

  #loaded() {
    this.picture.dataset.shows = this.picture.dataset.asked;
    this.status.textContent = "";
    this.place();
  }

  async #failed() {
    if (this.row === null || !this.picture.getAttribute("src")) return;
    let sentence = "This picture could not be loaded.";
    try {
      const answer = await (await fetch(this.picture.src)).json();
      sentence = answer.error ?? sentence;
    } catch {
      // the server is gone, or it answers now
    }
    this.status.textContent = sentence;
    this.picture.dataset.failed = "yes"; // the browser would draw a torn one
  }
}

const apart = (one, other) => Math.max(1, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY));
const between = (one, other) => ({
  clientX: (one.clientX + other.clientX) / 2,
  clientY: (one.clientY + other.clientY) / 2,
});
