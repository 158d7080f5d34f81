// What a kind is called, and how sizes, lengths and dates are written in a list.

import { bytes } from "../dom.js";

/** Kind -> title of the dialog, one and several of it. */
export const WORDS = {
  video: { title: "Choose a video", several: "Choose videos", one: "video", many: "videos" },
  photo: { title: "Choose a photo", several: "Choose photos", one: "photo", many: "photos" },
  weights: { title: "Choose weights", several: "Choose weights", one: "weights file", many: "weights files" },
  config: { title: "Choose a configuration", one: "configuration", many: "configurations" },
  folder: { title: "Choose a folder", one: "folder", many: "folders" },
  face_model: { title: "Choose the folder of a face model", one: "folder", many: "folders" },
  destination: { title: "Choose where to save", one: "folder", many: "folders" },
};

/** Whether files of a kind are chosen, not folders. */
export const isFileKind = (kind) => ["video", "photo", "weights", "config"].includes(kind);

/** Whether files of a kind have pictures. */
export const hasPictures = (kind) => kind === "video" || kind === "photo";

/** 1234 videos -> "1,234 videos" */
export const amount = (number, kind) =>
  `${number.toLocaleString("en-US")} ${number === 1 ? WORDS[kind].one : WORDS[kind].many}`;

/** Seconds -> "0:08", "1:02:03" */
export function length(seconds) {
  const all = Math.max(1, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}

export const size = (number) => bytes(number);

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const HOUR = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** Seconds since 1970 -> "14:05" of today, "3 Nov" of this year, "3 Nov 2024". */
export function date(seconds) {
  const [then, now] = [new Date(seconds * 1000), new Date()];
  if (then.toDateString() === now.toDateString()) return HOUR.format(then);
  return (then.getFullYear() === now.getFullYear() ? DAY : YEAR).format(then);
}
