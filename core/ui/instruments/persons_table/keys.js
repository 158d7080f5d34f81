// The keys of Person Selection.

import { persons } from "../persons.js";

export const KEYS = [
  ["Up, Down", "move in the table"],
  ["Home, End", "first, last person"],
  ["Space", "pick out"],
  ["Shift + Up, Down", "pick out several"],
  ["Enter", "name; again to go on"],
  ["M", "merge those who are picked out"],
  ["T", "split"],
  ["Del", "not a person"],
  ["C", "compare two to four"],
  ["Y, N", "suggestion: same person, two people"],
  ["Z", "undo"],
  ["Shift + Z", "redo"],
  ["G", "go to the first frame in Live Review"],
  ["P", "find by a photo"],
  ["E", "choose: files, Filtering"],
  ["Esc", "close, leave, clear"],
];

/** Key -> function(event). `table` is the Table. */
export function keysOf(table) {
  const best = () => persons.view?.suggestions[0];
  const decide = (kind) => () => {
    if (persons.ask) return persons.answer(kind === "merge");
    return best() && !persons.job && persons.decide(kind, { persons: best().persons });
  };
  const keys = {
    ArrowUp: () => persons.step(-1),
    ArrowDown: () => persons.step(1),
    "Shift+ArrowUp": () => persons.step(-1, true),
    "Shift+ArrowDown": () => persons.step(1, true),
    PageUp: () => persons.step(-table.page),
    PageDown: () => persons.step(table.page),
    Home: () => persons.step(-Infinity),
    End: () => persons.step(Infinity),
    " ": () => persons.current !== null && persons.pick(persons.current),
    Enter: () => table.name(),
    m: () => table.press("merge"),
    t: () => table.press("split"),
    Delete: () => table.press("remove"),
    c: () => table.press("compare"),
    p: () => table.press("photo"),
    e: () => table.press("files"),
    z: () => table.press("undo"),
    "Shift+z": () => table.press("redo"),
    y: decide("merge"),
    n: decide("apart"),
    g: () => table.go(),
    Escape: () => table.leave(),
  };
  const once = ["m", "t", "Delete", "c", "p", "e", "y", "n", "g", "Enter"];
  const act = (key) => (event) => persons.view && !(event.repeat && once.includes(key)) && keys[key]();
  return Object.fromEntries(Object.keys(keys).map((key) => [key, act(key)]));
}
