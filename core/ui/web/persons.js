// The persons of a video: who was found, who is picked out, what somebody decides about them. One for the page;
// the instruments of Person Selection follow it. What takes longer is a job, seen in the job bar.

import { open, opened } from "./runs.js";
import { address, read, write } from "./server.js";
import { act, isActive } from "./watch.js";
import { WorkedOn } from "./worked_on.js";

const MINE = new Set(["people", "select_person"]);
const AT_ONCE = 60;

class Persons extends WorkedOn {
  constructor() {
    super("persons");
    /** The video as the server described it, its persons by rank, and those that are picked out. */
    this.video = this.view = this.ask = null;
    this.picked = new Set();
    this.current = null;
    this.strips = new Map();
    /** The persons by rank; and how much each is like a photo, while they are sorted by that. */
    this.ranked = [];
    this.likeness = null;
    this.deciding = false;
    /** Whether something was decided that the records of the runs do not say yet. */
    this.untold = false;
  }

  // --- which video

  get facts() {
    return this.video;
  }

  get isBusy() {
    return this.deciding;
  }

  forgetAll() {
    this.video = this.view = this.ask = null;
    this.likeness = null;
    this.strips.clear();
    this.picked.clear();
    this.current = null;
  }

  /** The other tabs are told what was decided here. */
  left() {
    this.tellRuns();
  }

  learn(facts) {
    this.video = facts;
    this.error = facts.wrong?.error ?? null;
    this.#show(facts.view);
  }

  /** Persons as they are now: who is picked out or looked at stays so. */
  #show(view) {
    const before = this.view;
    this.view = view;
    if (!view) return;
    this.ranked = view.persons;
    this.#sort();
    if (before?.mark !== view.mark || before?.crops !== view.crops) this.strips.clear();
    if (!before) for (const id of remembered(this.at)) this.picked.add(id);
    const there = new Set(view.persons.map(({ id }) => id));
    for (const id of this.picked) if (!there.has(id)) this.picked.delete(id);
    if (!there.has(this.current)) this.current = this.#near(before, there);
    this.#keep();
  }

  /** Who stands where the one who was looked at has stood. */
  #near(before, there) {
    const at = before?.persons.findIndex(({ id }) => id === this.current) ?? -1;
    const after = before?.persons.slice(Math.max(0, at)).find(({ id }) => there.has(id));
    return after?.id ?? this.view.persons[0]?.id ?? null;
  }

  // --- who is looked at and picked out

  /** @param {number} id */
  person = (id) => this.view?.persons.find((one) => one.id === id) ?? null;

  /**
   * Sorts everybody by likeness to a photo, the best one first; null: by rank again.
   * @param {?Map<number, number>} likeness person -> number
   */
  sortBy(likeness) {
    this.likeness = likeness;
    if (!this.view) return;
    this.#sort();
    if (likeness?.size) this.current = this.view.persons[0].id;
    this.tell();
  }

  #sort() {
    const { likeness, ranked } = this;
    if (!likeness) return void (this.view.persons = ranked);
    const alike = ({ id }) => likeness.get(id) ?? -2;
    const told = ranked.map((one) => (likeness.has(one.id) ? { ...one, alike: likeness.get(one.id) } : one));
    this.view.persons = told.sort((a, b) => alike(b) - alike(a) || a.rank - b.rank);
  }

  /** @param {number} id */
  nameOf(id) {
    return this.person(id)?.name || `Person ${id}`;
  }

  /** Those that a decision is about: who is picked out, in the order of rank; else the one that is looked at. */
  get meant() {
    const ids = this.view?.persons.map(({ id }) => id).filter((id) => this.picked.has(id)) ?? [];
    return ids.length ? ids : this.current === null ? [] : [this.current];
  }

  /** @param {number} id */
  lookAt(id) {
    if (id === this.current) return;
    this.current = id;
    this.tell();
  }

  /** Steps so many rows from the one that is looked at; `picking`: all on the way are picked out. */
  step(by, picking = false) {
    const { persons } = this.view ?? { persons: [] };
    if (!persons.length) return;
    const at = persons.findIndex(({ id }) => id === this.current);
    const to = Math.max(0, Math.min(persons.length - 1, at + by));
    if (picking) [at, to].forEach((one) => this.picked.add(persons[Math.max(0, one)].id));
    this.current = persons[to].id;
    this.#keep();
    this.tell();
  }

  /** @param {number} id */
  pick(id, on = !this.picked.has(id)) {
    if (on) this.picked.add(id);
    else this.picked.delete(id);
    this.current = id;
    this.#keep();
    this.tell();
  }

  /** Whether all who are meant have bodies: of faces alone nothing is split, taken away or written. */
  get isMeantByBody() {
    return this.meant.every((id) => !this.person(id).faces_only);
  }

  /** Picks out everybody between the one that is looked at and this one. */
  pickTo(id) {
    const ids = this.view.persons.map((one) => one.id);
    const [from, to] = [ids.indexOf(this.current), ids.indexOf(id)].sort((a, b) => a - b);
    ids.slice(Math.max(0, from), to + 1).forEach((one) => this.picked.add(one));
    this.current = id;
    this.#keep();
    this.tell();
  }

  pickOnly(ids) {
    this.picked = new Set(ids);
    this.#keep();
    this.tell();
  }

  #keep() {
    if (!this.at) return;
    try {
      sessionStorage.setItem(`framesieve.persons.${this.at}`, JSON.stringify([...this.picked]));
    } catch {
      // no storage here
    }
  }

  // --- decisions

  /**
   * Decides something; the server's answer is what is shown. A merge of persons who are seen together is asked for.
   * @param {string} kind
   * @param {Record<string, any>} values
   * @returns {Promise<boolean>} whether it was done
   */
  decide(kind, values = {}) {
    if (!this.view || this.deciding) return Promise.resolve(false);
    this.ask = null;
    return this.#changing(async (video) => {
      const answer = await write(`persons/${video.id}/edit`, { kind, ...values });
      if (answer.ask) {
        this.ask = { sentence: answer.ask, kind, values };
        return false;
      }
      this.#show(answer.view);
      return true;
    });
  }

  /** What was asked for is wanted all the same, or not. */
  answer(yes) {
    const { ask } = this;
    this.ask = null;
    this.tell();
    return yes && ask ? this.decide(ask.kind, { ...ask.values, sure: true }) : false;
  }

  /** Groups again with other thresholds: of several wishes the last one counts. */
  async group(settings) {
    this.wished = settings;
    if (this.deciding || !this.view) return;
    while (this.wished) {
      const wanted = this.wished;
      this.wished = null;
      await this.#changing(async (video) => {
        this.#show((await write(`persons/${video.id}/group`, { settings: wanted })).view);
        return true;
      });
    }
  }

  async #changing(change) {
    const { video, turn } = this;
    this.deciding = true;
    this.changeBegan();
    this.error = null;
    this.tell();
    let done = false;
    try {
      done = await change(video);
    } catch (error) {
      if (turn === this.turn) this.error = error.message;
    }
    this.deciding = false;
    this.changeEnded();
    if (done) {
      this.untold = true;
      this.siblings.postMessage(video.id);
    }
    this.tell();
    return done;
  }

  /** The first one keeps its id: one that has a name, else the lowest number. */
  merge(ids = this.meant) {
    const order = [...ids].sort((a, b) => Number(!this.person(a)?.name) - Number(!this.person(b)?.name) || a - b);
    if (order.length < 2) return Promise.resolve(false);
    return this.decide("merge", { persons: order });
  }

  remove(ids = this.meant) {
    return ids.length ? this.decide("not_a_person", { persons: ids }) : false;
  }

  rename(id, name) {
    return (this.person(id)?.name ?? "") === name.trim() ? false : this.decide("name", { person: id, name });
  }

  undo() {
    return this.view?.undo ? this.decide("undo") : false;
  }

  redo() {
    return this.view?.redo ? this.decide("redo") : false;
  }

  /** Writes the files of those who are meant: a job. */
  async select(how) {
    this.error = null;
    try {
      await act(`persons/${this.video.id}/select`, { persons: this.meant, ...how });
    } catch (error) {
      this.error = error.message;
    }
    this.tell();
  }

  /** The records of the runs learn what was decided; the run that is open is read again. */
  async tellRuns(anyway = false) {
    if (!(this.untold || anyway) || !this.view || this.job) return;
    this.untold = false;
    try {
      await write(`persons/${this.video.id}/tell`, {});
      const { run } = this;
      if (run && run.id === opened()?.id) await open(run, { replace: true });
    } catch (error) {
      this.error = error.message;
      this.untold = true;
    }
  }

  // --- pictures

  /**
   * Where a picture of a strip or reel lies.
   * @param {[number, number, string?]} one row of the detections, or of the faces of a run that is named last; frame
   */
  crop = ([row, , face]) => address(face ?? `persons/${this.video.id}/crop/${row}?${this.view.crops}`);

  /** The best crops of these persons, [row, frame]; asked for together, and told when they have come. */
  async want(ids) {
    const missing = ids.filter((id) => !this.strips.has(id));
    if (!missing.length) return;
    const { video, turn, strips } = this;
    missing.forEach((id) => strips.set(id, []));
    for (let at = 0; at < missing.length; at += AT_ONCE) {
      const part = missing.slice(at, at + AT_ONCE);
      try {
        const found = await write(`persons/${video.id}/strips`, { persons: part });
        if (turn !== this.turn) return;
        part.forEach((id) => strips.set(id, found[id] ?? []));
      } catch {
        part.forEach((id) => strips.delete(id)); // grouped anew meanwhile: they are asked for again
      }
      this.tell();
    }
  }

  /** Crops of a person from first to last frame. */
  reel(id) {
    return read(`persons/${this.video.id}/reel/${id}`);
  }

  compare(ids) {
    return write(`persons/${this.video.id}/compare`, { persons: ids });
  }

  // --- the job

  /** A job works on this video, or has ended: then everything is read again. */
  followed(jobs) {
    if (!this.video) return;
    const { path, home, run_id } = this.video;
    const ids = [home, run_id].filter(Boolean);
    const isMine = (job) => MINE.has(job.verb) && (ids.includes(job.run) || job.video === path);
    const mine = jobs.filter(isMine);
    const was = this.job;
    this.job = mine.find(isActive) ?? null;
    const last = mine.find((job) => !isActive(job));
    const mark = last ? `${last.id}-${last.version}` : "";
    const first = this.ended === null;
    if (mark !== this.ended) {
      this.ended = mark;
      this.failed = last?.state === "failed" && !first ? last : null;
      if (!first) this.untold ||= last?.verb === "people";
      if (!first) return void this.reload();
    }
    if (this.job || was) this.tell();
  }
}

function remembered(key) {
  try {
    const found = JSON.parse(sessionStorage.getItem(`framesieve.persons.${key}`));
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

export const persons = new Persons();
