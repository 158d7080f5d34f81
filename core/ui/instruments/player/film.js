// Plays a video frame by frame: the picture and its number come from one decoded VideoFrame, times from the ledger.

import { h } from "../dom.js";

const LATE_S = 0.0005; // how much the browser's clock may round below a frame's time
// Seeks go to the middle of a frame's interval, at most this far in. At a variable rate a file may state a shorter
// duration for a frame, and Chromium then shows the next one: so the second try goes to the very beginning.
const INTO_S = [0.02, 0.001, 0.005];
export const SPEEDS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4];

export class Film {
  /** `shown(frame)`: another frame is on the screen; `changed()`: it plays or not; `failed(why)`: it cannot play. */
  constructor({ shown, changed, failed }) {
    this.tell = { shown, changed, failed };
    this.video = h("video", { playsinline: true, preload: "auto" });
    this.video.muted = true;
    this.picture = h("canvas.picture", { "aria-hidden": "true" });
    this.overlay = h("canvas.overlay", { "aria-hidden": "true" });
    this.box = h("div.film", {}, this.video, this.picture, this.overlay);
    this.element = h("div.screen", { tabindex: "-1", role: "group", "aria-label": "Video" }, this.box);
    this.paint = this.picture.getContext("2d", { alpha: false });
    this.pen = this.overlay.getContext("2d");
    this.seconds = new Float64Array(0);
    this.frame = this.target = -1;
    this.seeking = null;
    this.speed = 1;
    this.ask = null;
    for (const name of ["play", "pause", "ratechange"]) this.video.addEventListener(name, () => changed());
    this.video.addEventListener("seeked", () => this.#arrived());
    this.video.addEventListener("loadeddata", () => this.#ready());
    this.video.addEventListener("error", () => {
      if (this.video.error && this.video.getAttribute("src")) failed(this.video.error.message);
    });
    new ResizeObserver(() => this.#fit()).observe(this.element);
    // a video that cannot be seen goes on playing otherwise
    const seen = ([entry]) => entry.isIntersecting || this.element.checkVisibility() || this.video.pause();
    new IntersectionObserver(seen).observe(this.element);
  }

  get frames() {
    return this.seconds.length;
  }

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  /** Seconds of a frame in this video's own time, for people. */
  get clock() {
    return this.frame < 0 ? 0 : this.seconds[this.frame] - this.seconds[0];
  }

  /** Opens a file: `starts` is the ledger's time of what the file shows at 0 s. */
  open(address, seconds, starts, size, frame = 0) {
    this.video.pause();
    this.seconds = seconds;
    this.starts = starts;
    this.size = size;
    this.frame = -1;
    this.seeking = null;
    this.target = Math.min(frame, seconds.length - 1);
    this.video.src = address;
    this.video.load();
    this.#follow();
    this.#busy();
  }

  /** Says to all readers of the page whether another frame is on its way. */
  #busy() {
    const waits = this.frames > 0 && (this.frame < 0 || this.target >= 0 || this.seeking !== null);
    this.element.setAttribute("aria-busy", String(waits));
  }

  close() {
    this.seeking = null;
    this.video.removeAttribute("src");
    this.video.load();
    this.seconds = new Float64Array(0);
    this.frame = this.target = -1;
    this.ask = null;
    this.#busy();
  }

  toggle() {
    if (this.playing) return this.pause();
    if (this.frame >= this.frames - 1) this.goTo(0);
    this.target = -1;
    this.#busy();
    this.video.playbackRate = this.speed;
    this.video.play().catch(() => null);
  }

  pause() {
    this.video.pause();
  }

  setSpeed(speed) {
    this.speed = speed;
    this.video.playbackRate = speed;
    this.tell.changed();
  }

  faster(by) {
    const at = SPEEDS.findLastIndex((speed) => speed <= this.speed);
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + by))]);
  }

  step(by) {
    this.goTo((this.target >= 0 ? this.target : this.frame) + by);
  }

  /** Pauses and shows this frame; while a seek goes on, only the newest wish waits. */
  goTo(frame) {
    if (!this.frames) return;
    this.video.pause();
    this.target = Math.max(0, Math.min(this.frames - 1, frame));
    if (!this.seeking) this.#seek();
    this.#busy();
  }

  #seek() {
    const tries = this.seeking?.frame === this.target ? this.seeking.tries + 1 : 0;
    this.seeking = { frame: this.target, tries };
    this.video.currentTime = this.#inside(this.target, INTO_S[tries]);
  }

  #arrived() {
    const sought = this.seeking;
    if (this.target >= 0 && sought && sought.frame !== this.target) return this.#seek();
    this.#present();
    const missed = sought && this.target >= 0 && this.frame !== this.target;
    if (missed && sought.tries + 1 < INTO_S.length) return this.#seek();
    this.seeking = null;
    this.target = -1;
    this.#busy();
  }

  #ready() {
    this.video.playbackRate = this.speed;
    this.#fit();
    if (this.target > 0) return this.#seek();
    this.target = -1;
    this.#present();
    this.#busy();
  }

  /** A time inside the frame, by the clock of the file. */
  #inside(frame, most) {
    const from = this.seconds[frame];
    const before = frame > 0 ? from - this.seconds[frame - 1] : 0.04;
    const length = frame + 1 < this.frames ? this.seconds[frame + 1] - from : before;
    return from - this.starts + Math.min(length / 2, most);
  }

  /** The frame that is shown at a time of the file. */
  at(time) {
    const wanted = time + this.starts + LATE_S;
    let [low, high] = [0, this.frames - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.seconds[middle] <= wanted) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #follow() {
    const mine = (this.ask = {});
    const next = (_, metadata) => {
      if (this.ask !== mine) return;
      const begins = this.frame < 0 && this.target > 0; // what comes before the frame that was asked for is not shown
      if (!begins) this.#present(metadata.mediaTime);
      this.video.requestVideoFrameCallback?.(next);
    };
    this.video.requestVideoFrameCallback?.(next);
  }

  /** Draws what the decoder shows now, and its number with it: both from one VideoFrame. */
  #present(mediaTime = this.video.currentTime) {
    if (!this.frames) return;
    let time = mediaTime;
    try {
      const shown = new VideoFrame(this.video);
      time = shown.timestamp / 1e6;
      this.paint.drawImage(shown, 0, 0, this.picture.width, this.picture.height);
      shown.close();
    } catch {
      if (this.video.readyState < 2) return;
      this.paint.drawImage(this.video, 0, 0, this.picture.width, this.picture.height);
    }
    this.frame = this.at(time);
    this.drawn = true;
    this.tell.shown(this.frame);
  }

  /** The film is as large as fits; its canvases have the pixels of the screen. */
  #fit() {
    const { videoWidth, videoHeight } = this.video;
    const [width, height] = videoWidth ? [videoWidth, videoHeight] : (this.size ?? [16, 9]);
    const scale = Math.min(this.element.clientWidth / width, this.element.clientHeight / height);
    if (!(scale > 0)) return;
    const [w, tall] = [Math.floor(width * scale), Math.floor(height * scale)];
    this.box.style.width = `${w}px`;
    this.box.style.height = `${tall}px`;
    const ratio = (this.ratio = window.devicePixelRatio || 1);
    const [cw, ch] = [Math.round(w * ratio), Math.round(tall * ratio)];
    for (const canvas of [this.picture, this.overlay]) {
      if (canvas.width === cw && canvas.height === ch) continue;
      canvas.width = cw;
      canvas.height = ch;
    }
    this.#present();
  }

  /** Pixels of the overlay per pixel of the source. */
  get scale() {
    return this.size ? [this.overlay.width / this.size[0], this.overlay.height / this.size[1]] : [1, 1];
  }
}
