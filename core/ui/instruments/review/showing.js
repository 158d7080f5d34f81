// What of the boxes is shown: over the picture, in the strip, on the chips; and the search for frames by them.

import { counted } from "../dom.js";
import { colourOf, draw } from "../player/drawing.js";
import { nearest } from "./live.js";

export class Showing {
  /** `desk`: the Desk; it has the parts, the boxes and what the controls say. */
  constructor(desk) {
    this.desk = desk;
    /** Boxes that are drawn now, and how many frames old they are (null: none are known). */
    this.seen = [];
    this.age = null;
    /** For benchmarks: called when a picture was drawn. */
    this.after = null;
    desk.player.paintWith((film, on) => this.#overlay(film, on));
  }

  /** Other thresholds, other boxes, other hidden classes. */
  thresholds() {
    const { boxes, wish, chips, player } = this.desk;
    if (!boxes) return;
    const iou = boxes.head.end_to_end ? null : wish.iou;
    Object.assign(boxes, { least: wish.conf, iou, hidden: chips.hidden() });
    player.repaint();
    this.recount();
  }

  /** Counts of the whole video, which follow as soon as they are there. */
  recount() {
    const { boxes, timeline, chips } = this.desk;
    if (!boxes.any) return void timeline.show({});
    const only = chips.chosen();
    boxes.summarize(only, ({ amounts, lowest, classes }) => {
      timeline.show({ boxes: amounts, lowest }, only === null ? "" : boxes.name(only));
      const listed = new Set([...classes.keys(), ...chips.hidden(), ...(only === null ? [] : [only])]);
      const line = (kind) => ({ boxes: 0, frames: 0, ...classes.get(kind), kind, name: boxes.name(kind) });
      const kinds = [...listed].sort((a, b) => a - b).map(line);
      chips.show(kinds.map((one) => ({ ...one, colour: colourOf(one.kind) })));
    });
  }

  /** The next frame that the strip counts, in one direction (1, -1). */
  find(by) {
    const { boxes, player, timeline, chips } = this.desk;
    if (!boxes || player.frame < 0) return;
    const { under } = timeline.wanted();
    const passes = under === null ? ({ amount }) => amount > 0 : ({ lowest }) => lowest < under;
    const only = chips.chosen();
    const frame = boxes.find(player.aim, by, only, passes);
    if (frame !== null) return void this.desk.goTo(frame);
    const kind = only === null ? "boxes" : boxes.name(only);
    const bound = under === null ? "" : ` under ${under}`;
    player.flash(`No ${by > 0 ? "later" : "earlier"} frame with ${kind}${bound}`);
  }

  /** A class was chosen: the next frame that has it, from the beginning where none follows. */
  choose(kind) {
    const { boxes, player } = this.desk;
    if (!boxes) return;
    this.recount();
    if (kind === null || player.frame < 0) return;
    const has = ({ amount }) => amount > 0;
    const frame = boxes.find(player.aim, 1, kind, has) ?? boxes.find(-1, 1, kind, has);
    if (frame !== null) this.desk.goTo(frame);
  }

  /** In the same task as the picture: both reach the screen together. */
  #overlay(film, on) {
    const { boxes, player } = this.desk;
    if (!boxes) return film.pen.clearRect(0, 0, film.overlay.width, film.overlay.height);
    const known = nearest(boxes, film.frame);
    this.age = known === null ? null : film.frame - known;
    this.seen = on && known !== null ? boxes.shown(known) : [];
    film.overlay.classList.toggle("old", this.age > 0);
    draw(film.pen, this.seen, film.scale, (kind) => boxes.name(kind), film.ratio);
    player.note(this.#note(on));
    return this.after?.(film);
  }

  #note(on) {
    if (!on) return "boxes are off";
    if (this.age === null) return "no boxes yet";
    const old = this.age > 0 ? `, ${counted(this.age, "frame")} old` : "";
    return (this.seen.length === 1 ? "1 box" : `${this.seen.length} boxes`) + old;
  }
}

/** What the boxes went through before they were kept. */
export function thinnedBy(head) {
  if (head.end_to_end) return "These weights choose their boxes themselves: overlap has nothing to act on.";
  if (head.origin === "original") {
    return "It is not known how these boxes were thinned: overlap can only take more of them away.";
  }
  return head.nms_iou ? `Boxes that overlap by more than ${head.nms_iou} were left out when they were computed.` : "";
}
