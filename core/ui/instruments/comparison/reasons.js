// Why two persons were kept apart, in words, with the numbers of their most alike tracklets.

import { count, counted } from "../dom.js";

/**
 * @param {any} pair as the server tells it
 * @param {any} limits in force for this video
 * @param {any} settings of the grouping
 * @returns {{reason: string, numbers: string}}
 */
export function whyApart(pair, limits, settings) {
  if (pair.reason === "by_faces")
    return { reason: "Somebody here is known by faces only: no boxes tell more of them.", numbers: "" };
  const { gap, distance, missed, area_ratio: ratio, similarity, shared_frames: shared } = pair;
  const [low, high] = limits.area_ratio;
  const faces = below(pair.face_similarity, settings.face_similarity);
  const words = {
    overlap: `Kept apart: both are seen in ${counted(shared, "frame")}.`,
    split: "Kept apart: somebody said that they are two people.",
    not_a_person: "Kept apart: part of one was said to be no person.",
    gap: `Kept apart: ${counted(gap, "frame")} lie between them, up to ${count(limits.gap)} are joined by motion.`,
    distance: `Kept apart: they are ${count(distance)} px from each other, up to ${count(limits.distance)} are joined.`,
    motion: `Kept apart: one begins ${count(missed)} px from where the other was going.`,
    area_ratio: `Kept apart: one is ${ratio.toFixed(2)} times as large as the other, ${low} to ${high} are joined.`,
    similarity: `Kept apart: they look alike by ${below(similarity, settings.similarity)} on they are joined.`,
    faces: "Kept apart: their faces are not alike.",
    face_similarity: `Kept apart: their faces look alike by ${faces} on they are joined.`,
    ambiguous: "Kept apart: another person fits nearly as well.",
    rival: "Kept apart: somebody who is seen at the same time looks as much alike.",
    groups_differ: "Kept apart: these moments look alike, the rest of both does not.",
  };
  const unlike =
    similarity === null ? "no crops tell how alike they look" : words.similarity.replace("Kept apart: ", "");
  const reason = words[pair.reason] ?? (similarity === null ? `Kept apart: ${unlike}.` : `Kept apart: ${unlike}`);
  return { reason, numbers: numbersOf(pair) };
}

function numbersOf({ gap, distance, area_ratio: ratio, tracklets }) {
  const between = gap > 0 ? `${counted(gap, "frame")} between` : "at the same time";
  const which = `tracklets ${tracklets.join(" and ")}`;
  return `${between}, ${count(distance)} px apart, ${ratio.toFixed(2)} times as large (${which})`;
}

/** "0.85, from 0.9": two digits, more where both would be alike although the first is lower. */
function below(value, limit) {
  if (value === null || value === undefined) return `no number, from ${limit}`;
  const digits = value < limit ? ([2, 3].find((many) => Number(value.toFixed(many)) < limit) ?? 4) : 2;
  return `${value.toFixed(digits)}, from ${limit}`;
}
