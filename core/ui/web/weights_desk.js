// What desks with weights have in common: the lines beside their controls, weights that are named, checked and
// downloaded, what is wrong with them and the button that mends it.

import { read, write } from "./server.js";
import { act, isActive } from "./watch.js";
import { offeredWeights, rememberWeights } from "./weights.js";

export const UNSAFE = "unsafe_weights";

/** A desk says which text is wanted (`weightsText`), what follows a look at it (`looked`) and trust (`trusted`). */
export class WeightsDesk {
  constructor(props, trigger) {
    this.props = props;
    this.trigger = trigger;
    this.heard = {};
    /** Weights that can be used; or why those that are named cannot; and what the button beside that does. */
    this.good = this.broken = this.mends = null;
    this.trusts = this.ready = false;
    /** What is downloaded: { job, path }. */
    this.fetched = null;
    this.offer = null;
    /** The line that says what is wrong. */
    this.wrong = null;
  }

  /** Waits for the lines, each by its role, and for what the server offers. */
  async join(route) {
    const { lines } = this.props;
    const parts = Object.values(lines).map((id) => window.framesieve.part(id));
    const [offer, ...found] = await Promise.all([read(route), ...parts]);
    Object.keys(lines).forEach((role, i) => (this[role] = found[i]));
    this.offer = offer;
  }

  offered() {
    return { __type__: "update", choices: offeredWeights(this.offer.weights) };
  }

  /** Looks at weights that were named, unless others are wanted meanwhile. */
  async check(text) {
    try {
      const found = await write("review/weights", { text });
      if (this.weightsText() !== text) return;
      this.good = found;
      rememberWeights(found.path);
    } catch (error) {
      if (this.weightsText() !== text) return;
      this.broken = error.message;
      const name = error.answer?.download;
      this.blame(error.message, name && `Download ${name}`, () => this.fetch(name));
    }
    this.looked();
  }

  /** Forgets what was found of weights that are not named any more. */
  forgetWeights() {
    this.good = this.broken = null;
    this.trusts = false;
    this.blame(null);
  }

  async fetch(name) {
    try {
      this.fetched = await act("review/fetch-weights", { name });
      this.blame(null);
    } catch (error) {
      this.blame(error.message);
    }
  }

  /** Follows the job of a download; `arrived` takes what has come. */
  followFetch(jobs) {
    const job = this.fetched && jobs.find(({ id }) => id === this.fetched.job);
    if (!job || isActive(job)) return;
    const { path } = this.fetched;
    this.fetched = null;
    if (job.state === "done") this.arrived(path);
    else if (job.error) this.blame(job.error);
  }

  blame(sentence, button = null, mends = null) {
    this.mends = mends;
    this.wrong.blame(sentence ?? "", button || null);
  }

  /** The button beside what is wrong was pressed. */
  mend() {
    this.mends?.();
  }

  /** The answer to a job that was wanted: weights that may run code are asked about. */
  started(answer) {
    if (answer?.error && answer.code === UNSAFE) this.askForTrust(answer.error);
  }

  askForTrust(sentence) {
    this.blame(sentence, this.offer.unsafe_weights && "I trust them: load them anyway", () => {
      this.trusts = true;
      this.blame(null);
      this.trusted();
    });
  }

  cancelJob(job) {
    if (job) act(`jobs/${job.id}/cancel`).catch((error) => this.blame(error.message));
  }

  /** @returns {string} the weights that are named now */
  weightsText() {
    throw new Error("each desk has weights of its own");
  }

  looked() {}

  trusted() {}

  /** @param {string} path */
  arrived(path) {
    void path;
  }
}
