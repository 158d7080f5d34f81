// How many frames a method would choose, from what is known of the video, and how long that takes on this machine.

import { counted } from "../dom.js";

const SPEED = "framesieve.speed";

/** Frames that the settings choose; null where only looking at the video tells. */
export function framesOf(facts, settings) {
  const frames = facts?.frames ?? (facts?.rate && facts?.duration_s ? Math.round(facts.rate * facts.duration_s) : null);
  if (frames === null || frames === undefined) return null;
  const most = {
    keyframes: facts.keyframes ?? null,
    interval: facts.duration_s ? Math.ceil(facts.duration_s / settings.interval) : null,
    scene: null,
    every_nth: Math.ceil(frames / settings.every),
    all: frames,
    best: frames, // of a long film fewer
  }[settings.method];
  if (settings.target && settings.method !== "best")
    return Math.min(settings.target, settings.method === "keyframes" ? (most ?? frames) : frames);
  return most === null ? null : Math.min(most, frames);
}

/** "about 42 frames, 1 s"; a number that is certain stands without "about". */
export function estimate(facts, settings) {
  const frames = framesOf(facts, settings);
  if (frames === null) return settings.method === "scene" && facts ? "looks at every frame" : "";
  const per_s = speeds()[speedKey(settings)];
  const seconds = per_s && facts.width ? (frames * facts.width * facts.height) / per_s : null;
  const time = seconds !== null ? `, ${spoken(seconds)}` : readsFaces(settings) ? " + faces" : "";
  if (settings.method === "best") return `of ${counted(frames, "frame")}${time}`;
  const certain = facts.frames && !settings.target && ["all", "every_nth"].includes(settings.method);
  return `${certain ? "" : "about "}${counted(frames, "frame")}${time}`;
}

const spoken = (seconds) =>
  seconds < 1 ? "1 s" : seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;

/** Remembers how fast an extraction was: pixels per second by method, apart where faces were read. */
export function learn(settings, per_s, facts) {
  if (!(per_s > 0) || !facts?.width) return;
  localStorage.setItem(
    SPEED,
    JSON.stringify({ ...speeds(), [speedKey(settings)]: per_s * facts.width * facts.height }),
  );
}

const readsFaces = (settings) => settings.faces || settings.face_filter;
const speedKey = (settings) => (readsFaces(settings) ? `${settings.method} with faces` : settings.method);

function speeds() {
  try {
    return JSON.parse(localStorage.getItem(SPEED)) ?? {};
  } catch {
    return {};
  }
}
