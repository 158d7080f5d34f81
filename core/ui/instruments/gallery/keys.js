// The keys of Filtering & Export.

import { openRun } from "../open_run.js";

export const KEYS = [
  ["Arrows", "move in the gallery"],
  ["Home or End", "first or last frame"],
  ["Enter", "enlarge; again to close"],
  ["K", "keep by hand (again: take that back)"],
  ["X", "reject by hand (again: take that back)"],
  ["Space", "select"],
  ["Shift + Arrows", "select several"],
  ["Z", "undo"],
  ["Shift + Z", "redo"],
  ["D", "duplicates of this frame"],
  ["G", "stacks: near-duplicates fold under the best of them"],
  ["V", "all, kept, rejected"],
  ["P", "people"],
  ["B", "side by side: two, four, one; the selected ones, else the next"],
  ["1 to 4", "the frame that keys act on, of those side by side"],
  ["<, >", "zoom out, in, in the enlarged frame"],
  ["Click, wheel, drag", "100 % or the whole frame, zoom, move"],
  ["F", "boxes around faces in the enlarged frame"],
  ["E", "export"],
  ["Esc", "close, leave, clear"],
];

/** What each key does; nothing while no run is shown. `gallery` is the Gallery. */
export function keysOf(gallery) {
  const { grid } = gallery;
  const turn = { all: "kept", kept: "rejected", rejected: "all" };
  const keys = {
    ArrowLeft: () => grid.move(-1),
    ArrowRight: () => grid.move(1),
    ArrowUp: () => grid.move(-grid.columns),
    ArrowDown: () => grid.move(grid.columns),
    "Shift+ArrowLeft": () => grid.move(-1, true),
    "Shift+ArrowRight": () => grid.move(1, true),
    "Shift+ArrowUp": () => grid.move(-grid.columns, true),
    "Shift+ArrowDown": () => grid.move(grid.columns, true),
    PageUp: () => grid.move(-grid.columns * grid.pageLines),
    PageDown: () => grid.move(grid.columns * grid.pageLines),
    Home: () => grid.move(-Infinity),
    End: () => grid.move(Infinity),
    Enter: () => gallery.trigger("enlarge"),
    " ": () => grid.toggle(),
    k: () => gallery.mark("keep"),
    x: () => gallery.mark("reject"),
    z: () => openRun.choices.undo(),
    "Shift+z": () => openRun.choices.redo(),
    d: () => openRun.lookAtCopies(grid.current),
    g: () => gallery.toolbar.turnStacks(),
    v: () => openRun.setView(turn[openRun.listing.view]),
    p: () => gallery.trigger("people"),
    b: () => gallery.trigger("compare"),
    e: () => gallery.trigger("export"),
    Escape: () => gallery.leave(),
  };
  return Object.fromEntries(Object.entries(keys).map(([key, act]) => [key, () => openRun.isReady && act()]));
}
