// Boxes that are found while the video plays: when that goes on, with which settings, and what comes of it.

import { Live } from "./live.js";
import { Pace } from "./pace.js";

const BESIDE = ["folder", "weights", "live", "exact", "conf", "iou", "output", "hamming", "skip"];
const RECOUNT_MS = 700;

export class Inference {
  /** `desk`: the Desk; it has the parts, the boxes and what the controls say. */
  constructor(desk) {
    this.desk = desk;
    this.live = new Live({
      rows: (rows) => this.#rows(rows),
      state: (state) => this.#state(state),
      complete: () => desk.reload(),
      failed: (why, code) => desk.detections.failed(why, code),
      over: () => desk.detections.inferring(null),
    });
    this.pace = new Pace(desk, this.live);
  }

  /** Begins where there are weights and no boxes of them, if that is wanted; else ends. */
  follow(unsafe = false) {
    const { detections, boxes, wish, video } = this.desk;
    const wanted = video && detections.weights && wish.live && !detections.broken && boxes?.head.origin === null;
    if (!wanted || detections.running) return this.live.stop();
    if (this.live.on && !unsafe) return undefined;
    const { weights, trusts } = detections;
    return this.live.start(video.id, { weights, settings: this.#settings(), unsafe: unsafe || trusts });
  }

  /** How the model runs: what the form says, without what stands beside it. */
  #settings() {
    const pairs = Object.entries(this.desk.wish).filter(([name]) => !BESIDE.includes(name));
    return Object.fromEntries(pairs.filter(([, value]) => value !== null && value !== ""));
  }

  #rows(rows) {
    const { boxes, player, showing } = this.desk;
    if (!boxes || boxes.head.origin !== null) return;
    const here = rows.some((row) => row.f === player.frame);
    for (const row of rows) boxes.add(row);
    if (here || showing.age > 0) player.repaint();
    this.pace.keep();
    this.fresh ??= setTimeout(() => {
      this.fresh = null;
      if (this.desk.boxes) showing.recount();
    }, RECOUNT_MS);
  }

  #state(state) {
    const { boxes } = this.desk;
    const { end_to_end, names } = state;
    if (names.length && boxes && boxes.names.length === 0) {
      boxes.names = names;
      Object.assign(boxes.head, { end_to_end, names, counts: names.map(() => 0) });
      this.desk.named = names;
      this.desk.bounds();
      this.desk.showing.thresholds();
    }
    this.desk.saving.forget(); // the child hears the play head again
    this.desk.detections.inferring(state);
    this.pace.keep();
  }
}
