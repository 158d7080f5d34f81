// Live Review: a video with the boxes of a model, frame-exact, thresholds in the browser, hard examples saved by one key.

import { Boxes, draw } from "./review_boxes.js";
import { clock, count, counted, fill, h, icon, oncePerFrame } from "./dom.js";
import { giveKeys } from "./keys.js";
import { Player, SPEEDS } from "./review_player.js";
import { VideoList } from "./review_list.js";
import { ModelPanel } from "./review_model.js";
import { Live, nearest, readyAhead } from "./review_live.js";
import { Saves, TAGS } from "./review_saves.js";
import { Thresholds } from "./review_thresholds.js";
import { Timeline } from "./review_timeline.js";
import { onRun } from "./runs.js";
import { address, read, readBytes, write } from "./server.js";
import { act, isActive, onJobs } from "./watch.js";

const KEYS = [
  ["Space", "play or pause"],
  ["Left, Right", "one frame (Shift: ten)"],
  ["Home, End", "first, last frame"],
  ["S", "save the frame that is shown"],
  ["F, N, U", "tag: false positive, false negative, uncertain"],
  ["C", "clear the tag"],
  ["Z", "undo the last save"],
  ["O", "boxes on or off"],
  ["+, -", "faster, slower"],
  ["1, 2, 3", "0.5x, 1x, 2x"],
  ["H", "these keys over the video"],
];
const KEPT = "framesieve.review";
const HEAD_MS = 200;
const AHEAD_S = 0.3;

export function mount({ element }) {
  const tab = new ReviewTab(element);
  tab.start().catch((error) => fill(element, h("p.error", {}, error.message)));
  window.framesieve = { ...window.framesieve, review: tab }; // for tests and the console
}

class ReviewTab {
  constructor(host) {
    this.host = host;
    this.video = null;
    this.boxes = null;
    this.showsBoxes = true;
    this.turn = {};
  }

  async start() {
    const [about, knobs] = await Promise.all([read("review"), read("settings")]);
    const kept = stored();
    this.redraw = oncePerFrame(() => this.#overlay());
    this.player = new Player({ shown: (frame) => this.#shown(frame), changed: () => this.#bar(), failed: (why) => this.#cannotPlay(why) });
    this.timeline = new Timeline((frame) => this.player.goTo(frame));
    this.saves = new Saves({ goTo: (frame) => this.#goTo(frame), changed: (frames) => this.timeline.mark(frames), done: (frame, saved) => this.#saved(frame, saved) });
    this.list = new VideoList(about, (what) => this.open(what));
    this.limits = new Thresholds(kept, () => this.#thresholds());
    this.model = new ModelPanel(about, { chosen: () => this.#weightsChosen(), refresh: () => this.#reload(), live: (unsafe) => this.#live(unsafe), exact: () => this.#pace() });
    this.live = new Live({ rows: (rows) => this.#rows(rows), state: (state) => this.#liveState(state), complete: () => this.#reload(), failed: (why) => this.model.failed(why) });
    this.model.live = this.live;
    this.output = h("input.box.path-box", { type: "text", spellcheck: "false", autocomplete: "off", "aria-label": "Folder for saved frames" });
    this.output.value = kept.output ?? about.output;
    this.output.addEventListener("change", () => this.#output());
    this.outputError = h("p.error", { role: "alert", hidden: true });
    this.hamming = slider("Look-alikes: bits that may differ", knobs.mine.hamming, kept.hamming, () => this.#keep());
    this.skip = h("input.box.small-box", { type: "number", min: 0, max: knobs.mine.skip.high, step: 1, value: kept.skip ?? knobs.mine.skip.default, "aria-label": "Frames to go on after a save" });
    this.skip.addEventListener("input", () => this.#keep());
    this.#build();
    this.#keys();
    onRun((run) => this.list.showRun(run));
    onJobs((jobs) => this.#jobs(jobs));
    setInterval(() => this.#head(), HEAD_MS);
    this.folderKnown = this.#output();
    await Promise.all([this.list.load(), this.folderKnown]);
    await this.model.restore();
  }

  #build() {
    const does = (label, name, act) => h("button.ibtn", { "aria-label": label, title: label, onclick: act }, icon(name));
    this.playButton = h("button.ibtn", { onclick: () => this.#toggle() });
    this.info = h("span.num.where", {});
    this.note = h("span.sub.num.boxes-note", {});
    this.speed = h("select.ctl.speed", { "aria-label": "Speed" }, SPEEDS.map((speed) => h("option", { value: speed }, `${speed}x`)));
    this.speed.addEventListener("change", () => {
      this.player.setSpeed(Number(this.speed.value));
      this.speed.blur();
    });
    this.boxesButton = h("button.btn", { "aria-pressed": "true", onclick: () => this.#toggleBoxes() }, "Boxes ", h("kbd", {}, "O"));
    this.saveButton = h("button.btn.primary", { onclick: () => this.#save() }, "Save frame ", h("kbd", {}, "S"));
    this.message = h("div.message");
    this.help = h("div.keys-over", { hidden: true }, h("dl", {}, KEYS.map(([keys, what]) => [h("dt", {}, keys), h("dd", {}, what)])));
    this.player.element.append(this.message, this.help, this.saves.flash);
    this.player.element.addEventListener("pointerdown", () => this.player.element.focus({ preventScroll: true }));
    this.player.box.addEventListener("click", () => this.video && this.#toggle());
    const side = h(
      "div.side",
      {},
      h(
        "div.scroller",
        {},
        this.list.element,
        this.model.element,
        this.limits.element,
        h("section.save-to", {}, h("h3", {}, "Saved frames"), h("div.line", {}, this.output), this.outputError, this.hamming.element, h("label.line", {}, "Go on after a save", h("span.gap"), this.skip, h("span.sub", {}, "frames"))),
      ),
    );
    const toolbar = h(
      "div.toolbar",
      {},
      does("Previous frame (Left)", "prev", () => this.player.step(-1)),
      this.playButton,
      does("Next frame (Right)", "next", () => this.player.step(1)),
      this.speed,
      this.info,
      this.note,
      h("span.gap"),
      this.saves.chip,
      this.boxesButton,
      this.saveButton,
    );
    fill(this.host, side, h("div.pane", {}, toolbar, this.player.element, this.timeline.element, this.saves.strip));
    this.#say(h("h2", {}, "Choose a video."), h("p.sub", {}, "Videos of a folder are listed on the left. Choose weights too, and their boxes are drawn."));
    this.#bar();
  }

  #keys() {
    const once = (job) => (event) => event.repeat || job();
    const map = {
      " ": once(() => this.#toggle()),
      ArrowLeft: () => this.player.step(-1),
      ArrowRight: () => this.player.step(1),
      "Shift+ArrowLeft": () => this.player.step(-10),
      "Shift+ArrowRight": () => this.player.step(10),
      Home: () => this.player.goTo(0),
      End: () => this.player.goTo(this.player.frames - 1),
      s: once(() => this.#save()),
      z: once(() => this.video && this.saves.undo()),
      o: once(() => this.#toggleBoxes()),
      h: once(() => (this.help.hidden = !this.help.hidden)),
      "+": () => this.player.faster(1),
      "=": () => this.player.faster(1),
      "-": () => this.player.faster(-1),
      1: () => this.player.setSpeed(0.5),
      2: () => this.player.setSpeed(1),
      3: () => this.player.setSpeed(2),
    };
    for (const [key, tag] of Object.entries(TAGS)) map[key] = once(() => this.video && this.saves.setTag(tag, this.player.frame));
    giveKeys(this.host, map, KEYS);
    // the focus stays on a tab's button after a click, and arrows would change tabs
    new IntersectionObserver(([entry]) => {
      if (entry.isIntersecting && document.activeElement?.matches?.("[role=tab]")) this.player.element.focus({ preventScroll: true });
    }).observe(this.host);
  }

  // --- a video

  /** Opens a video of the list, or the run of the header. */
  async open(what, frame = 0) {
    const turn = (this.turn = {});
    this.video = null;
    this.boxes = null;
    this.waitsFor = null;
    this.live.stop();
    this.player.close();
    this.timeline.open(0);
    this.saves.open(null);
    this.limits.open(null);
    this.model.show(null, null);
    this.#say(h("p.sub", { role: "status" }, "Reading the video's index..."));
    this.#bar();
    try {
      const facts = await write("review/open", { ...what, weights: this.model.weights });
      if (turn !== this.turn) return;
      this.what = what;
      this.list.at(facts.id, facts);
      if (facts.uncounted) return this.#offerProxy(facts.id, facts.reason);
      if (facts.needs_proxy && !facts.proxied) return this.#offerProxy(facts.id, `Browsers do not play ${facts.needs_proxy} frame by frame.`, facts);
      await this.#opened(facts, turn, frame);
    } catch (error) {
      if (turn === this.turn) this.#say(h("p.error", {}, icon("warn"), h("span", {}, error.message)));
    }
  }

  async #opened(facts, turn, frame) {
    const [boxes] = await Promise.all([readBytes(`review/${facts.id}/data/${facts.cache ?? "none"}`).then((buffer) => new Boxes(buffer)), this.folderKnown]);
    if (turn !== this.turn) return;
    this.video = facts;
    this.#take(boxes);
    this.#say();
    this.player.open(address(facts.media), boxes.seconds, facts.proxied ? facts.starts_s : 0, [facts.width, facts.height], frame);
    this.timeline.open(boxes.frames);
    this.saves.open(facts, this.folder);
    this.#thresholds();
    this.player.element.focus({ preventScroll: true });
    this.#live();
  }

  // --- live inference

  /** Infers live where there are weights and no detections of them, if that is wanted. */
  #live(unsafe = false) {
    const wanted = this.video && this.model.weights && this.model.wantsLive && this.boxes?.head.origin === null && !this.model.running;
    if (!wanted) return this.live.stop();
    if (this.live.on && !unsafe) return;
    this.live.start(this.video.id, { weights: this.model.weights, device: this.model.device.value, unsafe });
  }

  #rows(rows) {
    if (!this.boxes || this.boxes.head.origin !== null) return;
    const here = rows.some((row) => row.f === this.player.frame);
    for (const row of rows) this.boxes.add(row);
    if (here || this.age > 0) this.redraw();
    this.#pace();
    this.fresh ??= setTimeout(() => {
      this.fresh = null;
      if (this.boxes) this.recount();
    }, 700);
  }

  #liveState(state) {
    if (state.names.length && this.boxes && this.boxes.names.length === 0) {
      this.boxes.names = state.names;
      Object.assign(this.boxes.head, { end_to_end: state.end_to_end, names: state.names, counts: state.names.map(() => 0) });
      this.limits.open(this.boxes.head);
      this.#thresholds();
    }
    this.told = null; // the child hears the play head again
    this.model.inferring(state);
    this.#pace();
  }

  /** "Exact" plays no faster than boxes come, and waits where they are not there yet. */
  #pace() {
    const { player, live, boxes } = this;
    const exact = live.on && this.model.exact && boxes;
    if (!exact) {
      if (player.video.playbackRate !== player.speed && player.frames) player.video.playbackRate = player.speed;
      if (this.held) this.#release();
      return;
    }
    const rate = live.speed(player.speed, this.video.rate ?? 25);
    if (Math.abs(player.video.playbackRate - rate) > 0.02) player.video.playbackRate = rate;
    if (this.held && readyAhead(boxes, player.frame)) this.#release();
    else if (player.playing && !readyAhead(boxes, player.frame, 2)) {
      player.pause();
      this.held = true;
    }
    this.#bar();
  }

  #release() {
    this.held = false;
    if (this.video && !this.player.playing) this.player.toggle();
  }

  /** Space and the button: a video that waits for boxes counts as playing. */
  #toggle() {
    if (this.held) {
      this.held = false;
      return this.#bar();
    }
    const waits = this.live.on && this.model.exact && !this.player.playing && !readyAhead(this.boxes, this.player.frame);
    if (!waits) return this.player.toggle();
    this.held = true;
    this.#bar();
  }

  #take(boxes) {
    this.boxes = boxes;
    this.limits.open(boxes.head);
    this.model.show(this.video, boxes.head);
  }

  /** Reads the detections again, after they were made or other weights were chosen; the video plays on. */
  async #reload() {
    const { turn, video } = this;
    if (!video) return;
    try {
      const facts = await write("review/open", { video: video.id, weights: this.model.weights });
      if (turn !== this.turn) return;
      const boxes = new Boxes(await readBytes(`review/${facts.id}/data/${facts.cache ?? "none"}`));
      if (turn !== this.turn) return;
      this.video = { ...facts, media: video.media };
      if (boxes.head.origin !== null) this.live.stop();
      this.#take(boxes);
      this.#thresholds();
      this.list.load(this.model.weights);
      this.#live();
    } catch (error) {
      if (turn === this.turn) this.saves.say(error.message, true);
    }
  }

  async #weightsChosen() {
    this.live.stop();
    await (this.video ? this.#reload() : this.list.load(this.model.weights));
  }

  #offerProxy(id, reason, facts = null) {
    const make = async () => {
      try {
        const { job } = await act("review/proxy", { video: id });
        this.waitsFor = job;
        this.#say(h("h2", {}, "Making a copy that plays."), h("p.sub", {}, "Progress is in the bar below. It opens here when it is done; saved frames still come from the video itself."));
      } catch (error) {
        this.#say(h("p.error", {}, icon("warn"), h("span", {}, error.message)));
      }
    };
    this.#say(
      h("h2", {}, reason),
      h("p.sub", {}, `A copy with the same frames at the same times can be made${facts ? ` (${counted(facts.frames, "frame")})` : ""}. Saved frames still come from the video itself.`),
      h("button.btn.primary", { onclick: make }, "Make a playable copy"),
    );
  }

  #cannotPlay(why) {
    this.why = why;
    if (!this.video) return;
    const { id, proxied } = this.video;
    this.video = null;
    this.player.close();
    if (proxied) this.#say(h("p.error", {}, icon("warn"), h("span", {}, `This browser does not play the copy either (${why}).`)));
    else this.#offerProxy(id, "This browser does not play the video.");
  }

  #jobs(jobs) {
    this.model.jobs(jobs);
    const job = this.waitsFor && jobs.find((one) => one.id === this.waitsFor);
    if (!job || isActive(job)) return;
    this.waitsFor = null;
    if (job.state === "done") this.open(this.what);
    else this.#say(h("p.error", {}, icon("warn"), h("span", {}, job.error ?? `The copy was ${job.state}.`)), h("button.btn", { onclick: () => this.open(this.what) }, "Again"));
  }

  #say(...nodes) {
    fill(this.message, ...nodes);
    this.message.hidden = nodes.length === 0;
    this.player.box.hidden = nodes.length > 0;
  }

  // --- what is shown

  #shown(frame) {
    this.#overlay(); // in the same task as the picture: both reach the screen together
    this.timeline.at(frame);
    this.saves.at(frame);
    if (this.live.on && this.model.exact && this.player.playing) this.#pace();
    this.#bar();
  }

  #overlay() {
    const { player } = this;
    if (!this.boxes || player.frame < 0) return player.pen.clearRect(0, 0, player.overlay.width, player.overlay.height);
    const known = nearest(this.boxes, player.frame);
    this.age = known === null ? null : player.frame - known;
    this.seen = this.showsBoxes && known !== null ? this.boxes.shown(known) : [];
    player.overlay.classList.toggle("old", this.age > 0);
    draw(player.pen, this.seen, player.scale, (kind) => this.boxes.name(kind), player.ratio);
    this.#note();
    this.after?.(player);
  }

  #note() {
    const some = `${count(this.seen.length)} ${this.seen.length === 1 ? "box" : "boxes"}`;
    const old = this.age > 0 ? `, ${counted(this.age, "frame")} old` : "";
    this.note.textContent = !this.showsBoxes ? "boxes are off" : this.age === null ? "no boxes yet" : some + old;
  }

  #bar() {
    const { player } = this;
    const plays = player.playing || this.held;
    const label = plays ? "Pause (Space)" : "Play (Space)";
    if (this.playLabel !== label) {
      this.playLabel = label;
      fill(this.playButton, icon(plays ? "pause" : "play"));
      this.playButton.title = label;
      this.playButton.setAttribute("aria-label", label);
    }
    this.speed.value = player.speed;
    this.info.textContent = this.video && player.frame >= 0 ? `${count(player.frame)} / ${count(player.frames - 1)}   ${clock(player.clock)}` : "";
    this.saveButton.disabled = !this.video || player.frame < 0;
    if (!this.video) this.note.textContent = "";
  }

  #thresholds() {
    this.#keep();
    if (!this.boxes) return;
    Object.assign(this.boxes, this.limits.values(this.boxes.head));
    this.redraw();
    this.recount();
  }

  /** Counts of the whole video, which follow as soon as they are there. */
  recount() {
    if (!this.boxes.any) return this.timeline.show(null);
    this.boxes.summarize((found) => {
      this.timeline.show(found);
      this.limits.counts(found.perClass, (kind) => this.boxes.name(kind));
    });
  }

  #toggleBoxes() {
    this.showsBoxes = !this.showsBoxes;
    this.boxesButton.setAttribute("aria-pressed", String(this.showsBoxes));
    this.redraw();
  }

  #goTo(frame) {
    this.player.goTo(frame);
    this.player.element.focus({ preventScroll: true });
  }

  // --- saving

  #save() {
    if (!this.video || this.player.frame < 0) return;
    const frame = this.player.frame;
    const predictions = (this.boxes?.knows(frame) ? this.boxes.shown(frame) : []).map((box) => [box.kind, box.conf, box.x1, box.y1, box.x2, box.y2]);
    const weights = this.model.weights;
    this.saves.save(frame, { predictions, weights, cache: this.video.cache, live: this.live.id, hamming: this.hamming.value() });
  }

  #saved(frame, saved) {
    const skip = Math.floor(Number(this.skip.value)) || 0;
    if (saved && skip > 0 && this.player.frame === frame) {
      const plays = this.player.playing;
      this.player.goTo(frame + skip);
      if (plays) this.player.toggle();
    }
  }

  async #output() {
    try {
      const { folder } = await write("review/output", { folder: this.output.value });
      this.folder = folder;
      this.outputError.hidden = true;
      if (this.video) this.saves.open(this.video, folder);
      this.#keep();
    } catch (error) {
      this.outputError.hidden = false;
      fill(this.outputError, icon("warn"), h("span", {}, error.message));
    }
  }

  /** Tells the server's decoder where the play head is. */
  #head() {
    const { player, video } = this;
    if (!video || player.frame < 0 || !this.host.checkVisibility()) return;
    const rate = video.rate ?? 25;
    const ahead = player.playing ? Math.ceil(rate * player.speed * AHEAD_S) : 1;
    const now = `${player.frame} ${ahead} ${player.playing || this.held} ${this.live.id}`;
    if (now === this.told || this.telling) return;
    this.told = now;
    this.telling = true;
    write(`review/${video.id}/head`, { frame: player.frame, ahead, playing: player.playing || Boolean(this.held), speed: player.video.playbackRate, live: this.live.id, exact: this.model.exact })
      .catch(() => null)
      .finally(() => (this.telling = false));
  }

  #keep() {
    const values = { ...this.limits.kept(), output: this.output?.value, hamming: this.hamming?.value(), skip: Number(this.skip?.value) || 0 };
    localStorage.setItem(KEPT, JSON.stringify(values));
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function slider(label, knob, value, changed) {
  const input = h("input.plain", { type: "range", min: knob.low, max: knob.high, step: 1, value: value ?? knob.default, "aria-label": label });
  const shown = h("output.num", {}, input.value);
  input.addEventListener("input", () => {
    shown.textContent = input.value;
    changed();
  });
  input.addEventListener("pointerup", () => input.blur());
  return { element: h("div.slider-line", { title: knob.help }, h("span", {}, label), shown, input), value: () => Number(input.value) };
}
