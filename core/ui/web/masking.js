// The shots of a video and what is said of their subjects. One for the page; the instruments of Subject Masking follow
// it. What takes longer than a click is a job, seen in the job bar.

import { Prompts } from "./prompts.js";
import { open, opened } from "./runs.js";
import { address, read, write } from "./server.js";
import { act, isActive } from "./watch.js";
import { WorkedOn } from "./worked_on.js";

const MINE = new Set(["mask", "shots"]);
const PREVIEW_MS = 60;
const NOT_SAVED = "framesieve.masking.drafts";

class Masking extends WorkedOn {
  constructor() {
    super("masking");
    /** What is worked on as the server described it, and what is wrong with what was said last. */
    this.subject = this.wrong = null;
    this.saving = this.seeding = false;
    /** Whether a job has ended and what it left is being read. */
    this.catchingUp = false;
    /** Where the last export went. */
    this.written = null;
    /** The shot that is edited, by its key; null: the board is seen. */
    this.key = null;
    /** The ordinal that is shown of it. */
    this.frame = 0;
    this.object = 1;
    /** Whether the left button excludes. */
    this.excludes = false;
    /** What is said of shots and not saved, and details of shots, by their keys. @type {Map<string, Prompts>} */
    this.drafts = new Map();
    this.details = new Map();
    /** The mask of the last click: { key, frame, said, overlay, ... }. */
    this.preview = null;
    this.looking = false;
    this.order = "time";
    this.among = null;
    /** What answers clicks, as the controls say it; null: it cannot run. */
    this.masker = null;
  }

  watch() {
    super.watch();
    addEventListener("pagehide", () => this.#keepDrafts());
  }

  // --- what is worked on

  get facts() {
    return this.subject;
  }

  get isBusy() {
    return this.saving;
  }

  forgetAll() {
    this.#keepDrafts();
    this.subject = this.wrong = this.preview = null;
    this.key = this.among = null;
    this.details.clear();
    this.drafts.clear();
  }

  begun() {
    this.#bringDrafts();
  }

  learn(facts) {
    const before = this.subject;
    this.subject = facts;
    this.error = facts.wrong?.error ?? null;
    if (before?.mark !== facts.mark) this.details.clear();
    if (this.key && !this.shot())
      this.key = null; // its cut was taken away
    else if (this.key) this.detail();
  }

  // --- shots

  get shots() {
    return this.subject?.shots ?? [];
  }

  /** @param {?string} key */
  shot = (key = this.key) => this.shots.find((one) => one.key === key) ?? null;

  /** Its number; of a segment, that of the segment, with that of the shot where it has several. */
  nameOf({ home, number }) {
    const { segments, number: segment } = this.subject.homes[home];
    if (!segments) return String(number);
    const alone = this.shots.filter((one) => one.home === home).length === 1;
    return alone ? String(segment) : `${segment}.${number}`;
  }

  /** Those that the board shows, in its order. */
  get listed() {
    const some = this.shots.filter(({ state }) => this.among === null || state === this.among);
    return this.order === "time" ? some : [...some].sort((a, b) => a.place - b.place);
  }

  /** How many shots are in each state. */
  get counts() {
    const found = { empty: 0, points: 0, mask: 0, propagated: 0, doubtful: 0 };
    for (const { state } of this.shots) found[state] += 1;
    return found;
  }

  get annotated() {
    return this.shots.filter(({ state }) => state !== "empty").length;
  }

  sortBy(order) {
    this.order = order;
    this.tell();
  }

  showOnly(state) {
    this.among = this.among === state ? null : state;
    this.tell();
  }

  /** Opens the canvas on a shot, on its prompt frame or another one. */
  edit(key, frame = null) {
    const shot = this.shot(key);
    if (!shot) return;
    this.key = key;
    this.frame = frame ?? shot.shown;
    this.object = 1;
    this.preview = this.wrong = null;
    this.tell();
    this.detail();
    this.look();
  }

  /** Another masker answers clicks from now on; null: none can. */
  take(masker) {
    this.masker = masker;
    this.tell();
    if (this.key) this.look();
  }

  /** Says what is wrong, on the board or under the canvas. */
  blame(error, code = null) {
    this.wrong = { error, code };
    this.tell();
  }

  /** Back to the board. */
  close() {
    this.key = null;
    this.preview = this.wrong = null;
    this.tell();
  }

  /** So many shots on, in the order of the board. */
  step(by) {
    const list = this.listed.length ? this.listed : this.shots;
    const at = list.findIndex(({ key }) => key === this.key);
    const to = list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + by))];
    if (to && to.key !== this.key) this.edit(to.key);
  }

  /** What is to be looked at next: the worst doubtful shot, else one after this without points. */
  next() {
    const doubtful = this.shots.filter(({ state, key }) => state === "doubtful" && key !== this.key);
    const worst = doubtful.sort((a, b) => a.place - b.place)[0];
    const to = worst ?? this.#empty();
    if (to) this.edit(to.key);
    return Boolean(to);
  }

  /** The next shot without points after the one that is edited, from the first one again at the end. */
  #empty() {
    const at = this.shots.findIndex(({ key }) => key === this.key);
    const order = [...this.shots.slice(at + 1), ...this.shots.slice(0, Math.max(0, at))];
    return order.find(({ key, state }) => state === "empty" && !this.isChanged(key)) ?? null;
  }

  /** @param {number} frame ordinal of the shot that is edited */
  goTo(frame) {
    const shot = this.shot();
    if (!shot) return;
    const to = Math.max(shot.start, Math.min(shot.end - 1, Math.round(frame)));
    if (to === this.frame) return;
    this.frame = to;
    this.preview = null;
    this.tell();
    this.look();
  }

  // --- what is said of a shot

  /** What is said of the shot that is edited: as saved, or as it was changed since. */
  get prompts() {
    const shot = this.shot();
    return this.drafts.get(this.key) ?? new Prompts(shot?.prompts, shot?.revision);
  }

  /** Whether something is said of a shot that is not saved. */
  isChanged(key = this.key) {
    const draft = this.drafts.get(key);
    return Boolean(draft) && !same(draft.told(), this.shot(key)?.prompts ?? []);
  }

  /** Shots of which something is not saved. */
  get unsaved() {
    return this.shots.filter(({ key }) => this.isChanged(key)).length;
  }

  #change(change) {
    if (!this.shot()) return;
    const prompts = this.prompts;
    if (change(prompts) === false) return;
    this.drafts.set(this.key, prompts);
    this.wrong = null;
    this.tell();
    this.look();
  }

  point(x, y, label) {
    this.#change((prompts) => prompts.point(this.object, this.frame, x, y, label));
  }

  box(box) {
    this.#change((prompts) => prompts.box(this.object, this.frame, box));
  }

  undo() {
    this.#change((prompts) => prompts.undo());
  }

  redo() {
    this.#change((prompts) => prompts.redo());
  }

  reset() {
    this.#change((prompts) => prompts.reset(this.frame));
  }

  chooseObject(object) {
    this.object = object;
    this.tell();
  }

  chooseKind(excludes) {
    this.excludes = excludes;
    this.tell();
  }

  /** The mask of what is said on this frame, from the child that holds the picture. */
  look() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#look(), PREVIEW_MS);
  }

  async #look() {
    const [key, shot, frame] = [this.key, this.shot(), this.frame];
    if (!shot || !this.masker) return;
    const prompts = this.prompts.at(frame);
    const said = JSON.stringify([key, frame, prompts, this.masker]);
    if (this.preview?.said === said) return;
    if (!prompts.length) this.preview = null;
    this.asked = said;
    this.looking = prompts.length > 0;
    this.tell();
    try {
      const found = await write(`masking/${shot.home}/preview`, { frame, prompts, masker: this.masker });
      if (this.asked !== said) return;
      this.preview = prompts.length ? { key, frame, said, ...found } : null;
      this.wrong = found.notice ? { error: found.notice, code: found.code } : null;
    } catch (error) {
      if (this.asked !== said) return;
      this.preview = null;
      this.wrong = { error: error.message, code: error.code, field: error.field };
    }
    this.looking = false;
    this.tell();
  }

  /** Keeps what is said, at once; `next`: goes on to the next shot that has none. */
  async save({ next = true, force = false } = {}) {
    const [key, shot] = [this.key, this.shot()];
    if (!shot || this.saving) return false;
    const prompts = this.prompts.told();
    if (!prompts.length && !shot.prompts.length) {
      this.wrong = { error: "place a point on the subject first, or drag a box around it.", code: "no_points" };
      this.tell();
      return false;
    }
    const done = await this.#changing(shot, "save", {
      start: shot.start,
      prompts,
      prompt_frame: prompts[0]?.frame ?? shot.prompt_frame,
      force,
    });
    if (!done) return false;
    this.drafts.delete(key);
    this.#keepDrafts();
    const isBad = this.preview?.key === key && this.preview.notice; // what was saved gives no mask: it stays in view
    if (next && !isBad && this.key === key && !this.#goOn()) this.close();
    else this.tell();
    return true;
  }

  #goOn() {
    const to = this.#empty();
    if (to) this.edit(to.key);
    return Boolean(to);
  }

  /** What was changed here is dropped: what is saved is shown. */
  drop() {
    this.drafts.delete(this.key);
    this.wrong = null;
    return this.reload();
  }

  /** Takes away everything that is said of the shot. */
  async forget() {
    const shot = this.shot();
    if (!shot) return;
    if (await this.#changing(shot, "save", { start: shot.start, prompts: [], prompt_frame: shot.start })) {
      this.drafts.delete(shot.key);
      this.look();
      this.tell();
    }
  }

  /** A cut before the frame that is shown; `remove`: the one where the shot begins is taken away. */
  async cut(remove = false) {
    const [shot, frame] = [this.shot(), this.frame];
    if (!shot) return;
    const ordinal = remove ? shot.start : frame;
    if (!(await this.#changing(shot, "cut", { ordinal, remove }))) return;
    const there = this.shots.find((one) => one.home === shot.home && one.start <= frame && frame < one.end);
    if (there) this.edit(there.key, frame);
  }

  /** Points from what is known already, for the shot that is edited or for all that have none. */
  async seed(wanted) {
    const shot = this.shot();
    const values = { ...wanted, masker: this.masker };
    this.wrong = null;
    this.seeding = true;
    this.tell();
    try {
      if (shot) {
        const found = await write(`masking/${shot.home}/seed`, { ...values, start: shot.start });
        if (this.key === shot.key) {
          this.frame = found.prompts[0]?.frame ?? this.frame;
          this.#change((prompts) => prompts.replace(found.prompts));
        }
      } else await act(`masking/${this.subject.id}/seed-all`, values);
    } catch (error) {
      this.wrong = { error: error.message, code: error.code, field: error.field };
    }
    this.seeding = false;
    this.tell();
  }

  async #changing(shot, what, values) {
    const { turn } = this;
    this.saving = true;
    this.changeBegan();
    this.error = null;
    this.tell();
    let done = false;
    try {
      const { since = shot.revision } = this.drafts.get(shot.key) ?? {};
      const known = { revision: since, subject: this.subject.id };
      const facts = await write(`masking/${shot.home}/${what}`, { ...known, ...values });
      if (facts.conflict) throw Object.assign(new Error(facts.error), { code: facts.code });
      if (turn === this.turn) this.learn(facts);
      done = true;
    } catch (error) {
      if (turn === this.turn) this.wrong = { error: error.message, code: error.code, field: error.field };
    }
    this.saving = false;
    this.changeEnded();
    if (done) this.siblings.postMessage(this.subject.id);
    this.tell();
    return done;
  }

  /** How long a frame takes with the masker of now, seconds; null: not known yet. Asked for once, told when known. */
  get secondsPerFrame() {
    const home = this.shots[0]?.home;
    const key = JSON.stringify([home, this.masker]);
    if (!home || !this.masker || this.job) return this.pace?.key === key ? this.pace.seconds : null;
    if (this.pace?.key !== key) {
      this.pace = { key, seconds: null };
      this.#measure(home, key);
    }
    return this.pace.seconds;
  }

  async #measure(home, key) {
    try {
      const { seconds_per_frame: seconds } = await write(`masking/${home}/estimate`, { masker: this.masker });
      if (this.pace.key !== key) return;
      this.pace.seconds = seconds;
      this.tell();
    } catch {
      // what is wrong with the masker is said when it is used
    }
  }

  // --- pictures

  /** Address of a frame at source size. */
  picture(home, frame) {
    return address(`masking/${home}/frame/${frame}`);
  }

  /** Address of the written masks of a frame as a coloured picture; null where there are none. */
  overlay(frame) {
    const shot = this.shot();
    const stamp = shot && this.details.get(shot.key)?.stamp;
    return stamp ? address(`masking/${shot.home}/overlay/${frame}?${stamp}`) : null;
  }

  /** The small picture of a shot with its mask. */
  tile(shot) {
    return address(`masking/${shot.home}/tile/${shot.start}?${shot.stamp}`);
  }

  /** What a propagated shot looks like from frame to frame: asked for once, told when it has come. */
  async detail() {
    const shot = this.shot();
    if (!shot || this.details.has(shot.key)) return;
    const { turn } = this;
    this.details.set(shot.key, null);
    try {
      const found = await read(`masking/${shot.home}/shot/${shot.start}`);
      if (turn !== this.turn) return;
      this.details.set(shot.key, found);
    } catch (error) {
      this.details.delete(shot.key);
      this.wrong = { error: error.message, code: error.code };
    }
    this.tell();
  }

  // --- drafts outlive a reload

  #keepDrafts() {
    const { subject } = this;
    if (!subject) return;
    try {
      const changed = [...this.drafts].filter(([key]) => this.isChanged(key));
      const kept = changed.map(([key, prompts]) => [key, prompts.told(), prompts.since]);
      sessionStorage.setItem(`${NOT_SAVED}.${subject.id}`, JSON.stringify(kept));
    } catch {
      // no storage here
    }
  }

  #bringDrafts() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(`${NOT_SAVED}.${this.subject.id}`));
      for (const [key, told, since] of kept) {
        const shot = this.shot(key);
        if (!shot || same(told, shot.prompts)) continue;
        const prompts = new Prompts(shot.prompts, since);
        prompts.replace(told);
        this.drafts.set(key, prompts);
      }
    } catch {
      // nothing was kept
    }
  }

  // --- the job

  /** Starts a job of this subject. */
  async start(what, values) {
    this.wrong = this.failed = null;
    try {
      await act(`masking/${this.subject.id}/${what}`, values);
      return null;
    } catch (error) {
      return error;
    }
  }

  /** A job works here, or has ended: then everything is read again. */
  followed(jobs) {
    if (!this.subject) return;
    const { path, run_id } = this.subject;
    const isIn = (folder) => folder === path || folder.startsWith(`${path}/`); // a segment of it
    const isMine = (job) => MINE.has(job.verb) && (run_id ? job.run === run_id : isIn(job.folder));
    const mine = jobs.filter(isMine);
    const was = this.job;
    this.job = mine.find(isActive) ?? null;
    const last = mine.find((job) => !isActive(job)) ?? null;
    this.written = mine.find((job) => job.state === "done" && job.written)?.written ?? null;
    const mark = last ? `${last.id}-${last.version}` : "";
    const first = this.ended === null;
    if (mark !== this.ended) {
      this.ended = mark;
      this.failed = last && last.state !== "done" && !first ? last : null;
      if (!first) return void this.#jobEnded();
    }
    if (this.job && was && this.job.done !== was.done) this.#reloadSoon();
    if (this.job || was) this.tell();
  }

  async #jobEnded() {
    this.catchingUp = true;
    await this.reload();
    this.catchingUp = false;
    const { run } = this;
    if (run && run.id === opened()?.id && this.subject?.run_id === run.id) await open(run, { replace: true });
  }

  /** While a job goes on, its finished shots come to the board. */
  #reloadSoon() {
    if (this.later) return;
    this.later = setTimeout(() => {
      this.later = null;
      this.reload();
    }, 1000);
  }
}

const listed = (prompts) =>
  prompts.map(({ object, frame, points, labels, box }) => [object, frame, points, labels, box]);
const same = (a, b) => JSON.stringify(listed(a)) === JSON.stringify(listed(b));

export const masking = new Masking();
