// Saved frames: a press is answered at once, the writing waits in a line; undo and tags get in that line behind it.

import { count, fill, h, icon } from "./dom.js";
import { address, read, write } from "./server.js";

export const TAGS = { f: "false_positive", n: "false_negative", u: "uncertain", c: null };
export const TAG_WORDS = { false_positive: "false positive", false_negative: "false negative", uncertain: "uncertain" };
const FLASH_MS = 2200;
const MOST_CARDS = 300;

export class Saves {
  /** `goTo(frame)` for a click on a saved frame; `changed(Map frame -> tag)` for the timeline; `moved(frame)` after a save. */
  constructor({ goTo, changed, done }) {
    this.tell = { goTo, changed, done };
    this.strip = h("div.saved-strip", { role: "list", "aria-label": "Saved frames" });
    this.flash = h("div.flash", { role: "status", "aria-live": "polite" });
    this.chip = h("span.chip.tag-chip", { title: "Tag of the next save (F, N, U; C clears it)" });
    this.line = Promise.resolve();
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
      for (const line of found) if (!this.entries.some((entry) => entry.name === line.name)) this.cards.set(line.name, line);
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
    this.say(`Saving frame ${count(frame)}${entry.tag ? `, ${TAG_WORDS[entry.tag]}` : ""}`);
    this.#shown(frame);
    this.#queue(async (video, folder) => {
      const answer = await write(`review/${video}/save`, { ...what, frame, tag: entry.sent = entry.tag, folder, force });
      if (answer.like) {
        entry.state = "gone";
        this.refused = frame;
        const why = answer.same_video && answer.frame === frame ? "saved already" : answer.like;
        this.say(`Frame ${count(frame)} is ${why}. Press S again to save it anyway.`, true);
        if (entry.turn === this.turn) this.tag = entry.tag;
      } else {
        Object.assign(entry, { state: entry.state === "gone" ? "gone" : "saved", id: answer.id, name: answer.name, mark: answer.mark });
        this.cards.delete(answer.name);
        if (entry.state === "saved") this.say(`Saved frame ${count(frame)}${entry.tag ? `, ${TAG_WORDS[entry.tag]}` : ""}`);
      }
      if (entry.turn === this.turn) this.tell.done(frame, !answer.like && entry.state === "saved");
    }, entry);
  }

  /** F, N, U, C: for the last saved frame while it is still shown, else for the next save. */
  setTag(tag, frame) {
    const entry = this.last;
    if (!entry || entry.frame !== frame) {
      this.tag = this.tag === tag ? null : tag;
      this.say(this.tag ? `Next save: ${TAG_WORDS[this.tag]}` : "Next save: no tag");
      return this.#shown(frame);
    }
    entry.tag = tag;
    this.say(`Frame ${count(frame)}: ${tag ? TAG_WORDS[tag] : "no tag"}`);
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
    clearTimeout(this.timer);
    fill(this.flash, wrong && icon("warn"), h("span", {}, sentence));
    this.flash.classList.toggle("wrong", wrong);
    this.flash.classList.add("on");
    this.timer = setTimeout(() => this.flash.classList.remove("on"), wrong ? 3 * FLASH_MS : FLASH_MS);
  }

  // --- below

  /** One after another, in the order of the keys; a failure says so and stops nothing. */
  #queue(work, entry = null) {
    const [video, folder] = [this.video.id, this.folder];
    this.line = this.line.then(async () => {
      try {
        await work(video, folder);
      } catch (error) {
        if (entry) entry.state = "gone";
        this.say(error.message, true);
      }
      this.#chip(this.frame);
      this.#draw();
    });
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
    fill(this.chip, saved ? icon("check") : h("i.dot"), saved ? `saved: ${TAG_WORDS[tag] ?? "no tag"}` : `tag: ${TAG_WORDS[tag] ?? "none"}`);
  }

  #draw() {
    const mine = this.entries.filter((entry) => entry.state !== "gone");
    const names = new Set(mine.map((entry) => entry.name));
    const lines = [...[...this.cards.values()].filter((line) => !names.has(line.name)), ...mine].slice(-MOST_CARDS);
    const old = new Map([...this.strip.children].map((card) => [card.dataset.key, card]));
    const folder = encodeURIComponent(this.folder ?? "");
    fill(
      this.strip,
      lines.length === 0 && h("p.sub.none", {}, "Saved frames appear here. S saves the frame that is shown."),
      lines.map((line) => {
        const key = `${line.name ?? "pending"} ${line.mark ?? line.frame} ${line.tag}`;
        if (old.has(key)) return old.get(key);
        const picture = line.name && h("img", { src: address(`review/${this.video.id}/saved/${encodeURIComponent(line.name)}?folder=${folder}&v=${line.mark}`), alt: "", loading: "lazy" });
        const label = `Frame ${line.frame}${line.tag ? `, ${TAG_WORDS[line.tag] ?? line.tag}` : ""}`;
        return h(
          "button.card",
          { role: "listitem", "data-key": key, "aria-label": label, title: label, onclick: () => this.tell.goTo(line.frame) },
          h("span.card-pic", {}, picture || h("span.sub", {}, "saving")),
          h("span.cap", {}, h("span", {}, count(line.frame)), h("span", {}, TAG_WORDS[line.tag] ?? "")),
        );
      }),
    );
    if (mine.length !== this.counted) {
      this.counted = mine.length;
      this.strip.scrollLeft = this.strip.scrollWidth;
    }
    this.tell.changed(this.frames);
  }

  /** Waits until everything is written (tests). */
  settled() {
    return this.line;
  }
}
