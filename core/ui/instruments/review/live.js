// Boxes that stream in while the video plays: the server infers ahead of the play head and says how it goes.

import { address, write } from "../server.js";

const NEAR = 90; // frames within which older boxes are still worth drawing
const ENOUGH = 4; // frames that have to be known before a held video goes on
const SPARE = 0.9; // share of the measured speed at which "exact" plays

export class Live {
  /** `does`: { rows(rows), state(state), complete(), failed(sentence, code), over() }. */
  constructor(does) {
    this.does = does;
    this.id = null;
    this.state = null;
  }

  get on() {
    return this.id !== null;
  }

  /** Starts for a video with the chosen weights; an earlier one ends by itself. */
  async start(video, wanted) {
    this.stop();
    const mine = (this.turn = {});
    this.video = video;
    try {
      const { live } = await write(`review/${video}/live`, wanted);
      if (mine !== this.turn) return void write(`review/${video}/live/stop`, {}).catch(() => null);
      this.id = live;
      this.source = new EventSource(address(`review/live/${live}`));
      this.source.addEventListener("error", () => {
        if (mine === this.turn && this.source.readyState === EventSource.CLOSED) this.stop(false);
      });
      this.source.addEventListener("message", (event) => mine === this.turn && this.#take(JSON.parse(event.data)));
    } catch (error) {
      if (mine === this.turn) this.does.failed(error.message, error.code);
    }
  }

  /** Ends it here; `tell`: on the server too. */
  stop(tell = true) {
    this.turn = {};
    this.source?.close();
    if (this.id && tell) write(`review/${this.video}/live/stop`, {}).catch(() => null);
    const was = this.id;
    this.id = this.source = this.state = null;
    if (was) this.does.over();
  }

  #take({ rows, state, over }) {
    if (rows.length) this.does.rows(rows);
    if (over) return this.stop(false);
    if (!state) return;
    this.state = state;
    if (state.error) {
      this.stop(false);
      return this.does.failed(state.error, state.error_code);
    }
    this.does.state(state);
    if (state.cache) {
      this.stop();
      this.does.complete();
    } else if (state.ended) this.stop(false);
  }

  /** How fast "exact" may play: what is inferred per second over what is shown. */
  speed(wanted, rate) {
    const able = ((this.state?.per_second ?? 0) * SPARE) / rate;
    return able > 0 ? Math.max(0.1, Math.min(wanted, able)) : wanted;
  }
}

/** The newest known frame at or before this one, `null` when none is near. */
export function nearest(boxes, frame) {
  for (let back = 0; back < NEAR && frame - back >= 0; back++) if (boxes.knows(frame - back)) return frame - back;
  return null;
}

/** Whether the frames that follow are known, as far as a held or exact video needs them. */
export function readyAhead(boxes, frame, amount = ENOUGH) {
  const last = Math.min(boxes.frames - 1, frame + amount);
  for (let next = frame; next <= last; next++) if (!boxes.knows(next)) return false;
  return true;
}
