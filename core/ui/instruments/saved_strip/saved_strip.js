// Saved frames: a press is answered at once, the writing waits in a line; undo and tags get in that line behind it.

import { count, fill, h, icon } from "../dom.js";
import { speaker } from "../says.js";
import { address, read, write } from "../server.js";

const MOST_CARDS = 300;
const worded = (tag) => tag?.replaceAll("_", " ");
const tagged = ({ tag }) => (tag ? `, ${worded(tag)}` : "");

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  return new Saves(element, props, speaker(element, trigger));
}

class Saves {
  constructor(element, props, tell) {
    this.tell = tell;
    /** Key -> tag. */
    this.tags = props.tags;
    this.amount = h("span.num");
    const keys = Object.keys(this.tags)
      .map((key) => key.toUpperCase())
      .join(", ");
    this.chip = h("span.chip.tag-chip", { title: `Tag of the next saved frame (${keys}; C clears it)` });
    this.strip = h("ul.saved-strip", { "aria-label": "Saved frames", "aria-busy": "false" });
    const head = h("div.strip-head", {}, h("h3", {}, "Saved frames"), this.amount, h("span.gap"), this.chip);
    fill(element, h("div.saved", {}, head, this.strip));
    this.line = Promise.resolve();
    this.queued = 0;
    this.open(null);
  }

  /** Begins with another video or folder: { id } and the folder, or nothing. */
  open(video, folder) {
    this.video = video;
    this.folder = folder;
    this.entries = []; // of this visit, oldest first
    this.cards = new Map(); // name -> card of what lies in the folder
    this.tag = null;
    this.refused = null;
    this.turn = {};
    this.frame = null;
    this.#chip(null);
    this.#draw();
    if (video && folder) this.#load(this.turn);
  }

  async #load(turn) {
    try {
      const found = await read(`review/${this.video.id}/saved?folder=${encodeURIComponent(this.folder)}`);
      if (turn !== this.turn) return;
      const mine = new Set(this.entries.map((entry) => entry.name));
      for (const line of found) if (!mine.has(line.name)) this.cards.set(line.name, line);
      this.#draw();
    } catch (error) {
      if (turn === this.turn) this.say(error.message, true);
    }
  }

  /** Frame -> tag of everything that is saved or about to be. */
  get frames() {
    const found = new Map([...this.cards.values()].map((line) => [line.frame, line.tag]));
    for (const entry of this.entries) if (entry.state !== "gone") found.set(entry.frame, entry.tag);
    return found;
  }

  get last() {
    return this.entries.findLast((entry) => entry.state !== "gone") ?? null;
  }

  /** S: answered at once. `what`: predictions, weights, cache, hamming. */
  save(frame, what) {
    const force = this.refused === frame;
    this.refused = null;
    const entry = { frame, tag: this.tag, state: "pending", id: null, name: null, turn: this.turn };
    this.entries.push(entry);
    this.tag = null;
    this.say(`Saving frame ${count(frame)}${tagged(entry)}`);
    this.#shown(frame);
    this.#queue(async (video, folder) => {
      entry.sent = entry.tag;
      const answer = await write(`review/${video}/save`, { ...what, frame, tag: entry.tag, folder, force });
      if (answer.like) {
        entry.state = "gone";
        this.refused = frame;
        const why = answer.same_video && answer.frame === frame ? "saved already" : answer.like;
        this.say(`Frame ${count(frame)} is ${why}. Press S again to save it anyway.`, true);
        if (entry.turn === this.turn) this.tag = entry.tag;
      } else {
        const state = entry.state === "gone" ? "gone" : "saved";
        Object.assign(entry, { state, id: answer.id, name: answer.name, mark: answer.mark });
        this.cards.delete(answer.name);
        if (entry.state === "saved") this.say(`Saved frame ${count(frame)}${tagged(entry)}`);
      }
      if (entry.turn === this.turn) this.tell("saved", { frame, saved: !answer.like && entry.state === "saved" });
    }, entry);
  }

  /** F, N, U, C: for the last saved frame while it is still shown, else for the next save. */
  setTag(tag, frame) {
    const entry = this.last;
    if (!entry || entry.frame !== frame) {
      this.tag = this.tag === tag ? null : tag;
      this.say(this.tag ? `Next save: ${worded(this.tag)}` : "Next save: no tag");
      return this.#shown(frame);
    }
    entry.tag = tag;
    this.say(`Frame ${count(frame)}: ${tag ? worded(tag) : "no tag"}`);
    this.#shown(frame);
    this.#queue(async (video, folder) => {
      if (entry.id === null || entry.state === "gone" || entry.sent === entry.tag) return;
      entry.sent = entry.tag;
      await write(`review/${video}/retag`, { save: entry.id, tag: entry.tag, folder });
    });
  }

  /** Z: takes the last save back. */
  undo() {
    const entry = this.last;
    if (!entry) return this.say("There is nothing to undo.");
    entry.state = "gone";
    this.say(`Frame ${count(entry.frame)} is not saved any more`);
    this.#shown(entry.frame);
    this.#queue(async (video, folder) => {
      if (entry.id === null) return;
      const answer = await write(`review/${video}/undo`, { save: entry.id, folder });
      if (answer.left) await this.#load(this.turn);
    });
  }

  /** What the chip says about the frame on the screen. */
  at(frame) {
    if (this.refused !== null && this.refused !== frame) this.refused = null;
    this.frame = frame;
    this.#chip(frame);
  }

  say(sentence, wrong = false) {
    this.heard = sentence;
    this.tell("said", { sentence, wrong });
  }

  // --- below

  /** One after another, in the order of the keys; a failure says so and stops nothing. */
  #queue(work, entry = null) {
    const [video, folder] = [this.video.id, this.folder];
    this.queued++;
    this.#busy();
    this.line = this.line.then(async () => {
      try {
        await work(video, folder);
      } catch (error) {
        if (entry) entry.state = "gone";
        this.say(error.message, true);
      }
      this.#chip(this.frame);
      this.#draw();
      this.queued--;
      this.#busy();
    });
  }

  /** Says to all readers of the page whether something is still to be written. */
  #busy() {
    this.strip.setAttribute("aria-busy", String(this.queued > 0));
  }

  #shown(frame) {
    this.#chip(frame);
    this.#draw();
  }

  #chip(frame) {
    const entry = this.last;
    const saved = frame !== null && entry?.frame === frame;
    const tag = saved ? entry.tag : this.tag;
    this.chip.classList.toggle("set", saved || this.tag !== null);
    const words = saved ? `saved: ${worded(tag) ?? "no tag"}` : `tag: ${worded(tag) ?? "none"}`;
    fill(this.chip, saved ? icon("check") : h("i.dot"), words);
  }

  #draw() {
    const mine = this.entries.filter((entry) => entry.state !== "gone");
    const names = new Set(mine.map((entry) => entry.name));
    const lines = [...[...this.cards.values()].filter((line) => !names.has(line.name)), ...mine].slice(-MOST_CARDS);
    /** @type {NodeListOf<HTMLElement>} */
    const items = this.strip.querySelectorAll(":scope > *");
    const old = new Map(Array.from(items, (item) => [item.dataset.key, item]));
    fill(
      this.strip,
      lines.length === 0 && h("li.sub.none", {}, "None yet of this video. S saves the frame that is shown."),
      lines.map((line) => {
        const key = `${line.name ?? "pending"} ${line.mark ?? line.frame} ${line.tag}`;
        return old.get(key) ?? this.#card(line, key);
      }),
    );
    if (mine.length !== this.counted) {
      this.counted = mine.length;
      this.strip.scrollLeft = this.strip.scrollWidth;
    }
    this.amount.textContent = lines.length ? count(this.frames.size) : "";
    this.tell("marks", this.frames);
  }

  #card(line, key) {
    const label = `Frame ${count(line.frame)}${tagged(line)}`;
    return h(
      "li",
      { "data-key": key },
      h(
        "button.card",
        { "aria-label": label, title: label, onclick: () => this.tell("goto", line.frame) },
        h("span.card-pic", {}, line.name ? this.#picture(line) : h("span.sub", {}, "saving")),
        h("span.cap", {}, h("span", {}, count(line.frame)), h("span.tag", {}, worded(line.tag) ?? "")),
      ),
    );
  }

  #picture(line) {
    const query = `folder=${encodeURIComponent(this.folder ?? "")}&v=${line.mark}`;
    const src = address(`review/${this.video.id}/saved/${encodeURIComponent(line.name)}?${query}`);
    const gone = (event) => event.target.replaceWith(h("span.sub", {}, "no picture"));
    return h("img", { src, alt: "", loading: "lazy", onerror: gone });
  }

  /** Waits until everything is written (tests). */
  settled() {
    return this.line;
  }
}
