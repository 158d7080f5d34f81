// The videos of a folder and below it: those of the folder itself first, in each the largest first.

import { bytes, clock, count, fill, h, icon, sentence as asSentence } from "../dom.js";
import { speaker } from "../says.js";
import { write } from "../server.js";

const SEARCHED_FROM = 6; // videos from which a box to search them is worth its room

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  return new VideoList(element, props, speaker(element, trigger, ["chosen"]));
}

class VideoList {
  constructor(element, props, tell) {
    this.props = props;
    this.tell = tell;
    this.videos = [];
    this.lines = new Map();
    this.current = null;
    const plain = { type: "search", spellcheck: "false", autocomplete: "off", placeholder: "Search names" };
    this.search = h("input.box.search", { ...plain, "aria-label": "Search the videos", hidden: true });
    this.search.addEventListener("input", () => this.#draw());
    this.error = h("p.error", { role: "alert", hidden: true });
    this.rows = h("ul.video-list", { "aria-label": "Videos" });
    fill(element, this.search, this.error, this.rows);
    this.turn = null;
    this.#draw();
  }

  /**
   * Lists a folder; of two at a time the later one wins. Says whether it could be.
   * @param {{folder: string, output: string, weights: ?string}} asked
   * @returns {Promise<boolean>}
   */
  async load(asked) {
    const turn = (this.turn = {});
    try {
      const found = await write("review/folder", asked);
      if (turn !== this.turn) return false;
      this.videos = found.videos;
      this.#fail(null);
    } catch (error) {
      if (turn !== this.turn) return false;
      this.videos = [];
      this.#fail(error.message);
    }
    this.search.hidden = this.videos.length < SEARCHED_FROM;
    if (this.search.hidden) this.search.value = "";
    this.#draw();
    return this.error.hidden === true;
  }

  /** `facts` of the video that is open now: counted, where the list has what its header claims. */
  at(id, facts = {}) {
    this.current = id;
    const { duration_s, width, height } = facts;
    if (width) this.#change(id, { duration_s, width, height });
    else this.#draw();
  }

  /** How many frames of a video are saved now. */
  saved(id, amount) {
    if (this.videos.find((video) => video.id === id)?.saved !== amount) this.#change(id, { saved: amount });
  }

  #change(id, more) {
    this.videos = this.videos.map((video) => (video.id === id ? { ...video, ...more } : video));
    this.#draw();
  }

  #fail(sentence) {
    this.error.hidden = !sentence;
    if (sentence) fill(this.error, icon("warn"), h("span", {}, asSentence(sentence)));
  }

  /** A line that says the same as before stays: whoever is on it stays there. */
  #draw() {
    const before = this.lines;
    const words = this.search.value.toLowerCase().split(/\s+/);
    const listed = this.videos.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
    this.lines = new Map();
    const empty = this.turn ? "No videos in this folder or below it." : "The videos of the folder will stand here.";
    const none = this.videos.length ? "No video has these words in its name." : empty;
    fill(
      this.rows,
      listed.length === 0 && this.error.hidden && h("li.sub.none", {}, none),
      listed.map((video) => {
        const key = JSON.stringify([video, video.id === this.current]);
        this.lines.set(key, before.get(key) ?? this.#line(video));
        return this.lines.get(key);
      }),
    );
  }

  #line(video) {
    const on = video.id === this.current;
    const cut = video.name.lastIndexOf("/") + 1;
    const [current, title] = [on ? "true" : null, video.error ?? video.name];
    const told = { "aria-current": current, disabled: Boolean(video.error), title };
    const cached = video.cached && h("span.has", { title: "Its boxes are computed already" }, icon("check"), "boxes");
    const there = { title: "Frames of it in the output folder" };
    const saved = video.saved > 0 && h("span.has", there, `${count(video.saved)} saved`);
    return h(
      "li",
      {},
      h(
        on ? "button.video.on" : "button.video",
        { ...told, onclick: () => this.#choose(video.id) },
        h("span.line", {}, h("b", {}, video.name.slice(cut)), saved, cached),
        h("span.sub.num", {}, video.error ?? factsOf(video, video.name.slice(0, cut))),
      ),
    );
  }

  #choose(id) {
    this.props.value = id;
    this.tell("chosen", id);
  }
}

function factsOf(video, folder) {
  const size = video.width ? `${video.width}x${video.height}` : "";
  const length = video.duration_s && clock(video.duration_s).replace(/\.\d+$/, "");
  return [folder, bytes(video.bytes), length, size].filter(Boolean).join(", ");
}
