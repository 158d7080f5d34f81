// The keys of the canvas.

import { masking } from "../masking.js";

export const KEYS = [
  ["Left button, right button", "include, exclude"],
  ["Drag", "a box around the subject"],
  ["Q, E", "the left button includes, excludes"],
  ["1 to 9", "which object is meant"],
  ["Z", "undo"],
  ["Shift + Z", "redo"],
  ["R", "take back all of this frame"],
  ["Enter", "save, and on to the next shot without points"],
  ["S", "save and stay"],
  ["[, ]", "shot before, next shot"],
  ["Left, Right", "frame before, next frame"],
  ["Home, End", "first, last frame of the shot"],
  ["P", "prompt frame of the shot"],
  ["N", "what is to be looked at next"],
  ["M", "masks of this shot now"],
  ["C", "cut before this frame"],
  ["+, -, F", "zoom in, out, all of the picture"],
  ["Shift + drag, wheel", "move, zoom"],
  ["Esc", "back to all shots"],
];

/** Key -> function(event). `canvas` is the PointCanvas. */
export function keysOf(canvas) {
  const shot = () => masking.shot();
  const keys = {
    q: () => masking.chooseKind(false),
    e: () => masking.chooseKind(true),
    z: () => masking.undo(),
    "Shift+z": () => masking.redo(),
    r: () => masking.reset(),
    Enter: () => masking.save(),
    s: () => masking.save({ next: false }),
    "[": () => masking.step(-1),
    "]": () => masking.step(1),
    ArrowLeft: () => masking.goTo(masking.frame - 1),
    ArrowRight: () => masking.goTo(masking.frame + 1),
    PageUp: () => masking.goTo(masking.frame - 10),
    PageDown: () => masking.goTo(masking.frame + 10),
    Home: () => masking.goTo(shot().start),
    End: () => masking.goTo(shot().end - 1),
    p: () => masking.goTo(shot().prompt_frame),
    n: () => masking.next(),
    m: () => canvas.process(),
    c: () => masking.cut(),
    "+": () => canvas.stage.zoom(1),
    "=": () => canvas.stage.zoom(1),
    "-": () => canvas.stage.zoom(-1),
    f: () => canvas.stage.fit(),
    Escape: () => masking.close(),
  };
  for (let object = 1; object <= 9; object += 1) keys[object] = () => masking.chooseObject(object);
  const once = ["Enter", "s", "m", "c", "n", "r"];
  const does = (key) => (event) => shot() && !(event.repeat && once.includes(key)) && keys[key]();
  return Object.fromEntries(Object.keys(keys).map((key) => [key, does(key)]));
}
