// Below the enlarged frames: how far they are zoomed in, and how many are shown side by side.

import { h } from "../dom.js";
import { actual } from "./zoom.js";

export const AMOUNTS = [1, 2, 4];

export class Bar {
  /** `does`: { zoomBy(steps), fit(), actual(), spread(amount) }. */
  constructor(does) {
    const key = (text, label, onclick) => h("button.ibtn", { "aria-label": label, title: label, onclick }, text);
    this.percent = h("span.percent.num", { role: "status", "aria-label": "Zoom" });
    this.fitted = h("button", { onclick: does.fit, title: "The whole picture (click)" }, "Fit");
    this.actual = h("button", { onclick: does.actual, title: "One pixel is one of the screen's (click)" }, "100 %");
    this.amounts = AMOUNTS.map((amount) => {
      const label = amount === 1 ? "One frame (B)" : `${amount === 2 ? "Two" : "Four"} frames side by side (B)`;
      return h("button.num", { "aria-label": label, title: label, onclick: () => does.spread(amount) }, amount);
    });
    this.element = h(
      "div.stage-bar",
      {},
      key("\u2212", "Zoom out (<)", () => does.zoomBy(-1)),
      this.percent,
      key("+", "Zoom in (>)", () => does.zoomBy(1)),
      h("div.seg", { role: "group", "aria-label": "Zoom" }, this.fitted, this.actual),
      h("span.sub.hint", {}, "Click or wheel to zoom, drag to move"),
      h("span.gap"),
      h("span.sub.hint", {}, "Frames"),
      h("div.seg", { role: "group", "aria-label": "Frames side by side" }, this.amounts),
    );
  }

  /** Shows the scale of the current view, and how many views there are of how many that can be. */
  show({ scale, isFitted, amount, possible }) {
    const percent = (100 * scale) / actual();
    this.percent.textContent = `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
    this.fitted.setAttribute("aria-pressed", String(isFitted));
    this.actual.setAttribute("aria-pressed", String(Math.abs(percent - 100) < 0.05));
    this.amounts.forEach((button, i) => {
      const most = AMOUNTS[i];
      const below = AMOUNTS[i - 1] ?? 0;
      button.setAttribute("aria-pressed", String(amount > below && amount <= most));
      button.disabled = possible <= below;
    });
  }
}
