// A look at a model or a photo, which a child process takes: only the newest one counts, older ones are given up.

import { read, write } from "./server.js";
import { isActive } from "./watch.js";

const POLL_MS = 150;

export class Look {
  constructor() {
    this.turn = 0;
    this.id = null;
  }

  /** Gives up what goes on, and returns the number of the turn that begins. */
  begin() {
    if (this.id) write(`source/faces/looks/${this.id}/cancel`, {}).catch(() => null);
    this.id = null;
    return ++this.turn;
  }

  isNewest(turn) {
    return turn === this.turn;
  }

  /** Waits for the end of a look and returns its result; of one that was overtaken, nothing. */
  async wait(id, turn) {
    this.id = id;
    for (;;) {
      const state = await read(`source/faces/looks/${id}`);
      if (turn !== this.turn) return {};
      if (state.state === "done") return state.result;
      if (!isActive(state)) throw new Error(state.error ?? "this was broken off; try again.");
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }
}

/** The path of "photo.jpg#2". */
export const nameOf = (text) => text.replace(/#\d{1,3}$/, "");
export const baseOf = (path) => path.split(/[\\/]/).pop();
