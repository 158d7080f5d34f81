// What a tab works on: the video of the run or one that is named, opened by the address, read anew when a job or other
// window changed it, and followed by the instruments of the tab.

import { go, onPlace, place } from "./address.js";
import { onRun } from "./runs.js";
import { read, write } from "./server.js";
import { known, onJobs } from "./watch.js";

/** A subclass says what it holds: `facts`, `isBusy`, `forgetAll`, `learn`, `followed`. */
export class WorkedOn {
  /** @param {string} tab its name in the address, in routes and between windows */
  constructor(tab) {
    this.tab = tab;
    this.followers = new Set();
    /** The run of the page, the job that works here, the job that failed, and what is wrong. */
    this.run = this.job = this.failed = this.error = null;
    this.opening = false;
    this.ended = null;
    this.started = false;
    /** Whoever waits for an answer of an earlier one drops it. */
    this.turn = {};
    /** So does whoever read before something was read or changed once more; and the reading that counts. */
    this.round = 0;
    this.reading = null;
    /** Whether something was to be read while a change was on its way. */
    this.late = false;
    this.siblings = new BroadcastChannel(`framesieve.${tab}`);
  }

  /** Calls `follow()` now and whenever something is known anew. */
  follow(follower) {
    this.followers.add(follower);
    follower();
    if (!this.started) this.watch();
  }

  watch() {
    this.started = true;
    onRun((run) => {
      const other = run?.id !== this.run?.id;
      this.run = run;
      if (other) this.seek();
    });
    onPlace(({ tab }) => (tab === this.tab ? this.seek() : this.left()));
    onJobs((jobs) => this.followed(jobs));
    this.siblings.addEventListener("message", ({ data }) => data === this.facts?.id && this.reload());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.reload());
  }

  tell() {
    for (const follower of this.followers) follower();
  }

  /** Opens what the address names: a video or folder by its path, else the video of the run. */
  seek() {
    const here = place();
    if (here.tab !== this.tab) return;
    const named = here[this.tab].video;
    const at = named ?? this.run?.id ?? null;
    if (at === this.at) return;
    this.at = at;
    this.begin(named ? { path: named } : this.run ? { run: this.run.id } : null);
  }

  /** Takes a video or a folder by its path; empty: the video of the run. */
  choose(path) {
    go({ [this.tab]: { video: path || null } });
    this.seek();
  }

  /** @param {?{ path?: string, run?: string }} what */
  async begin(what) {
    const turn = (this.turn = {});
    this.forgetAll();
    this.error = this.ended = this.job = this.failed = this.reading = null;
    this.late = false;
    this.opening = Boolean(what);
    this.tell();
    if (!what) return;
    try {
      const facts = await write(`${this.tab}/open`, what);
      if (turn === this.turn) this.learn(facts);
    } catch (error) {
      if (turn === this.turn) this.error = error.message;
    }
    if (turn !== this.turn) return;
    this.opening = false;
    this.begun();
    this.followed(known());
    this.tell();
  }

  /**
   * Reads everything anew: a job or another window changed it. Ends when it is known, by a later reading too.
   * @returns {Promise<void>}
   */
  reload() {
    if (!this.facts) return Promise.resolve();
    this.late = this.isBusy;
    return this.late ? Promise.resolve() : (this.reading = this.#read(++this.round));
  }

  async #read(round) {
    const { facts, turn } = this;
    const isOld = () => turn !== this.turn || round !== this.round;
    try {
      const found = await read(`${this.tab}/${facts.id}`);
      if (isOld()) return this.reading;
      this.learn(found);
    } catch (error) {
      if (isOld()) return this.reading;
      if (error.code === "forgotten")
        return void this.begin(facts.run_id ? { run: facts.run_id } : { path: facts.path });
      this.error = error.message;
    }
    this.reading = null;
    this.tell();
    return undefined;
  }

  /** Something is changed on the server now: what is being read is older than the answer. */
  changeBegan() {
    this.late ||= this.reading !== null;
    this.reading = null;
    this.round += 1;
  }

  /** What was to be read meanwhile is read. */
  changeEnded() {
    if (this.late) this.reload();
  }

  // --- of each tab

  /** What is worked on as the server described it. @returns {any} */
  get facts() {
    return null;
  }

  /** Whether something is on its way to the server. */
  get isBusy() {
    return false;
  }

  forgetAll() {}

  /** @param {any} facts as the server describes them */
  learn(facts) {
    void facts;
  }

  /** What was asked for is open, or cannot be. */
  begun() {}

  /** Another tab is looked at. */
  left() {}

  /** @param {any[]} jobs all that are known */
  followed(jobs) {
    void jobs;
  }
}
