// Why the best N are fewer than N: the twin of `_fewer` in core/pipeline/notes.py.

import { count, counted } from "../dom.js";

const NEVER_BEST = {
  error: ["damaged frame"],
  dissolve: ["frame in a dissolve", "frames in dissolves"],
  combed: ["combed frame"],
  blank: ["blank frame"],
  titles: ["frame of titles", "frames of titles"],
  poor: ["frame far worse than the good ones", "frames far worse than the good ones"],
};
const DEINTERLACE = "combed frames are two fields woven into one picture: deinterlace the video to use them";

const FAIR = 10;

/** One sentence where not even the best of them is a fair picture; else "". */
export function allPoor(table, { kept, reason }, column) {
  if (!kept || column !== table.rules.ranked.by || !table.values.has(column)) return "";
  let most = Number.NEGATIVE_INFINITY;
  table.values.get(column).forEach((value, row) => {
    if (reason[row] === 0 && value > most) most = value;
  });
  if (!(most > Number.NEGATIVE_INFINITY && most < FAIR)) return "";
  return `Not even the best of these is a fair picture: picture scores of ${most.toFixed(1)} of 100 at most.`;
}

/** One sentence; "" where there are as many as were asked for. */
export function whyFewer({ kept, reason, names, onlyBy }, best) {
  if (kept >= best) return "";
  const counts = {};
  for (const code of reason) if (names[code] in NEVER_BEST) counts[names[code]] = (counts[names[code]] ?? 0) + 1;
  const passed = onlyBy.spread ?? 0;
  const others =
    passed === 1
      ? "the one other frame that passes looks"
      : `each of the ${count(passed)} other frames that pass looks`;
  const why = passed ? `${others} like one of them` : "no other frame passes";
  const left = Object.entries(NEVER_BEST).filter(([name]) => counts[name]);
  const said = left.map(([name, [one, many]]) =>
    many && counts[name] > 1 ? `${count(counts[name])} ${many}` : counted(counts[name], one),
  );
  const out = said.length
    ? `; left out: ${[said.slice(0, -1).join(", "), said.at(-1)].filter(Boolean).join(" and ")}`
    : "";
  const advised = counts.combed ? ` (${DEINTERLACE})` : "";
  return `${counted(kept, "still")} instead of ${best}: ${why}${out}${advised}.`;
}
