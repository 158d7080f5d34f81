// One line of the run picker. All lines are equally high, so that the buttons beside the list stand at their lines:
// a list box holds options only.

import { counted, h, icon } from "../dom.js";
import { address } from "../server.js";

/** Height of a line, also in header.css. */
export const LINE_PX = 56;

/** What a line is called: its title, else the name of its folder. */
export const named = (line) => line.title ?? line.name;

/** Returns { row, buttons }: the option and the buttons beside it. `does`: { choose, edit, remove }, each of a line. */
export function lineOf(line, i, isOpen, does) {
  const about = (line.error ? [line.error] : aboutRun(line)).map((text) => h("span.sub.num", {}, text));
  const row = h(
    "div.run",
    {
      role: "option",
      id: `run-${i}`,
      "aria-selected": String(isOpen),
      "aria-disabled": line.id ? null : "true",
      title: line.error ?? (line.title ? `Folder ${line.name}` : ""),
      onclick: () => does.choose(line),
    },
    poster(line),
    h("span.run-words", {}, h("b", {}, named(line)), h("span.run-about", {}, about, stateOf(line))),
  );
  const act = (name, label, job) => {
    const about = { "aria-label": `${label} ${named(line)}`, title: label, tabindex: -1, onclick: () => job(line) };
    return h("button.ibtn.small", about, icon(name));
  };
  const edit = line.id && act("edit", "Change the title of", does.edit);
  const buttons = [edit, (line.id || line.damaged) && act("bin", "Delete", does.remove)];
  return { row, buttons: h("div.run-pair", { role: "group", "aria-label": named(line) }, buttons) };
}

/** The picture keeps its room while it is not there, or where there is none. */
function poster(line) {
  const src = address(`runs/${line.id}/poster/${line.poster}`);
  const none = (event) => event.target.replaceWith(icon("film"));
  const picture = line.poster && h("img", { src, alt: "", loading: "lazy", onerror: none });
  return h("span.run-poster", { "aria-hidden": "true" }, picture || icon("film"));
}

function aboutRun(line) {
  const made = new Date(line.made).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  return [`${line.method}, ${counted(line.frames, "frame")},`, made];
}

function stateOf(line) {
  if (line.error) return h("span.run-state.bad", {}, icon("warn"), "damaged");
  if (line.state === "complete") return h("span.run-state", {}, "complete");
  return h("span.run-state.open", {}, "not finished");
}
