// The people of the open run: who was found, and what is asked for about them. What takes longer is a job, seen in the
// job bar; the run is read again when it has ended. One for the page; instruments follow it.

import { h } from "./dom.js";
import { openRun } from "./open_run.js";
import { open as openLine } from "./runs.js";
import { read, write } from "./server.js";
import { act, isActive, known, onJobs } from "./watch.js";

class People {
  constructor() {
    this.followers = new Set();
    this.found = this.run = this.job = this.ended = this.error = null;
    this.past = [];
    this.starting = false;
    this.catchingUp = this.round = 0;
    openRun.follow({ opened: () => this.#open(openRun.run) });
    onJobs((jobs) => this.#followed(jobs));
  }

  /** Calls `follow()` whenever something of the people is known anew. */
  follow(follower) {
    this.followers.add(follower);
    follower();
  }

  #tell() {
    for (const follower of this.followers) follower();
  }

  async #open(run) {
    if (run.id !== this.run?.id) {
      this.found = this.ended = this.error = this.field = this.job = null;
      this.past = [];
    }
    this.run = run;
    this.#tell();
    this.#followed(known());
    await this.#read();
  }

  // --- what is known

  /** Whether what went wrong is the face model's fault: then it is said where that is named. */
  get isOfModel() {
    return Boolean(this.error) && this.field === "face_model" && !this.found?.model;
  }

  /** A job works on the faces, or what it left was not read yet: nothing can be started now. */
  get isBusy() {
    return this.starting || this.job !== null || this.catchingUp > 0;
  }

  /** Whether there is somebody that all faces are compared with. */
  get isCompared() {
    return Boolean(this.found?.references?.length);
  }

  /** Up to which distance a face counts as the one that is looked for. */
  get farthest() {
    return openRun.choices?.filters.max?.face_distance ?? this.found?.offers.max_distance ?? null;
  }

  /** Name of a person, as people say it; of two with one name each has its number too. */
  nameOf(id) {
    return this.partsOf(id).join(" ");
  }

  /** The name in one or two parts: what may be cut where room is short, and the number that must not be. */
  partsOf(id) {
    const names = this.found?.names ?? {};
    const name = names[id] ?? this.found?.people?.find((person) => person.id === id)?.name;
    if (!name) return ["Person", String(id)];
    const known = new Map(Object.entries(names).map(([other, given]) => [Number(other), given]));
    for (const person of this.found.people ?? []) known.set(person.id, person.name);
    const same = [...known.values()].filter((given) => given === name).length;
    return same > 1 ? [name, String(id)] : [name];
  }

  /** What faces are compared with, as people say it: "person:1", "face:17" or the path of a photo. */
  spoken(label) {
    const [kind, id] = label.split(":");
    if (kind === "person" && /^\d+$/.test(id)) return this.nameOf(Number(id));
    const frame = this.found.frame_of[id];
    if (kind === "face" && /^\d+$/.test(id)) return frame === undefined ? "one face" : `a face of frame ${frame}`;
    return label.split(/[\\/]/).at(-1);
  }

  // --- what is done

  /** Finds who is who; `model` reads the faces where they were not read yet. */
  find(model, distance) {
    if (this.isBusy || !this.found) return undefined;
    const person_distance = distance ?? this.found.offers.grouping.person_distance.default;
    const values = { people: { person_distance } };
    if (!this.found.model && model) values.settings = { face_model: model };
    return this.#start(values);
  }

  /** Compares all faces with these: "person:1", "face:17", or none. */
  lookFor(labels, undoable = true) {
    if (this.isBusy || !this.found) return undefined;
    const before = this.found.references;
    const { choices } = openRun;
    if (!labels.length) this.bound(null);
    else if (choices.filters.min?.face_distance !== undefined) choices.bound("min", "face_distance", null, true);
    if (undoable) this.past.push({ text: "search", undo: () => this.lookFor(before, false) });
    return this.#start({ settings: { face_refs: labels } });
  }

  async name(id, name, undoable = true) {
    const before = this.found.people.find((person) => person.id === id)?.name ?? "";
    if (name.trim() === before) return;
    await this.#try(async () => {
      await write(`runs/${this.run.id}/people/${id}/name`, { name });
      if (undoable) this.past.push({ text: "name", undo: () => this.name(id, before, false) });
    });
    await this.#read();
  }

  /** Only frames that show this person too, and those are listed; the same once more takes it back. */
  filterBy(id) {
    const { choices, listing } = openRun;
    const now = new Set(choices.filters.person_ids ?? []);
    if (!now.delete(id)) now.add(id);
    if (now.size && listing.view === "all") openRun.setView("kept");
    choices.apply({ person_ids: now.size ? [...now].sort((a, b) => a - b) : null });
  }

  /** Only frames with a face up to this distance from the one that is looked for; null: any. */
  bound(value) {
    const { choices } = openRun;
    if ((choices.filters.max?.face_distance ?? null) !== value) choices.bound("max", "face_distance", value, true);
  }

  async undo() {
    if (this.isBusy) return;
    await this.past.pop()?.undo();
    this.#tell();
  }

  // --- asking the server

  async #start(values) {
    this.starting = true; // until the job is known here: a second click starts no second one
    this.#tell();
    await this.#try(() => act(`runs/${this.run.id}/people`, values));
    this.starting = false;
    this.#tell();
  }

  async #try(job) {
    this.error = this.field = null;
    try {
      await job();
    } catch (error) {
      [this.error, this.field] = [error.message, error.field];
    }
    this.#tell();
  }

  async #read() {
    const round = ++this.round; // of two readings the later one counts, whichever is answered first
    try {
      const found = await read(`runs/${this.run.id}/people`);
      if (round !== this.round) return;
      this.found = found;
    } catch (error) {
      if (round === this.round) this.error = error.message;
    }
    this.#tell();
  }

  /** A job about the faces of this run goes on, or has ended: then everything is read again. */
  #followed(jobs) {
    if (!this.run) return;
    const mine = jobs.filter((job) => job.verb === "faces" && job.run === this.run.id);
    const [last] = mine.filter((job) => !isActive(job));
    const was = this.job;
    this.job = mine.find(isActive) ?? null;
    const mark = last && `${last.id}-${last.version}`;
    if (mark && mark !== this.ended) {
      this.ended = mark;
      if (was && last.state === "failed") [this.error, this.field] = [last.error, last.error_field];
      this.#catchUp();
    } else if (this.job || was) this.#tell();
  }

  async #catchUp() {
    this.catchingUp++;
    this.#tell();
    const again = openLine(this.run).catch((error) => openRun.notice(error.message));
    await Promise.all([again, this.#read()]);
    this.catchingUp--;
    this.#tell();
  }
}

export const people = new People();

/** The words for one face: who, in parts and as one, how far from the one that is looked for, how sure. */
export function aboutFace(face) {
  const parts = face.person === null ? ["single"] : people.partsOf(face.person);
  const distance = face.distance === null ? null : face.distance.toFixed(2);
  return { parts, who: parts.join(" "), distance, sure: `${Math.round(100 * face.confidence)} %` };
}

/**
 * A name of which only the first part is cut where room is short.
 * @param {string[]} parts as of `partsOf`
 */
export const shownName = ([name, number]) =>
  h("span.named", {}, h("span.who", {}, name), number !== undefined && h("span.num", {}, number));
