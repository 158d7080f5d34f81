// The job bar at the bottom of the page. Hidden, without taking room, until `render` gets a snapshot.
//
// A snapshot: { title, state, done, total, per_s, left_s, note, cancel, open }, where `state` is queued, running, done, failed
// or cancelled, `cancel` and `open` are functions or null. `render(null)` hides the bar again.

import { count, fill, h } from "./dom.js";

const text = h("b");
const inner = h("i");
const bar = h("div.bar", { role: "progressbar", "aria-label": "Job progress", "aria-valuemin": 0, "aria-valuemax": 100 }, inner);
const rate = h("span.sub.num");
const note = h("span.sub.last", { role: "status" });
const cancel = h("button.btn.small", {}, "Cancel");
const log = h("button.link", {}, "Log");

let host = null;
let shown = null;

export function mount({ element }) {
  host = element.closest("#jobs");
  fill(element, text, bar, rate, cancel, log, note);
  render(shown);
}

export function render(snapshot) {
  shown = snapshot;
  if (!host) return;
  host.classList.toggle("on", snapshot !== null);
  document.documentElement.classList.toggle("fs-with-jobs", snapshot !== null);
  if (snapshot === null) return;
  const running = snapshot.state === "running" || snapshot.state === "queued";
  const share = snapshot.total ? Math.min(100, (100 * snapshot.done) / snapshot.total) : 0;
  const of = snapshot.total ? ` ${count(snapshot.done)}/${count(snapshot.total)}` : "";
  text.textContent = `${snapshot.title}${of}`;
  inner.style.width = `${share}%`;
  bar.setAttribute("aria-valuenow", Math.round(share));
  bar.style.visibility = running ? "" : "hidden";
  const left = snapshot.left_s === null || snapshot.left_s === undefined ? "" : `, ${Math.ceil(snapshot.left_s)} s left`;
  rate.textContent = running && snapshot.per_s ? `${count(snapshot.per_s)} fps${left}` : "";
  note.textContent = snapshot.note ?? "";
  cancel.hidden = !(running && snapshot.cancel);
  cancel.onclick = snapshot.cancel ?? null;
  log.hidden = !snapshot.open;
  log.onclick = snapshot.open ?? null;
}
