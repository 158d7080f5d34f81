// Lengths and posters of the files that are in view: two are asked for at a time, and what is known is not asked again.

import { address, write } from "../server.js";

const AT_ONCE = 2;
const POLL_MS = 120;

const known = new Map();
const keyOf = (file) => `${file.path}\n${file.bytes}\n${file.changed_s}`;

/** What is known of a file by now: `{state, duration_s, poster}`, or nothing. */
export const seen = (file) => known.get(keyOf(file));

export class Looks {
  /** `told(file)` is called when something of a file became known. */
  constructor(told) {
    this.told = told;
    this.wanted = [];
    this.going = 0;
  }

  /** These are in view now: they are looked at in this order, and what was wished before is not. */
  want(files) {
    this.wanted = files.filter((file) => !seen(file));
    this.#more();
  }

  /** Where the picture of a look is. */
  static poster(look) {
    return look?.poster ? address(`files/posters/${look.poster}`) : null;
  }

  #more() {
    while (this.going < AT_ONCE && this.wanted.length) this.#look(this.wanted.shift());
  }

  async #look(file) {
    this.going += 1;
    try {
      for (;;) {
        const look = await write("files/look", { path: file.path });
        if (look.state !== "looking") {
          known.set(keyOf(file), look);
          this.told(file);
          break;
        }
        await new Promise((wake) => setTimeout(wake, POLL_MS));
      }
    } catch {
      known.set(keyOf(file), { state: "failed" }); // it went away: the list says so when it is read again
    }
    this.going -= 1;
    this.#more();
  }
}
