// The player: a film with its buttons, a line that says which video and frame it shows, and what stands over the film.

import { clock, count, fill, h, icon, oncePerFrame, sentence } from "../dom.js";
import { speaker } from "../says.js";
import { Film, SPEEDS } from "./film.js";

const FLASH_MS = 2200;

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  return new Player(element, props, speaker(element, trigger, ["failed"]));
}

class Player {
  constructor(element, props, tell) {
    this.tell = tell;
    this.film = new Film({
      shown: (frame) => this.#shown(frame),
      changed: () => this.#bar(),
      failed: (why) => tell("failed", why),
    });
    this.overlayOn = true;
    this.isHeld = false;
    this.painter = null;
    this.repaint = oncePerFrame(() => this.#paint());
    this.#build(element, props.overlay);
    this.message();
    this.#bar();
  }

  #build(element, overlay) {
    const does = (label, name, onclick) => h("button.ibtn", { "aria-label": label, title: label, onclick }, icon(name));
    const speeds = SPEEDS.map((speed) => h("option", { value: speed }, `${speed}x`));
    this.playButton = h("button.ibtn", { onclick: () => this.toggle() });
    this.speedBox = h("select.ctl.speed", { "aria-label": "Speed" }, speeds);
    this.speedBox.addEventListener("change", () => {
      this.setSpeed(Number(this.speedBox.value));
      this.speedBox.blur();
    });
    this.name = h("b.film-name");
    this.where = h("span.num.where");
    this.said = h("span.sub.num.boxes-note");
    const switches = { "aria-pressed": "true", onclick: () => this.toggleOverlay() };
    this.overlayButton = h("button.btn", switches, overlay, h("kbd", {}, "O"));
    this.text = h("div.message");
    this.keys = h("div.keys-over", { hidden: true });
    this.over = h("div.flash", { role: "status", "aria-live": "polite" });
    this.film.element.append(this.text, this.keys, this.over);
    this.film.element.addEventListener("pointerdown", () => this.focus());
    this.film.box.addEventListener("click", () => this.frames && this.toggle());
    fill(
      element,
      h(
        "div.player-in",
        {},
        h(
          "div.bar-top",
          {},
          does("Previous frame (Left)", "prev", () => this.step(-1)),
          this.playButton,
          does("Next frame (Right)", "next", () => this.step(1)),
          this.speedBox,
          h("p.showing", {}, this.name, this.where),
          this.said,
          this.overlayButton,
        ),
        this.film.element,
      ),
    );
  }

  get frame() {
    return this.film.frame;
  }

  /** The frame that it is on its way to, else the shown one. */
  get aim() {
    return this.film.target >= 0 ? this.film.target : this.film.frame;
  }

  get frames() {
    return this.film.frames;
  }

  get playing() {
    return this.film.playing;
  }

  /** Whether it waits for something, though a person wants it to play. */
  get held() {
    return this.isHeld;
  }

  set held(held) {
    this.isHeld = held;
    this.#bar();
  }

  /** @param {{media: string, seconds: Float64Array, starts: number, size: number[], name: string}} what */
  open({ media, seconds, starts, size, name }, frame = 0) {
    this.call(name);
    this.message();
    this.film.open(media, seconds, starts, size, frame);
    this.#bar();
  }

  /** Names what is shown, or waited for. */
  call(name) {
    this.name.textContent = this.name.title = name;
  }

  close() {
    this.isHeld = false;
    this.call("");
    this.film.close();
    this.note("");
    this.#bar();
  }

  /** Plays or pauses, unless who listens does that itself. */
  toggle() {
    if (this.tell("toggle")) this.film.toggle();
  }

  /** Plays or pauses, nobody is asked. */
  play() {
    this.film.toggle();
  }

  pause() {
    this.film.pause();
  }

  step(by) {
    this.film.step(by);
  }

  goTo(frame) {
    this.film.goTo(frame);
  }

  setSpeed(speed) {
    this.film.setSpeed(speed);
  }

  faster(by) {
    this.film.faster(by);
  }

  /** The rate at which it really plays. */
  get rate() {
    return this.film.video.playbackRate;
  }

  set rate(rate) {
    if (Math.abs(this.rate - rate) > 0.02) this.film.video.playbackRate = rate;
  }

  focus() {
    this.film.element.focus({ preventScroll: true });
  }

  /** `painter(film, on)` paints over each frame, in the task in which its picture is drawn. */
  paintWith(painter) {
    this.painter = painter;
  }

  toggleOverlay() {
    this.overlayOn = !this.overlayOn;
    this.overlayButton.setAttribute("aria-pressed", String(this.overlayOn));
    this.repaint();
    this.tell("overlay", this.overlayOn);
  }

  note(text) {
    if (this.said.textContent !== text) this.said.textContent = this.said.title = text;
  }

  /** What stands in place of the picture; nothing brings it back. */
  message(...nodes) {
    fill(this.text, ...nodes);
    this.text.hidden = nodes.length === 0;
    this.film.box.hidden = nodes.length > 0;
  }

  /** A sentence over the picture, for a moment. */
  flash(text, wrong = false) {
    clearTimeout(this.timer);
    fill(this.over, wrong && icon("warn"), h("span", {}, wrong ? sentence(text) : text));
    this.over.classList.toggle("wrong", wrong);
    this.over.classList.add("on");
    this.timer = setTimeout(() => this.over.classList.remove("on"), wrong ? 3 * FLASH_MS : FLASH_MS);
  }

  /** Shows or hides keys over the video: [[keys, what they do], ...]. */
  help(keys) {
    this.keys.hidden = !this.keys.hidden;
    fill(
      this.keys,
      h(
        "dl",
        {},
        keys.map(([names, what]) => [h("dt", {}, names), h("dd", {}, what)]),
      ),
    );
  }

  #shown(frame) {
    this.#paint();
    this.#bar();
    this.tell("frame", frame);
  }

  #paint() {
    const { pen, overlay, frame } = this.film;
    if (this.painter && frame >= 0) this.painter(this.film, this.overlayOn);
    else pen.clearRect(0, 0, overlay.width, overlay.height);
  }

  #bar() {
    const { film } = this;
    const plays = film.playing || this.isHeld;
    const label = plays ? "Pause (Space)" : "Play (Space)";
    if (this.label !== label) {
      this.label = label;
      fill(this.playButton, icon(plays ? "pause" : "play"));
      this.playButton.title = label;
      this.playButton.setAttribute("aria-label", label);
    }
    this.speedBox.value = String(film.speed);
    const at = film.frame >= 0 && film.frames > 0;
    this.where.textContent = at ? `frame ${count(film.frame)} of ${count(film.frames)}, ${clock(film.clock)}` : "";
  }
}
