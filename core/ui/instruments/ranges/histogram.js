// The histogram above a range slider. A bar shows its frames when clicked; with keys: arrows choose, Enter shows.

import { count, h, number, title } from "../dom.js";

const HEIGHT = 26;

export class Histogram {
  /** `column` as `select_worker.describe` tells it; `peek(column, low, high, last)` shows the frames of a bar. */
  constructor(column, peek) {
    this.column = column;
    this.peek = peek;
    this.bins = column.all.length;
    this.most = Math.max(1, ...column.all);
    this.kept = h("path.kept");
    this.cursor = h("rect.cursor", { y: 0, width: 1, height: HEIGHT });
    this.element = h(
      "svg.hist",
      {
        viewBox: `0 0 ${this.bins} ${HEIGHT}`,
        preserveAspectRatio: "none",
        tabindex: 0,
        role: "slider",
        "aria-label": `${title(column.name)}, histogram: arrows choose a bar, Enter shows its frames`,
        "aria-valuemin": 1,
        "aria-valuemax": this.bins,
        onclick: (event) => this.#clicked(event),
        onkeydown: (event) => this.#key(event),
      },
      h("path.all", { d: this.#outline(column.all) }),
      this.kept,
      this.cursor,
    );
    this.#at(0);
  }

  /** Shows how many frames of each bar are kept. */
  draw(bins) {
    this.kept.setAttribute("d", this.#outline(bins));
  }

  #at(bin) {
    this.bin = Math.max(0, Math.min(this.bins - 1, bin));
    const [low, high] = this.#bounds(this.bin);
    this.cursor.setAttribute("x", String(this.bin));
    this.element.setAttribute("aria-valuenow", String(this.bin + 1));
    const frames = count(this.column.all[this.bin]);
    this.element.setAttribute("aria-valuetext", `${number(low)} to ${number(high)}: ${frames} frames`);
  }

  #bounds(bin) {
    const { low, high } = this.column;
    const width = (high - low) / this.bins;
    return [low + bin * width, bin === this.bins - 1 ? high : low + (bin + 1) * width];
  }

  #show(bin) {
    this.#at(bin);
    this.peek(this.column.name, ...this.#bounds(this.bin), this.bin === this.bins - 1);
  }

  #clicked(event) {
    const box = this.element.getBoundingClientRect();
    this.#show(Math.floor((this.bins * (event.clientX - box.left)) / box.width));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [less, more] = [this.bin - 1, this.bin + 1];
    const moves = { ArrowLeft: less, ArrowDown: less, ArrowRight: more, ArrowUp: more, Home: 0, End: Infinity };
    if (event.key in moves) this.#at(moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.#show(this.bin);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Bars as one path; the square root lets small bars be seen. */
  #outline(bins) {
    let path = "";
    bins.forEach((frames, i) => {
      const height = Math.max(1.2, (HEIGHT - 1) * Math.sqrt(frames / this.most));
      if (frames) path += `M${i + 0.08} ${HEIGHT}v${-height.toFixed(2)}h.84V${HEIGHT}z`;
    });
    return path;
  }
}
