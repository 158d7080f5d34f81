// Between the native controls of Person Selection and the persons of the page (persons.js).

import { Look } from "../face_look.js";
import { choicesOf } from "../going_on.js";
import { counted } from "../dom.js";
import { said } from "../jobs.js";
import { persons } from "../persons.js";
import { address, write } from "../server.js";
import { act, onJobs } from "../watch.js";
import { UNSAFE, WeightsDesk } from "../weights_desk.js";

const REST_MS = 120;
const OLD =
  "An older program described the looks of these persons: no photo can be compared, thresholds fit less well.";
const NO_RATIO = "Ratios of areas are two rising numbers above 0, as 0.6 and 1.4; no box stays empty.";

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  const desk = new Desk(props, trigger);
  desk.start().catch((error) => console.error(error));
  window.framesieve.persons = { desk, persons }; // for tests and the console
  void element;
  return desk;
}

class Desk extends WeightsDesk {
  constructor(props, trigger) {
    super(props, trigger);
    this.weights = "";
    this.shown = null;
    /** The lines beside the controls, by their roles. */
    this.about = this.state = this.chosen = this.likeness = null;
    this.look = new Look();
    /** Waits before thresholds that were changed group again. */
    this.timer = null;
  }

  async start() {
    await this.join("persons");
    this.ready = true;
    this.trigger("offers");
    this.trigger("ready");
    persons.follow(() => this.#draw());
    onJobs((jobs) => this.followFetch(jobs));
  }

  // --- what the controls say

  /** All controls, in the order of `names`. */
  values(...values) {
    if (!this.ready) return;
    const before = this.heard;
    this.heard = Object.fromEntries(this.props.names.map((name, i) => [name, values[i]]));
    const text = (this.heard.weights ?? "").trim();
    if (text !== this.weights) this.#choose(text);
    const differs = this.props.regroups.some((name) => this.heard[name] !== before[name]);
    if (differs) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#regroup(), REST_MS);
    }
    this.#draw();
  }

  /** Other thresholds than those in force group again. */
  #regroup() {
    this.timer = null;
    const { view } = persons;
    if (!view?.bodies || persons.job) return;
    const wanted = this.#settings();
    if (!wanted || same(wanted, view.settings)) return;
    persons.group(wanted);
  }

  /** The grouping as the controls say it, on top of what is in force; null: a number in it cannot be. */
  #settings() {
    const { area_ratio_low: low, area_ratio_high: high, ...others } = this.#grouping();
    if (Object.values(others).some(isNone) || !(low > 0) || !(low <= high)) return null;
    return { ...persons.view.settings, ...others, area_ratio: [low, high] };
  }

  #grouping() {
    return Object.fromEntries(this.props.regroups.map((name) => [name, this.heard[name]]));
  }

  /** The thresholds in force, for their controls. */
  limits() {
    const settings = persons.view?.settings;
    if (!persons.view?.bodies) return undefined;
    const [low, high] = settings.area_ratio;
    const all = { ...settings, area_ratio_low: low, area_ratio_high: high };
    return this.props.regroups.map((name) => all[name]);
  }

  // --- weights

  #choose(text) {
    this.weights = text;
    this.forgetWeights();
    if (text) this.check(text);
  }

  weightsText() {
    return this.weights;
  }

  looked() {
    this.#draw();
  }

  trusted() {
    this.trigger("go");
  }

  arrived() {
    this.#choose(this.weights);
  }

  // --- the job

  /** A video was named: empty is that of the run. */
  choose(path) {
    const text = (path ?? "").trim();
    if (text !== this.path()) persons.choose(text);
  }

  /** What the box of the video shows: a path, empty for the video of the run. */
  path() {
    return persons.video && !persons.video.run_id ? persons.video.path : persons.video || !persons.run ? "" : undefined;
  }

  wanted() {
    return [{ unsafe: this.trusts }];
  }

  cancel() {
    this.cancelJob(persons.job);
  }

  /** Looks that an older program described are described anew, and grouped. */
  again() {
    act(`persons/${persons.video.id}/again`).catch((error) => this.blame(error.message));
  }

  // --- who is chosen

  write(crops, padding, aspect, mot, cvat, follow) {
    const border = isNone(padding) ? {} : { padding };
    persons.select({ crops, mot, cvat, follow, ...border, ...(isNone(aspect) ? {} : { aspect }) });
  }

  /** Goes to Filtering, where only frames of those who are meant stay. */
  filter() {
    choicesOf(persons.meant);
  }

  png() {
    window.open(address(`persons/${persons.video.id}/table?${encodeURIComponent(persons.view.mark)}`), "_blank");
  }

  // --- by a photo

  /** A photo was named: everybody is sorted by likeness to it. */
  async photo({ text, paths } = { text: "", paths: [] }) {
    const photo = (paths[0] ?? text ?? "").trim();
    const turn = this.look.begin();
    const { video } = persons;
    this.likeness.clear();
    if (!photo || !video) return this.byRank();
    this.likeness.say("Looking at the photo.");
    this.trigger("sought"); // a path that was dropped on the table
    try {
      const { look, photo: name } = await write(`persons/${video.id}/photo`, { photo });
      const { alike } = await this.look.wait(look, turn);
      if (!this.look.isNewest(turn) || video.id !== persons.video?.id) return;
      persons.sortBy(new Map(alike.map((one) => [one.person_id, one.similarity])));
      this.likeness.say(alikeTo(name, alike));
    } catch (error) {
      if (!this.look.isNewest(turn)) return;
      persons.sortBy(null);
      this.likeness.say("");
      this.likeness.blame(error.message);
    }
  }

  byRank() {
    this.look.begin();
    this.likeness.clear();
    this.likeness.say("");
    persons.sortBy(null);
  }

  // --- what is shown

  #draw() {
    if (!this.ready) return;
    const { video, view, failed } = persons;
    if (video !== this.shown) {
      if (video?.id !== this.shown?.id) this.likeness.say("");
      this.shown = video;
      this.props.value = video?.path ?? "";
      this.trigger("renamed");
    }
    if (view?.bodies && !this.timer && !persons.deciding) this.#limit(view.settings);
    if (failed && failed.id !== this.told) {
      this.told = failed.id;
      if (failed.error_code === UNSAFE) this.askForTrust(failed.error);
    }
    this.about.say(aboutOf(video));
    this.state.say(this.#sentence());
    const old = view?.old_looks && !persons.job && !failed;
    this.state.blame(old ? OLD : "", old ? "Describe them again" : null);
    this.chosen.say(this.#chosen());
    const says = JSON.stringify(this.buttons());
    if (says === this.says) return;
    this.says = says;
    this.trigger("state");
  }

  /** Thresholds that came from elsewhere are shown; what is being typed is never overwritten by an older answer. */
  #limit(settings) {
    const inForce = JSON.stringify(settings);
    if (inForce === this.inForce) return;
    this.inForce = inForce;
    const said = this.heard.similarity === undefined ? null : this.#settings();
    if (!said || !same(said, settings)) this.trigger("grouping");
  }

  #sentence() {
    const { job, video, failed, opening } = persons;
    if (job) return `${job.title}: ${said(job)}`;
    if (failed && failed.error_code !== UNSAFE) return failed.error;
    if (opening) return "Reading the persons of this video.";
    if (!video) return persons.run ? "" : "Choose a video first.";
    if (persons.view && this.heard.similarity !== undefined && !this.#settings()) return NO_RATIO;
    if (!this.#detects) return "";
    if (this.broken) return "These weights cannot be used; name others.";
    return this.weights ? "" : "Name weights that find people.";
  }

  #chosen() {
    const { meant, view } = persons;
    if (!view) return "";
    const now = meant.map((id) => persons.nameOf(id)).join(", ");
    if (!meant.length) return "Pick somebody out in the table.";
    if (!persons.isMeantByBody) return `No files of who is known by faces only: ${now}. Filtering knows them all.`;
    return `Files will be written of: ${now}.`;
  }

  get #detects() {
    return (this.heard.stages ?? []).includes("1");
  }

  /** Find, Cancel, Write files, Go on in Filtering, Selection table, what was written, Sort by rank. */
  buttons() {
    const { video, view, job, meant } = persons;
    const can =
      Boolean(video) && !job && (this.heard.stages ?? []).length > 0 && (!this.#detects || this.good !== null);
    const again = Boolean(view?.bodies);
    const files = view?.chosen;
    const paths = [...(files?.files ?? []), ...(files?.beside ?? [])];
    return [
      {
        value: again ? "Find people again" : "Find people",
        interactive: can,
        variant: again ? "secondary" : "primary",
      },
      { visible: Boolean(job) },
      { interactive: again && !job && meant.length > 0 && persons.isMeantByBody, value: writes(meant) },
      { interactive: Boolean(view) && meant.length > 0 },
      { interactive: again },
      { visible: paths.length > 0, value: paths.join("\n") },
      { interactive: persons.likeness !== null },
    ].map((more) => ({ __type__: "update", ...more }));
  }
}

/** What came of a photo: who is most like it, and by what. */
function alikeTo(photo, alike) {
  if (!alike.length) return `Nobody could be compared with ${photo}.`;
  const [{ person_id: id, similarity, by }] = alike;
  const best = `Most like ${photo}: ${persons.nameOf(id)}, alike ${similarity.toFixed(2)}`;
  const how = by === "face" ? "by faces" : "by looks, for which a photo should show one person from head to foot";
  return `${best}. Compared ${how}.`;
}

const writes = (meant) => (meant.length > 1 ? `Write files of ${counted(meant.length, "person")}` : "Write files");
const isNone = (value) => value === null || value === undefined || value === "";
const same = (a, b) => Object.keys(b).every((name) => JSON.stringify(a[name]) === JSON.stringify(b[name]));

function aboutOf(video) {
  if (!video) return "";
  const of = video.run_id ? `${video.name}, of the run ${video.run_name}` : video.name;
  return video.there ? of : `${of}. The file is not there any more.`;
}
