// Shots as people write them.

/** "0-3, 7" -> [0, 1, 2, 3, 7]; "" -> null; undefined when it is neither. */
export function parseShots(text) {
  if (text.trim() === "") return null;
  const found = [];
  for (const word of text.split(/[\s,;]+/).filter(Boolean)) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(word);
    if (!match) return undefined;
    const last = Number(match[2] ?? match[1]);
    for (let shot = Number(match[1]); shot <= last; shot++) found.push(shot);
  }
  return found;
}

/** [0, 1, 2, 7] -> "0-2, 7" */
export function shotText(shots) {
  if (!shots) return "";
  const parts = [];
  for (const shot of shots) {
    const last = parts.at(-1);
    if (last && last[1] + 1 === shot) last[1] = shot;
    else parts.push([shot, shot]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(", ");
}
