// "Wait for the boxes of each frame": a video plays no faster than boxes come, and waits where they are not there yet.

import { readyAhead } from "./live.js";

const RATE = 25; // frames/s where a video states none

export class Pace {
  /** `desk`: the Desk; it has the player and the boxes. `live`: what finds more of them. */
  constructor(desk, live) {
    this.desk = desk;
    this.live = live;
  }

  /** Whether frames wait for their boxes now. */
  get on() {
    const { boxes, wish } = this.desk;
    return Boolean(this.live.on && wish.exact && boxes);
  }

  /** Adapts to how fast boxes come. */
  keep() {
    const { player, boxes, video } = this.desk;
    if (!this.on) {
      if (player.frames) player.rate = player.film.speed;
      if (player.held) this.#release();
      return;
    }
    player.rate = this.live.speed(player.film.speed, video.rate ?? RATE);
    if (player.held && readyAhead(boxes, player.frame)) this.#release();
    else if (player.playing && !readyAhead(boxes, player.frame, 2)) {
      player.pause();
      player.held = true;
    }
  }

  /** Space and the button: a video that waits for boxes counts as playing. `event` is the player's question. */
  toggled(event) {
    const { player, boxes } = this.desk;
    if (player.held) {
      player.held = false;
      return event.preventDefault();
    }
    if (!this.on || player.playing || readyAhead(boxes, player.frame)) return undefined;
    player.held = true;
    return event.preventDefault();
  }

  #release() {
    const { player, video } = this.desk;
    player.held = false;
    if (video && !player.playing) player.play();
  }
}
