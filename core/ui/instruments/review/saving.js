// What a save takes along, where it goes, and what follows it; and where the play head is, so that the server's decoder
// is there before the key.

import { write } from "../server.js";

const HEAD_MS = 200;
const AHEAD_S = 0.3;
const RATE = 25; // frames/s where a video states none

export class Saving {
  /** `desk`: the Desk; it has the parts, the boxes and what the controls say. */
  constructor(desk) {
    this.desk = desk;
    /** The folder as the server named it. */
    this.folder = undefined;
    setInterval(() => this.#head(), HEAD_MS);
  }

  /** Saves the frame that is shown. */
  save() {
    const { video, player, boxes, saves, live, wish, detections } = this.desk;
    if (!video || player.frame < 0) return;
    const { frame } = player;
    const shown = boxes?.knows(frame) ? boxes.shown(frame) : [];
    const predictions = shown.map((box) => [box.kind, box.conf, box.x1, box.y1, box.x2, box.y2]);
    const made = { weights: detections.weights, cache: video.cache, live: live.id };
    saves.save(frame, { predictions, ...made, hamming: wish.hamming });
  }

  /** The server answered: the video goes on, if that is wanted. */
  saved({ frame, saved }) {
    const { player, wish } = this.desk;
    const skip = Math.floor(Number(wish.skip)) || 0;
    if (!saved || skip <= 0 || player.frame !== frame) return;
    const plays = player.playing;
    player.goTo(frame + skip);
    if (plays) player.play();
  }

  /** Frames that are saved now: Map frame -> tag. */
  marks(frames) {
    const { timeline, list, video } = this.desk;
    timeline.mark(frames);
    if (video) list.saved(video.id, frames.size);
  }

  /** Another folder for saved frames. */
  async output(text) {
    const { refused, saves } = this.desk;
    try {
      const { folder } = await write("review/output", { folder: text });
      this.folder = folder;
      refused.clear();
      this.desk.accepted("output", text);
      if (this.desk.video) saves.open(this.desk.video, folder);
      this.desk.relist();
    } catch (error) {
      refused.blame(error.message);
    }
  }

  /** The child that infers forgot where the play head is, or never knew. */
  forget() {
    this.told = null;
  }

  #head() {
    const { player, video, live, host, wish } = this.desk;
    if (!video || player.frame < 0 || !host.checkVisibility()) return;
    const ahead = player.playing ? Math.ceil((video.rate ?? RATE) * player.film.speed * AHEAD_S) : 1;
    const playing = player.playing || player.held;
    const now = `${player.frame} ${ahead} ${playing} ${live.id}`;
    if (now === this.told || this.telling) return;
    this.told = now;
    this.telling = true;
    const { frame, rate: speed } = player;
    write(`review/${video.id}/head`, { frame, ahead, playing, speed, live: live.id, exact: Boolean(wish.exact) })
      .catch(() => null)
      .finally(() => (this.telling = false));
  }
}
