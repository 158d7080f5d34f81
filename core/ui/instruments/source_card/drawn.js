// What is drawn of a source: the facts of a file, or those of a video on the web.

import { bytes, clock, count, h, icon, refill, sentence } from "../dom.js";

const shortClock = (seconds) => clock(seconds).replace(/(\.\d)\d\d$/, "$1");
const LIVE = {
  live: "A live broadcast that is going on: come back when it is over.",
  upcoming: "A broadcast that has not begun: come back when it is over.",
  processing: "The site still works on this broadcast: come back in some hours.",
};

/** Rows of names and values; what is not known yet keeps its room. */
function list(rows) {
  const row = ([name, value]) => [h("dt", {}, name), h("dd", {}, value || "...")];
  return h("dl.facts-list", {}, rows.map(row));
}

/** Nothing is known: the room stays, so that what is below is not moved away under a click. */
export function drawNothing(card) {
  refill(card, h("div.poster-line", {}, h("div.poster"), h("p.sub", {}, "What the video is will stand here.")));
}

/** Draws a file. `poster` is the node of its picture; `streams`: { chosen(index), left() } where there are several. */
export function drawFile(card, facts, { title, source, poster, streams }) {
  const rows = [
    ["Picture", facts.width && `${facts.width} x ${facts.height}`],
    ["Length", facts.duration_s && shortClock(facts.duration_s)],
    ["Rate", facts.rate && `${Number(facts.rate.toFixed(3))} fps`],
    ["Frames", facts.frames ? count(facts.frames) : facts.width && "counting..."],
    ...(facts.repaired_times ? [["Times", `${count(facts.repaired_times)} without a usable time stamp`]] : []),
    ["Codec", facts.codec && `${facts.codec}, ${bytes(facts.size_bytes)}`],
    ...(facts.colours ? [["Colours", facts.colours]] : []),
  ];
  refill(
    card,
    h("p.source-title", { title: source }, title),
    h("div.poster-line", {}, h("div.poster", {}, poster), list(rows)),
    facts.streams?.length > 1 && chooser(facts, streams),
    facts.cut_off && h("p.error.cut-off", {}, icon("warn"), h("span", {}, sentence(facts.cut_off))),
  );
}

/** Which video stream is read; another one is looked at anew. */
function chooser(facts, { chosen, left }) {
  const options = facts.streams.map(({ index, text }) => h("option", { value: index }, text));
  const select = h("select.ctl", { "aria-label": "Video stream" }, options);
  select.value = facts.stream;
  select.addEventListener("blur", () => select.isConnected && left());
  select.addEventListener("change", () => chosen(Number(select.value)));
  return h("label.line.sub.streams", {}, h("span", {}, `Stream, 1 of ${facts.streams.length}`), select);
}

/** A site is being asked; `stop()` gives it up. */
export function asking(card, host, stop) {
  const cancel = h("button.btn.small", { onclick: stop }, "Cancel");
  refill(card, h("div.line", {}, h("span", { role: "status" }, `Asking ${host}...`), h("span.gap"), cancel));
}

/** Draws a video of a site; `choose(item)` where it is a playlist. */
export function drawWeb(card, facts, source, choose) {
  const rows = [
    ["Site", facts.site],
    ["By", facts.uploader],
    ["Length", facts.duration_s && shortClock(facts.duration_s)],
    ["Height", facts.height_px && `${facts.height_px} px of ${facts.heights.at(-1)}`],
    ["Download", facts.size_bytes && `about ${bytes(facts.size_bytes)}`],
  ].filter(([, value]) => value);
  const live = LIVE[facts.live];
  refill(
    card,
    h("p.source-title", { title: facts.title }, facts.title || source),
    list(rows),
    live && h("p.error", {}, icon("warn"), h("span", {}, live)),
    facts.note && h("p.sub", {}, facts.note),
    facts.playlist && playlist(facts, choose),
  );
}

function playlist(facts, choose) {
  const options = facts.entries.map((entry) => h("option", { value: entry.item }, `${entry.item}. ${entry.title}`));
  const select = h("select.ctl", { "aria-label": "Video of the playlist" }, options);
  select.addEventListener("change", () => choose(Number(select.value)));
  const total = facts.entries_total ?? facts.entries.length;
  return h("div.control", {}, h("p.sub", {}, `A playlist of ${count(total)} videos: choose one.`), select);
}
