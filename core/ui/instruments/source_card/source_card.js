// What a source is that a person named: looked at at once where it is a file; of a web address the site is asked only
// after a click. Several files at once are extracted one after the other.

import { count, fill, h, icon, refill } from "../dom.js";
import { address, read, write } from "../server.js";
import { isActive, onJobs } from "../watch.js";
import { asking, drawFile, drawNothing, drawWeb } from "./drawn.js";
import { estimate, framesOf, learn } from "./estimate.js";

const POLL_MS = 150;

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  const card = new SourceCard(props, trigger);
  fill(element, card.card);
  const tab = document.getElementById(props.tab) ?? element;
  const go = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (card.ready) trigger("go");
  };
  tab.addEventListener("keydown", go, true);
  card.restore();
  return card;
}

class SourceCard {
  /** `props.value` is the source that was found good, empty while there is none. */
  constructor(props, trigger) {
    this.props = props;
    this.trigger = trigger;
    this.maxHeight = "1080";
    this.turn = 0;
    this.busy = false;
    this.text = "";
    this.source = this.facts = this.poster = this.item = this.wrong = null;
    /** Paths where several files were chosen at once. */
    this.several = [];
    /** Number of the video stream that a person chose; null = the film. */
    this.stream = null;
    this.card = h("div.about-source", { "aria-live": "polite" });
    drawNothing(this.card);
    onJobs((jobs) => this.#jobs(jobs));
  }

  // --- what the tab asks

  /** Whether an extraction can begin. */
  get ready() {
    return Boolean(this.source) && !this.busy;
  }

  /** For the controls beside: number of the stream, of the playlist's video, and whether a height is to be chosen. */
  beside() {
    return [this.stream, this.item, { __type__: "update", visible: this.kind === "url" }];
  }

  /** For the button that begins. */
  button() {
    return { __type__: "update", interactive: this.ready };
  }

  /** The tallest video that a site is asked for. */
  height(value) {
    this.maxHeight = value;
  }

  /** Writes what each method would choose beside its name; the values are those of the form. */
  estimates(radio, method, interval, every, target, faces, faceFilter) {
    this.values = { method, interval: interval ?? 2, every: every ?? 10, target, faces, face_filter: faceFilter };
    const labels = document.getElementById(radio)?.querySelectorAll("label") ?? [];
    for (const label of labels) {
      const one = label.querySelector("input").value;
      const settings = { ...this.values, method: one, target: one === method ? target : null };
      label.dataset.estimate = estimate(this.facts, settings);
    }
  }

  /** What is chosen, for a pane that shows it: { source, title, poster }. */
  about() {
    return [{ source: this.source, title: this.title, poster: this.poster }];
  }

  /** How many frames the form would choose, null while that is not known. */
  frames() {
    return [this.values ? framesOf(this.facts, this.values) : null];
  }

  /** What the last visit left. */
  restore() {
    const { text, stream } = remembered(this.props.remember);
    if (!text) return;
    this.text = text;
    this.trigger("restored");
    this.#take(text, stream ?? null);
  }

  #changed() {
    const source = this.source ?? "";
    if (this.props.value !== source) this.props.value = source;
    remember(this.props.remember, { text: this.text, stream: this.stream });
    this.trigger("facts");
  }

  #jobs(jobs) {
    const mine = jobs.filter((job) => job.verb === "extract" && job.source === this.source);
    const busy = mine.some(isActive);
    if (this.busy && !busy && mine[0]?.state === "done" && this.facts && this.values)
      learn(this.values, mine[0].per_s, this.facts);
    if (this.busy === busy) return;
    this.busy = busy;
    this.trigger("facts");
  }

  // --- what it is

  /** What was there before is forgotten at once: never is another video extracted than the one that the field names. */
  forget() {
    this.#begin("");
  }

  /** Takes what the field says: { text, paths }. */
  take({ text, paths }) {
    if (paths.length > 1) return this.#takeSeveral(paths);
    return this.#take(text);
  }

  /** The sentence of what is wrong, for the field, and a folder to look into instead. */
  refusal() {
    return this.wrong ? [this.wrong.message, this.wrong.facts?.folder ?? null] : ["", null];
  }

  /** The text of the last visit, for the field. */
  words() {
    return [this.text];
  }

  /** The paths that are extracted, where they are several. */
  all() {
    return [this.several];
  }

  async #take(text, stream = null) {
    const turn = this.#begin(text);
    if (!text.trim()) return;
    this.stream = stream;
    try {
      const found = await write("source/look", stream === null ? { text } : { text, stream });
      if (turn === this.turn) this.#found(found, turn);
    } catch (error) {
      if (turn === this.turn) this.#refused(error);
    }
  }

  #takeSeveral(paths) {
    this.#begin("");
    this.several = paths;
    this.source = paths[0];
    const names = paths.map((path) => h("li", { title: path }, path.split(/[\\/]/).pop()));
    fill(
      this.card,
      h("p.source-title", {}, `${count(paths.length)} videos, one after the other`),
      h("ul.several", {}, names),
    );
    this.#changed();
  }

  #begin(text) {
    if (this.look) write(`source/looks/${this.look}/cancel`, {}).catch(() => null);
    this.text = text;
    this.source = this.facts = this.kind = this.look = this.item = this.poster = this.stream = this.title = null;
    this.several = [];
    this.chose = false;
    this.#fail(null);
    drawNothing(this.card);
    this.#changed();
    return ++this.turn;
  }

  #fail(error) {
    if (!error && !this.wrong) return;
    this.wrong = error;
    this.trigger("refused");
  }

  #refused(error) {
    drawNothing(this.card);
    this.#fail(error);
  }

  #found({ kind, source, title, look }, turn) {
    this.kind = kind;
    this.source = source;
    this.title = title ?? source;
    this.look = look ?? null;
    if (kind === "url" && !look) this.#offer();
    else {
      this.#show({ state: "looking", facts: {} });
      this.#follow(turn);
    }
    this.#changed();
  }

  async #follow(turn) {
    const { look } = this;
    let seen = "";
    for (;;) {
      let state;
      try {
        state = await read(`source/looks/${look}`);
      } catch (error) {
        if (turn === this.turn) this.#refused(error);
        return;
      }
      if (turn !== this.turn) return;
      const mark = JSON.stringify(state);
      if (mark !== seen) {
        seen = mark;
        if (state.state === "failed") {
          if (this.kind === "file") this.source = null;
          this.#refused(new Error(state.error));
          if (this.kind === "url") this.#offer();
        } else {
          this.facts = Object.keys(state.facts).length ? state.facts : null;
          this.poster = state.poster ? address(`source/looks/${look}/poster`) : null;
          this.#show(state);
          if (state.state === "done") this.trigger("good");
        }
        this.#changed();
      }
      if (state.state !== "looking") return;
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }

  /** A web address: nothing has been asked of anybody yet. */
  #offer() {
    const host = hostOf(this.source);
    const ask = async () => {
      const turn = this.#begin(this.text);
      try {
        const found = await write("source/ask", { text: this.text, max_height: this.maxHeight });
        if (turn === this.turn) this.#found(found, turn);
      } catch (error) {
        if (turn === this.turn) this.#refused(error);
      }
    };
    refill(
      this.card,
      h("p.sub", {}, "A web address. Looking it up asks ", h("b", {}, host), "; nothing is downloaded yet."),
      h("div.line", {}, h("button.btn", { onclick: ask }, icon("zoom"), "Look it up")),
    );
  }

  #show(state) {
    if (this.kind === "file") return this.#showFile(state);
    if (state.state === "looking") return asking(this.card, hostOf(this.source), () => this.#take(this.text));
    const choose = (item) => {
      this.item = item;
      this.#changed();
    };
    this.item = state.facts.playlist ? (state.facts.entries[0]?.item ?? null) : null;
    return drawWeb(this.card, state.facts, this.source, choose);
  }

  #showFile({ state, facts }) {
    const poster = this.poster
      ? h("img", { src: this.poster, alt: "" })
      : h("span.holder", {}, state === "looking" && "...");
    const streams = {
      chosen: (stream) => {
        this.#take(this.text, stream);
        this.chose = true;
      },
      left: () => (this.chose = false),
    };
    drawFile(this.card, facts, { title: this.title, source: this.source, poster, streams });
    if (this.chose) this.card.querySelector("select")?.focus();
  }
}

function remembered(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {}; // not ours
  }
}

function remember(key, values) {
  try {
    localStorage.setItem(key, JSON.stringify({ ...remembered(key), ...values }));
  } catch {
    // no storage here: the text is there until the page is closed
  }
}

function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
