// A flag of frames, such as dissolves: a box that leaves them out, and how many there are, which lists them.

import { count, counted, h, title } from "../dom.js";
import { openRun } from "../open_run.js";

const WORDS = { dissolve: "dissolves", combed: "combed frames", blank: "blank frames", titles: "titles, test cards" };

/** As a part of `ranges`: { element, only, show, forget }. `column` as `select_worker.describe` tells it. */
export function flagPart(column, choices) {
  const { name, low, high, all, missing } = column;
  const flagged = low >= 1 ? all[0] : high >= 1 ? all[all.length - 1] : 0;
  const words = WORDS[name] ?? title(name).toLowerCase();
  const only = h("span.only");
  const box = h("input", { type: "checkbox", onchange: () => changed() });
  const about = { title: `Show the ${words}`, onclick: () => openRun.lookAtBar(name, 1, 1, true) };
  const amount = flagged ? h("button.link.num", about, counted(flagged, "frame")) : h("span.sub", {}, "none");
  const unknown = missing > 0 && `${count(missing)} not known`;
  const why = { title: "The frames beside these were not decoded; this filter never refuses them." };
  const label = h("label", {}, box, h("span", {}, `Leave out ${words}`));
  const element = h(
    "div.flag-filter",
    { role: "group", "aria-label": title(name) },
    h("div.line", {}, label, only, h("span.gap"), unknown && h("span.sub.num", why, unknown), amount),
  );
  const changed = () => {
    const { min, max } = choices.filters;
    const without = ({ [name]: _, ...others }) => others;
    const left = without({ ...max });
    choices.apply({ min: without({ ...min }), max: box.checked ? { ...left, [name]: 0 } : left });
  };
  const show = () => {
    const { min, max } = choices.filters;
    box.checked = (max?.[name] ?? 1) < 1;
    box.indeterminate = (min?.[name] ?? 0) > 0;
    label.title = box.indeterminate ? `Only ${words} are kept now; a click leaves them out` : "";
  };
  return { element, only, show, forget: show };
}
