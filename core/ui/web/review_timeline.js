// The strip under the video: boxes per frame, saved frames, the play head. A click or a drag goes there.

import { h, oncePerFrame } from "./dom.js";

const TOP = 12; // px kept for the marks of saved frames

export class Timeline {
  /** `goTo(frame)` is called for clicks and drags. */
  constructor(goTo) {
    this.canvas = h("canvas.timeline", { "aria-hidden": "true" });
    this.position = h("input.plain.position", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Position, frame" });
    this.most = h("span.most.num");
    this.element = h("div.time", {}, h("div.strip-box", {}, this.canvas, this.most), this.position);
    this.frames = 0;
    this.frame = 0;
    this.counts = null;
    this.saved = new Map();
    this.draw = oncePerFrame(() => this.#draw());
    this.position.addEventListener("input", () => goTo(Number(this.position.value)));
    this.position.addEventListener("pointerup", () => this.position.blur());
    const seek = (event) => {
      const box = this.canvas.getBoundingClientRect();
      goTo(Math.floor(((event.clientX - box.left) / box.width) * this.frames));
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      seek(event);
    });
    this.canvas.addEventListener("pointermove", (event) => event.buttons && seek(event));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    new MutationObserver(() => this.draw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  open(frames) {
    this.frames = frames;
    this.counts = null;
    this.saved = new Map();
    this.position.max = Math.max(0, frames - 1);
    this.at(0);
  }

  at(frame) {
    this.frame = frame;
    if (Number(this.position.value) !== frame) this.position.value = frame;
    this.position.setAttribute("aria-valuetext", `frame ${frame}`);
    this.draw();
  }

  /** `counts`: { perFrame, most } or null. */
  show(counts) {
    this.counts = counts;
    this.columns = null;
    this.most.textContent = counts?.most ? `max ${counts.most}` : "";
    this.draw();
  }

  /** `saved`: Map frame -> tag. */
  mark(saved) {
    this.saved = saved;
    this.draw();
  }

  #draw() {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) {
      [canvas.width, canvas.height] = [width, height];
      this.columns = null;
    }
    const look = getComputedStyle(canvas);
    const color = (name) => look.getPropertyValue(name).trim();
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    if (!this.frames) return;
    if (this.counts?.most) {
      this.columns ??= highest(this.counts.perFrame, width);
      pen.fillStyle = color("--acc");
      pen.globalAlpha = 0.55;
      const room = height - TOP * ratio;
      this.columns.forEach((count, x) => {
        const tall = Math.sqrt(count / this.counts.most) * room;
        if (count) pen.fillRect(x, height - tall, 1, tall);
      });
      pen.globalAlpha = 1;
    }
    const at = (frame) => ((frame + 0.5) / this.frames) * width;
    pen.fillStyle = color("--warn");
    for (const frame of this.saved.keys()) {
      const x = at(frame);
      pen.beginPath();
      pen.moveTo(x - 5 * ratio, 0);
      pen.lineTo(x + 5 * ratio, 0);
      pen.lineTo(x, 8 * ratio);
      pen.fill();
    }
    pen.fillStyle = color("--body-text-color");
    pen.fillRect(Math.round(at(this.frame) - ratio), 0, 2 * ratio, height);
  }
}

/** The highest count of each column of pixels. */
function highest(perFrame, columns) {
  const found = new Uint16Array(columns);
  const scale = columns / perFrame.length;
  for (let frame = 0; frame < perFrame.length; frame++) {
    const last = Math.max(Math.floor(frame * scale), Math.min(columns, Math.ceil((frame + 1) * scale)) - 1);
    for (let x = Math.floor(frame * scale); x <= last; x++) if (perFrame[frame] > found[x]) found[x] = perFrame[frame];
  }
  return found;
}
