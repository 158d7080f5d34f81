// A video that browsers do not play gets a copy with the same frames: the offer, its progress, what came of it. All of
// it stands in place of the picture.

import { counted, h, icon, sentence as asSentence } from "../dom.js";
import { said } from "../jobs.js";
import { act, isActive, known } from "../watch.js";

const FROM_ITSELF = "Saved frames still come from the video itself.";

export class Copies {
  /** `player` shows the sentences; `again()` opens the video once more. */
  constructor(player, again) {
    this.player = player;
    this.again = again;
    this.job = null;
  }

  /** Another video was chosen. */
  forget() {
    this.job = null;
  }

  /** Says why a video is not played, and offers the copy. */
  offer(id, reason, frames = null) {
    const size = frames === null ? "" : ` (${counted(frames, "frame")})`;
    this.player.message(
      h("h2", {}, asSentence(reason)),
      h("p.sub", {}, `A copy with the same frames at the same times can be made${size}. ${FROM_ITSELF}`),
      h("button.btn.primary", { onclick: () => this.#make(id) }, "Make a playable copy"),
    );
  }

  /** Follows the job that makes the copy. */
  jobs(jobs) {
    const job = this.job && jobs.find((one) => one.id === this.job);
    if (!job) return;
    if (isActive(job)) return void this.#progress(job);
    this.job = null;
    if (job.state === "done") return void this.again();
    const sentence = job.error ?? `The copy was ${job.state}.`;
    this.#fail(sentence, h("button.btn", { onclick: () => this.again() }, "Open the video again"));
  }

  /** The copy does not play either. */
  refuse(why) {
    this.#fail(`This browser does not play the copy either (${why}).`);
  }

  async #make(id) {
    try {
      const { job } = await act("review/proxy", { video: id });
      this.job = job;
      this.state = h("p.sub.num", { role: "status" });
      this.inner = h("i");
      const told = { role: "progressbar", "aria-label": "Playable copy", "aria-valuemin": 0, "aria-valuemax": 100 };
      this.bar = h("div.bar", told, this.inner);
      const title = h("h2", {}, "Making a copy that plays");
      this.player.message(title, this.state, this.bar, h("p.sub", {}, `It opens here when it is done. ${FROM_ITSELF}`));
      this.jobs(known());
    } catch (error) {
      this.#fail(error.message);
    }
  }

  #progress(job) {
    const share = job.total ? Math.min(100, (100 * job.done) / job.total) : 0;
    this.state.textContent = said(job);
    this.inner.style.width = `${share}%`;
    this.bar.setAttribute("aria-valuenow", String(Math.round(share)));
  }

  #fail(sentence, button = null) {
    this.player.message(h("p.error", { role: "alert" }, icon("warn"), h("span", {}, asSentence(sentence))), button);
  }
}
