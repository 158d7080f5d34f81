// The keys of Filtering & Export.

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
  ["V", "all, kept, rejected"],
  ["P", "people"],
  ["F", "boxes around faces in the enlarged frame"],
  ["E", "export"],
  ["Esc", "close, leave, clear"],
];

/** What each key does; nothing while no run is shown. `tab` is the FilterTab. */
export function keysOf(tab) {
  const { grid } = tab;
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
    Enter: () => tab.enlarge.show(grid.current),
    " ": () => grid.toggle(),
    k: () => tab.mark("keep", grid.targets),
    x: () => tab.mark("reject", grid.targets),
    z: () => tab.choices.undo(),
    "Shift+z": () => tab.choices.redo(),
    d: () => tab.peekCopies(grid.current),
    v: () => tab.setView(turn[tab.listing.view]),
    p: () => tab.people.toggle(),
    e: () => tab.openDrawer(),
    Escape: () => tab.leave(),
  };
  return Object.fromEntries(Object.entries(keys).map(([key, act]) => [key, () => tab.isReady && act()]));
}
