// The videos of a folder, the largest first, and the run that is open elsewhere on the page.

import { bytes, clock, fill, h, icon } from "./dom.js";
import { write } from "./server.js";

const FOLDER = "framesieve.review.folder";

export class VideoList {
  /** `choose({ video } | { run })` opens one. `about`: of the server. */
  constructor(about, choose) {
    this.choose = choose;
    this.videos = [];
    this.current = null;
    this.folder = h("input.box.path-box", { type: "text", spellcheck: "false", autocomplete: "off", "aria-label": "Folder of videos", list: "fs-review-roots", placeholder: about.roots[0] ?? "" });
    this.folder.value = localStorage.getItem(FOLDER) ?? about.roots[0] ?? "";
    this.folder.addEventListener("keydown", (event) => event.key === "Enter" && this.load());
    this.folder.addEventListener("change", () => this.load());
    this.error = h("p.error", { role: "alert", hidden: true });
    this.run = h("button.btn.small", { hidden: true, onclick: () => choose({ run: this.runId }) });
    this.rows = h("div.video-list", { role: "list", "aria-label": "Videos" });
    this.element = h(
      "section",
      {},
      h("div.line", {}, h("h3", {}, "Videos"), h("span.gap"), this.run),
      h("div.line", {}, this.folder, h("button.btn.small", { onclick: () => this.load(), "aria-label": "List the folder again" }, "List")),
      h("datalist", { id: "fs-review-roots" }, about.roots.map((root) => h("option", { value: root }))),
      this.error,
      this.rows,
    );
  }

  /** The run that is open in the header. */
  showRun(run) {
    this.runId = run?.id ?? null;
    this.run.hidden = !run;
    if (run) fill(this.run, "Review the run");
    this.run.title = run ? `Review ${run.video}, the video of the run ${run.name}` : "";
  }

  async load(weights = this.weights) {
    this.weights = weights ?? null;
    const turn = (this.turn = {});
    try {
      const found = await write("review/folder", { folder: this.folder.value, weights: this.weights });
      if (turn !== this.turn) return;
      localStorage.setItem(FOLDER, this.folder.value);
      this.videos = found.videos;
      this.#fail(null);
    } catch (error) {
      if (turn !== this.turn) return;
      this.videos = [];
      this.#fail(error.message);
    }
    this.#draw();
  }

  at(id) {
    this.current = id;
    this.#draw();
  }

  #fail(sentence) {
    this.error.hidden = !sentence;
    if (sentence) fill(this.error, icon("warn"), h("span", {}, sentence));
  }

  #draw() {
    fill(
      this.rows,
      this.videos.length === 0 && this.error.hidden && h("p.sub", {}, "No videos in this folder."),
      this.videos.map((video) => {
        const size = video.width ? `${video.width}x${video.height}` : "";
        const rate = video.rate ? `${Number(video.rate.toFixed(2))} fps` : "";
        const facts = video.error ?? [bytes(video.bytes), video.duration_s && clock(video.duration_s).replace(/\.\d+$/, ""), size, rate].filter(Boolean).join(", ");
        const on = video.id === this.current;
        return h(
          on ? "button.video.on" : "button.video",
          { role: "listitem", "aria-pressed": String(on), disabled: Boolean(video.error), title: video.error ?? video.name, onclick: () => this.choose({ video: video.id }) },
          h("span.line", {}, h("b", {}, video.name), video.cached && h("span.has", { title: "Its detections are there already" }, icon("check"), "cache")),
          h("span.sub.num", {}, facts),
        );
      }),
    );
  }
}
