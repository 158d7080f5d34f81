// Live Review, frame by frame: what its instruments say to each other. A video with the boxes of a model, frame-exact;
// thresholds act in the browser; hard examples are saved by one key.

import { about as showing } from "../about.js";
import { go, OF_RUN, onPlace, place } from "../address.js";
import { counted, h, icon, sentence } from "../dom.js";
import { giveKeys } from "../keys.js";
import { Boxes } from "../player/boxes.js";
import { onRun } from "../runs.js";
import { hear } from "../says.js";
import { address, read, readBytes, write } from "../server.js";
import { onJobs } from "../watch.js";
import { Copies } from "./copies.js";
import { Detections } from "./detections.js";
import { Inference } from "./inference.js";
import { KEYS, keysOf } from "./keys.js";
import { Saving } from "./saving.js";
import { Showing, thinnedBy } from "./showing.js";

const LOWEST = 0.05;

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  const desk = new Desk(element, props, trigger);
  desk.start().catch((error) => console.error(error));
  window.framesieve.review = desk; // for tests and the console
  return desk;
}

class Desk {
  constructor(element, props, trigger) {
    this.host = element.closest("#tabs") ? document.getElementById("review") : element;
    this.props = props;
    this.trigger = trigger;
    /** The instruments beside this one, by their roles. */
    this.list = this.player = this.timeline = this.saves = this.chips = this.wrong = this.state = this.thinned = null;
    /** What the controls say, by name. */
    this.wish = {};
    /** What of that was acted on: values come back before everything is there. */
    this.heard = {};
    this.video = this.boxes = this.run = null;
    this.turn = {};
    /** Folders by name: that the server was asked for, and that were entered before it could be asked. */
    this.asked = {};
    this.early = {};
    /** Those that the server accepted last. */
    this.good = {};
  }

  get live() {
    return this.inference.live;
  }

  async start() {
    const roles = Object.entries(this.props.parts);
    const [about, ...parts] = await Promise.all([read("review"), ...roles.map(([, id]) => window.framesieve.part(id))]);
    roles.forEach(([role], i) => (this[role] = parts[i]));
    this.copies = new Copies(this.player, () => this.open(this.what));
    this.detections = new Detections({ wrong: this.wrong, state: this.state }, about, {
      chosen: () => this.#weightsChosen(),
      refresh: () => this.reload(),
      live: (unsafe) => this.inference.follow(unsafe),
      take: (path) => this.detections.choose(path),
      go: () => this.trigger("go"),
      changed: () => this.#changed(),
    });
    this.inference = new Inference(this);
    this.showing = new Showing(this);
    this.saving = new Saving(this);
    this.#listen();
    this.#blank();
    this.ready = true;
    this.trigger("offers");
    this.trigger("ready");
    this.#changed();
    onRun((run) => {
      this.run = run;
      this.#changed();
      this.#follow();
    });
    onJobs((jobs) => {
      this.detections.jobs(jobs);
      this.copies.jobs(jobs);
    });
  }

  #listen() {
    const { list, player, timeline, saves, chips } = this.props.parts;
    hear(list, "chosen", (id) => {
      window.framesieve.sheet("review", false); // in a narrow window the list lies over the video
      this.open({ video: id });
    });
    hear(player, "frame", (frame) => this.#shown(frame));
    hear(player, "toggle", (_, event) => this.inference.pace.toggled(event));
    hear(player, "failed", (why) => this.#cannotPlay(why));
    hear(timeline, "goto", (frame) => this.player.goTo(frame));
    hear(timeline, "find", (by) => this.showing.find(by));
    hear(saves, "goto", (frame) => this.goTo(frame));
    hear(saves, "saved", (told) => this.saving.saved(told));
    hear(saves, "marks", (frames) => this.saving.marks(frames));
    hear(saves, "said", ({ sentence, wrong }) => this.player.flash(sentence, wrong));
    hear(chips, "find", (kind) => this.showing.choose(kind));
    hear(chips, "hide", () => this.showing.thresholds());
    giveKeys(this.host, keysOf(this), KEYS);
    // the focus stays on a tab's button after a click, and arrows would change tabs; who came by keys walks on
    const seen = ([entry]) => {
      if (entry.isIntersecting && document.activeElement?.matches?.("[role=tab]:not(:focus-visible)"))
        this.player.focus();
    };
    new IntersectionObserver(seen).observe(this.host);
    // after a mouse, keys belong to the video again
    this.host.addEventListener("pointerup", ({ target }) => target.matches("input[type=range]") && target.blur());
    this.host.addEventListener("click", ({ target, detail }) => {
      if (detail > 0) target.closest("input[type=checkbox], .class-chips button")?.blur();
    });
  }

  // --- what the controls say and ask

  /** All controls, in the order of `names`. What is still being typed waits for `enter`. */
  values(...values) {
    this.wish = Object.fromEntries(this.props.names.map((name, i) => [name, values[i]]));
    if (!this.ready) return;
    const before = this.heard;
    this.heard = this.wish;
    const weights = (this.wish.weights ?? "").trim();
    const differs = (...names) => names.some((name) => this.wish[name] !== before[name]);
    for (const name of ["folder", "output"]) {
      const typing = isIn(`review-${name}`); // half a path is no path
      const fresh = this.asked[name] === undefined;
      const value = typing ? this.early[name] : this.wish[name];
      if (value !== undefined && (fresh || (differs(name) && !typing))) this.enter(name, value);
    }
    if (differs("weights")) this.chosen = this.detections.choose(weights);
    if (differs("conf", "iou")) this.showing.thresholds();
    if (differs("live")) this.inference.follow();
    if (differs("exact")) this.inference.pace.keep();
    if (!this.follows) this.#begin();
  }

  /** The controls are known: the video of the address comes, with the boxes of the weights of the last visit. */
  async #begin() {
    this.follows = true;
    await this.chosen;
    this.placed = true;
    this.#follow();
    onPlace(() => this.#follow());
  }

  /** Shows the video and frame of the address; "run" is the run of the header. */
  #follow() {
    const { tab, run, review } = place();
    const unknown = !review.video || (review.video === OF_RUN && !this.run);
    if (!this.placed || tab !== "review" || unknown) return;
    const what = review.video === OF_RUN ? { run } : { path: review.video };
    if (this.at !== (what.path ?? run)) this.open(what, review.frame ?? 0);
    else if (this.video && review.frame !== null && review.frame !== this.player.frame) {
      this.player.goTo(review.frame);
    }
  }

  /** A folder stands in its box: Enter was pressed, the box was left, or the last visit left it. */
  enter(name, value) {
    if (!this.ready) this.early[name] = value;
    if (!this.ready || value === this.asked[name]) return;
    this.asked[name] = value;
    this.wish[name] = value;
    if (name === "folder") this.relist();
    else this.outputKnown = this.saving.output(value);
  }

  /** The server accepted a folder: it is in force, and the next visit begins with it. */
  accepted(name, value) {
    if (this.good[name] === value) return;
    this.good[name] = value;
    this.trigger(name === "folder" ? "listed" : "saves");
  }

  goodFolder() {
    return ["review-folder", this.good.folder];
  }

  goodOutput() {
    return ["review-output", this.good.output];
  }

  /** Lists again the folder that was entered: another one may be half typed by now. */
  async relist() {
    const { folder } = this.asked;
    if (folder === undefined) return;
    const output = this.good.output ?? this.wish.output;
    const listed = await this.list.load({ folder, output, weights: this.detections.weights });
    if (listed) this.accepted("folder", folder);
  }

  /** Opens the video of the run that is open in the header. */
  runVideo() {
    if (this.run) this.open({ run: this.run.id });
  }

  /** Saves the frame that is shown. */
  save() {
    this.saving.save();
  }

  cancel() {
    this.detections.cancel();
  }

  mend() {
    this.detections.mend();
  }

  /** What the job is told. The server ends live inference, and the job goes on from what that found. */
  precompute() {
    this.live.stop(false);
    return [this.detections.wanted()];
  }

  started(answer) {
    this.detections.started(answer);
  }

  /** Weights to choose from. */
  offered() {
    return { __type__: "update", choices: this.detections.offered() };
  }

  /** Bounds of both thresholds, by the boxes that are there. */
  limits() {
    const head = this.boxes?.head;
    const floor = Math.max(LOWEST, head?.conf_floor ?? 0);
    const raised = this.wish.conf < floor ? { value: floor } : {};
    return [
      { __type__: "update", minimum: floor, ...raised },
      { __type__: "update", interactive: !head?.end_to_end },
    ];
  }

  /** Precompute, Cancel, Save, and the video of the run. */
  buttons() {
    const { detections, player } = this;
    const made = Boolean(detections.head && detections.head.origin !== null);
    const can = detections.why === null && !detections.running;
    const value = made ? "Precompute again" : "Precompute";
    return [
      { value, interactive: can, variant: made || !can ? "secondary" : "primary" },
      { visible: Boolean(detections.running) },
      { interactive: Boolean(this.video) && player.frame >= 0 },
      { visible: Boolean(this.run) },
    ].map((more) => ({ __type__: "update", ...more }));
  }

  /** Tells the buttons, if they say something else now. */
  #changed() {
    if (!this.ready) return;
    const says = JSON.stringify(this.buttons());
    if (says === this.says) return;
    this.says = says;
    this.trigger("state");
  }

  // --- a video

  #blank() {
    const how = "Videos of a folder are listed beside. Name weights too, and the boxes of the model are drawn over it.";
    this.player.message(h("h2", {}, "Choose a video."), h("p.sub", {}, how));
  }

  /** Opens a video of the list, or that of a run. */
  async open(what, frame = 0) {
    const turn = (this.turn = {});
    this.at = what.path ?? what.run ?? null;
    this.#close();
    this.player.message(h("p.sub", { role: "status" }, "Reading the video's index..."));
    try {
      const facts = await write("review/open", { ...what, weights: this.detections.weights });
      if (turn !== this.turn) return;
      this.what = what;
      this.at = facts.run_id ?? facts.path;
      const video = facts.run_id ? OF_RUN : facts.path;
      go({ review: { video, frame } }, { replace: Boolean(what.path) || place().review.video === video });
      this.#names(facts);
      const why = facts.uncounted ? facts.reason : `Browsers do not play ${facts.needs_proxy} frame by frame.`;
      const waits = facts.uncounted || (facts.needs_proxy && !facts.proxied);
      if (waits) return this.copies.offer(facts.id, why, facts.frames);
      await this.#opened(facts, turn, frame);
    } catch (error) {
      if (turn !== this.turn) return;
      this.player.message(h("p.error", { role: "alert" }, icon("warn"), h("span", {}, sentence(error.message))));
    }
  }

  #close() {
    this.video = this.boxes = null;
    this.copies.forget();
    this.live.stop();
    this.player.close();
    this.timeline.open(0);
    this.saves.open(null);
    this.chips.show([]);
    this.detections.source = null;
    this.detections.show(null, null);
    showing("review", null);
    this.#named("");
  }

  /** The video is known by now, whether it can be played or not. */
  #names(facts) {
    this.list.at(facts.id, facts);
    this.player.call(facts.name ?? "");
    this.detections.source = facts.path ?? facts.id;
    this.detections.draw();
    this.#named(facts.id);
  }

  #named(id) {
    if (this.props.value !== id) this.props.value = id;
  }

  async #opened(facts, turn, frame) {
    const [boxes] = await Promise.all([boxesOf(facts), this.outputKnown]);
    if (turn !== this.turn) return;
    this.video = facts;
    this.#take(boxes);
    const starts = facts.proxied ? facts.starts_s : 0;
    const { name, width, height } = facts;
    const rate = facts.rate ? `, ${Number(facts.rate.toFixed(3))} fps` : "";
    showing("review", `Shows ${name}: ${counted(facts.frames, "frame")}, ${width}x${height}${rate}`);
    const film = { media: address(facts.media), seconds: boxes.seconds, starts, size: [width, height], name };
    this.player.open(film, frame);
    this.timeline.open(boxes.frames);
    this.saves.open(facts, this.saving.folder);
    this.showing.thresholds();
    this.player.focus();
    this.inference.follow();
  }

  #cannotPlay(why) {
    if (!this.video) return;
    const { id, name, proxied } = this.video;
    this.video = null;
    this.player.close();
    this.player.call(name);
    if (proxied) this.copies.refuse(why);
    else this.copies.offer(id, "This browser does not play the video.");
  }

  #take(boxes) {
    const { head } = boxes;
    if (String(head.names) !== String(this.boxes?.names ?? this.named)) this.chips.forget();
    this.named = head.names;
    this.boxes = boxes;
    this.detections.show(this.video, head);
    this.bounds();
  }

  /** Other boxes: what both thresholds can do. */
  bounds() {
    this.thinned.say(thinnedBy(this.boxes.head));
    this.trigger("bounds");
  }

  /** Reads the boxes again, after they were made or other weights were chosen; the video plays on. */
  async reload() {
    const { turn, video } = this;
    if (!video) return;
    try {
      const facts = await write("review/open", { video: video.id, weights: this.detections.weights });
      if (turn !== this.turn) return;
      const boxes = await boxesOf(facts);
      if (turn !== this.turn) return;
      this.video = { ...facts, media: video.media };
      if (boxes.head.origin !== null) this.live.stop();
      this.#take(boxes);
      this.showing.thresholds();
      this.relist();
      this.inference.follow();
    } catch (error) {
      if (turn === this.turn) this.player.flash(error.message, true);
    }
  }

  async #weightsChosen() {
    this.live.stop();
    await (this.video ? this.reload() : this.relist());
  }

  // --- what is shown

  #shown(frame) {
    this.timeline.at(frame);
    this.saves.at(frame);
    if (this.video) go({ review: { frame } }, { replace: true });
    if (this.player.playing && this.inference.pace.on) this.inference.pace.keep();
    this.#changed();
  }

  /** Shows a frame; the keys belong to the video then. */
  goTo(frame) {
    this.player.goTo(frame);
    this.player.focus();
  }
}

const isIn = (id) => Boolean(document.activeElement?.closest(`#${id}`));

const boxesOf = async (facts) => new Boxes(await readBytes(`review/${facts.id}/data/${facts.cache ?? "none"}`));
