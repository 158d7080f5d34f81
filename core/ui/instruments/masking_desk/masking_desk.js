// Between the native controls of Subject Masking and the shots of the page (masking.js).

import { clock, counted, sentence } from "../dom.js";
import { said } from "../jobs.js";
import { masking } from "../masking.js";
import { write } from "../server.js";
import { onJobs } from "../watch.js";
import { UNSAFE, WeightsDesk } from "../weights_desk.js";

const SMALLEST = "sam2.1_hiera_tiny.pt";
const WEIGHTS_OF = "framesieve.masking.weights";
/** What the files of each masker are usually called: of those that are there, one is proposed. */
const CALLED = { sam2: /sam2/i, "yolo-seg": /seg/i };

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  const desk = new Desk(props, trigger);
  desk.start().catch((error) => console.error(error));
  window.framesieve.masking = { desk, masking }; // for tests and the console
  void element;
  return desk;
}

class Desk extends WeightsDesk {
  constructor(props, trigger) {
    super(props, trigger);
    this.kinds = [];
    this.chosen = remembered();
    this.shown = null;
    /** The lines beside the controls, by their roles. */
    this.about = this.reason = this.state = this.files = null;
  }

  async start() {
    await this.join("masking");
    for (const [masker, called] of Object.entries(CALLED)) {
      this.chosen[masker] ||= this.offer.weights.find((path) => called.test(base(path))) ?? "";
    }
    this.ready = true;
    this.trigger("offers");
    this.trigger("ready");
    masking.follow(() => this.#draw());
    onJobs((jobs) => this.followFetch(jobs));
  }

  // --- what the controls say

  /** All controls, in the order of `names`. */
  values(...values) {
    if (!this.ready) return;
    const before = this.heard;
    this.heard = Object.fromEntries(this.props.names.map((name, i) => [name, values[i]]));
    const { masker, weights, device } = this.heard;
    const text = (weights ?? "").trim();
    if (masker !== before.masker) return this.#switch(masker, before.masker === undefined);
    if (text !== (before.weights ?? "").trim() || this.waits) {
      this.waits = false;
      this.#choose(text);
    } else if (device !== before.device) this.#reasons();
    this.#tell();
  }

  /** Each masker has weights of its own; those that are there already stay when the page begins. */
  #switch(masker, first) {
    this.waits = true;
    const text = (this.heard.weights ?? "").trim();
    if (first && text) this.chosen[masker] = text;
    const known = this.chosen[masker] ?? "";
    if (known !== text) this.trigger("switched");
    else this.#choose(text);
    this.#tell();
  }

  weights() {
    return this.chosen[this.heard.masker] ?? "";
  }

  #choose(text) {
    const { masker } = this.heard;
    this.waits = false;
    this.chosen[masker] = text;
    keep(this.chosen);
    this.forgetWeights();
    this.#reasons();
    if (!text) {
      if (masker === "sam2") this.#offer(`Download ${SMALLEST}`, () => this.fetch(SMALLEST));
      return this.#tell();
    }
    return void this.check(text);
  }

  weightsText() {
    return this.weights();
  }

  looked() {
    if (this.broken) this.trigger("reasons");
    this.#tell();
  }

  trusted() {
    this.#tell();
  }

  /** Weights that were downloaded are chosen: the text names them now. */
  arrived(path) {
    this.chosen[this.heard.masker] = path;
    this.trigger("switched");
    this.#choose(path);
  }

  /** Which maskers there are, and why one cannot run with its weights. */
  async #reasons() {
    const weights = { ...this.chosen };
    try {
      const { maskers } = await write("masking/maskers", { device: this.heard.device ?? "auto", weights });
      this.kinds = maskers;
    } catch (error) {
      this.kinds = [];
      this.blame(error.message);
    }
    this.trigger("reasons");
    this.#tell();
  }

  /**
   * Choices of the control: a masker that cannot run says why, and can be chosen all the same. The page begins with one
   * that can run.
   */
  maskers() {
    if (!this.kinds.length) return undefined;
    const ready = this.kinds.find(({ reason }) => !reason);
    const begins = !this.begun && this.kind?.reason && ready ? { value: ready.name } : {};
    this.begun = true;
    const why = ({ name, reason }) =>
      this.broken && name === this.heard.masker ? "Its weights cannot be used." : sentence(reason.error);
    const words = (one) => `${one.label}\n${one.reason ? why(one) : "ready"}`;
    return { __type__: "update", choices: this.kinds.map((one) => [words(one), one.name]), ...begins };
  }

  get kind() {
    return this.kinds.find(({ name }) => name === this.heard.masker) ?? null;
  }

  /** What answers clicks now. */
  #tell() {
    const { weights, stages, ...settings } = this.heard;
    void stages;
    const can = this.kind && !this.kind.reason && this.good;
    const given = Object.entries(settings).filter(([, value]) => value !== null && value !== "");
    const wanted = can ? { ...Object.fromEntries(given), weights: this.good.path, unsafe: this.trusts } : null;
    if (JSON.stringify(wanted) !== JSON.stringify(masking.masker)) {
      masking.take(wanted);
    }
    this.#draw();
  }

  /** Where nothing is wrong yet: what can be had. */
  #offer(button, mends) {
    this.mends = mends;
    this.wrong.blame("SAM2 wants weights: name a file, or have the smallest ones downloaded", button);
  }

  // --- jobs

  /** A run or a folder of segments was named: empty is the run that is open. */
  choose(path) {
    const text = (path ?? "").trim();
    if (text !== this.path()) masking.choose(text);
  }

  /** What the box of the folder shows. */
  path() {
    const { subject, run } = masking;
    return subject && !subject.run_id ? subject.path : subject || !run ? "" : undefined;
  }

  wanted() {
    const { counts, annotated, subject } = masking;
    const force = counts.propagated + counts.doubtful === annotated;
    return [{ unsafe: this.trusts, subject: subject?.id ?? "", force }];
  }

  /** The job of the one shot that is edited. */
  shot() {
    return [{ unsafe: this.trusts, subject: masking.subject?.id ?? "", shots: [masking.key] }];
  }

  exported() {
    return [{ unsafe: this.trusts, subject: masking.subject?.id ?? "" }];
  }

  find() {
    masking.start("find", {}).then((error) => this.state.blame(error ? error.message : ""));
  }

  cancel() {
    this.cancelJob(masking.job);
  }

  // --- what is shown

  #draw() {
    if (!this.ready) return;
    const { subject, wrong } = masking;
    if (subject?.id !== this.shown) {
      this.shown = subject?.id;
      this.props.value = subject?.id ?? "";
      this.trigger("renamed");
    }
    if (wrong?.code === UNSAFE && this.told !== wrong) {
      this.told = wrong;
      this.askForTrust(wrong.error);
    }
    this.about.say(aboutOf(masking));
    this.state.say(this.#sentence());
    this.files.say(masking.written ? `Written to ${masking.written}` : "");
    const says = JSON.stringify(this.buttons());
    if (says === this.says) return;
    this.says = says;
    this.trigger("state");
  }

  #sentence() {
    const { job, failed, opening, subject, counts } = masking;
    if (job) return `${job.title}: ${said(job)}`;
    if (failed?.error) return failed.error;
    if (failed?.state === "cancelled")
      return "Cancelled: finished shots stay, and Process all goes on with the others.";
    if (opening) return "Reading the shots.";
    if (!subject) return "";
    if (!masking.shots.length) return "";
    if (!this.heard.masker || !this.kind) return "";
    if (this.kind.reason) return `${this.kind.label} cannot run yet; points can be placed and saved all the same.`;
    if (!masking.annotated) return "Point at the subject of a shot first.";
    const todo = counts.points + counts.mask;
    if (!todo) return "Every shot with points has its masks.";
    return `${counted(todo, "shot")} to be carried through${this.#estimate()}.`;
  }

  /** About how long that takes: frames of what is to be done, by the measured cost of one. */
  #estimate() {
    const seconds = masking.secondsPerFrame;
    if (!seconds) return "";
    const todo = masking.shots.filter(({ state }) => state === "points" || state === "mask");
    const frames = todo.reduce((sum, { start, end }) => sum + end - start, 0);
    const all = seconds * frames;
    return all < 90
      ? `, about ${Math.max(1, Math.round(all))} s`
      : `, about ${clock(Math.round(all)).replace(/\..*/, "")}`;
  }

  /** Process all, Cancel, Look for cuts, Write. */
  buttons() {
    const { subject, job, annotated, counts, shots } = masking;
    const can = Boolean(masking.masker) && !job && annotated > 0;
    const done = counts.propagated + counts.doubtful;
    const again = done > 0 && done === annotated;
    return [
      {
        value: again ? "Process all again" : "Process all",
        interactive: can,
        variant: again ? "secondary" : "primary",
      },
      { visible: Boolean(job) },
      {
        value: shots.length > 1 ? "Look for cuts again" : "Look for cuts",
        interactive: Boolean(subject?.run_id) && !job,
      },
      { interactive: !job && done > 0 },
    ].map((more) => ({ __type__: "update", ...more }));
  }
}

const base = (path) => path.slice(path.lastIndexOf("/") + 1);

function remembered() {
  try {
    return { ...JSON.parse(localStorage.getItem(WEIGHTS_OF)) };
  } catch {
    return {};
  }
}

function keep(chosen) {
  try {
    localStorage.setItem(WEIGHTS_OF, JSON.stringify(chosen));
  } catch {
    // no storage here
  }
}

function aboutOf({ subject }) {
  if (!subject) return "";
  const homes = Object.values(subject.homes);
  if (homes.length > 1) return `${counted(homes.length, "segment")} in ${subject.name}`;
  if (subject.run_id) return `The video of the run ${subject.name}`;
  return `One segment, ${subject.name}`;
}
