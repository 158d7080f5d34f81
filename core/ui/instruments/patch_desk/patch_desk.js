// Between the native controls of Training Patches, its tables, its sample windows and its job.

import { cuttingOf, checkOf } from "../patches.js";
import { called, onRun } from "../runs.js";
import { write } from "../server.js";
import { act, isActive, onJobs } from "../watch.js";

const TABLES = ["videos", "categories", "formats"];

/** @param {Given} given */
export function mount({ props, trigger }) {
  const desk = new Desk(props, trigger);
  desk.start().catch((error) => console.error(error));
  return desk;
}

class Desk {
  constructor(props, trigger) {
    this.props = props;
    this.trigger = trigger;
    this.run = this.job = this.check = this.form = this.says = null;
    /** The instruments around, by their roles. */
    this.videos = this.flipbook = this.tracker = this.line = null;
  }

  async start() {
    const roles = Object.entries(this.props.parts);
    const parts = await Promise.all(roles.map(([, id]) => window.framesieve.part(id)));
    roles.forEach(([role], i) => (this[role] = parts[i]));
    onRun((run) => {
      this.run = run;
      this.videos.about(run ? `the video of the run ${called(run)}` : "");
    });
    onJobs((jobs) => {
      this.job = cuttingOf(jobs) ?? null;
      this.check = checkOf(jobs) ?? null;
      this.#tell();
    });
    this.#tell();
  }

  // --- what the form is to be told

  cut() {
    return [{ what: "cut", run: this.run?.id ?? null }];
  }

  look() {
    return [{ what: "look", run: this.run?.id ?? null }];
  }

  save() {
    return [{ what: "save", run: this.run?.id ?? null }];
  }

  /** The server's answer: what is wrong with a table stands below its row. */
  answered(answer) {
    this.line.clear();
    this.line.say("");
    if (answer?.error && TABLES.includes(answer.field)) {
      this[answer.field].blame(answer.facts?.row ?? 0, answer.facts?.column, answer.error);
    } else if (answer?.look) {
      this.flipbook.show(answer.look);
    } else if (answer?.saved) {
      this.line.say(`Saved as ${answer.saved}`);
    }
  }

  // --- configurations

  async load(path) {
    try {
      this.form = await write("patches/load", { config: path });
      this.line.clear();
      this.line.say("Loaded.");
      this.trigger("filled");
    } catch (error) {
      this.line.blame(error.message);
    }
  }

  /** The values of a configuration for all controls; what it does not say is as usual. */
  loaded() {
    const { form } = this;
    if (!form) return undefined;
    const values = { ...this.props.usual, ...form.settings, out: form.out, workers: form.workers };
    for (const table of TABLES) values[table] = form[table];
    return this.props.names.map((name) => values[name] ?? null);
  }

  /** A path that was chosen goes into the table of videos. */
  add({ paths, text } = { paths: [], text: "" }) {
    for (const path of paths?.length ? paths : [text]) if (path) this.videos.put("path", path);
  }

  // --- the job

  /** Something was typed: samples are of other settings; threads are changed while the job runs. */
  edited(workers) {
    const before = this.workers;
    this.workers = workers;
    if (this.flipbook && before !== undefined && before === workers) this.flipbook.stale();
    if (before === undefined || before === workers || !workers || !this.#runs) return;
    this.#control({ workers });
  }

  pause() {
    const [paused] = this.tracker.wish();
    this.#control({ paused: !paused });
  }

  cancel() {
    if (this.job) act(`jobs/${this.job.id}/cancel`).catch((error) => this.line.blame(error.message));
  }

  async verify(out) {
    try {
      await act("patches/verify", { out });
      this.line.clear();
    } catch (error) {
      this.line.blame(error.message);
    }
  }

  async #control(wish) {
    try {
      await act(`patches/job/${this.job.id}/control`, wish);
      this.line.clear();
    } catch (error) {
      this.line.blame(error.message);
    }
  }

  get #runs() {
    return Boolean(this.job && isActive(this.job));
  }

  /** A pause came into force, or is over. */
  wished() {
    this.#tell();
  }

  #tell() {
    const says = JSON.stringify(this.buttons());
    if (says === this.says) return;
    this.says = says;
    this.trigger("state");
  }

  /** Cut patches, Cancel, Pause, Check files. */
  buttons() {
    const runs = this.#runs;
    const [paused] = this.tracker?.wish() ?? [false];
    const checks = Boolean(this.check && isActive(this.check));
    return [
      { interactive: !runs, visible: !runs },
      { visible: runs, interactive: !this.job?.cancelling },
      { visible: runs, value: paused ? "Go on" : "Pause" },
      { interactive: !runs && !checks },
    ].map((more) => ({ __type__: "update", ...more }));
  }
}
