// What each key of Live Review does.

export const KEYS = [
  ["Space", "play or pause"],
  ["Left, Right", "one frame (Shift: ten)"],
  ["Home, End", "first, last frame"],
  [". or ,", "next, previous frame that the strip counts"],
  ["S", "save the frame that is shown"],
  ["F, N, U", "tag: false positive, false negative, uncertain"],
  ["C", "clear the tag"],
  ["Z", "undo the last save"],
  ["O", "boxes on or off"],
  ["+, -", "faster, slower"],
  ["1, 2, 3", "0.5x, 1x, 2x"],
  ["H", "these keys over the video"],
];

/** Key -> function(event). `desk` is the Desk of Live Review. */
export function keysOf(desk) {
  const { player, saves } = desk;
  const once = (job) => (event) => event.repeat || job();
  const map = {
    " ": once(() => player.toggle()),
    ArrowLeft: () => player.step(-1),
    ArrowRight: () => player.step(1),
    "Shift+ArrowLeft": () => player.step(-10),
    "Shift+ArrowRight": () => player.step(10),
    Home: () => player.goTo(0),
    End: () => player.goTo(player.frames - 1),
    ".": () => desk.showing.find(1),
    ",": () => desk.showing.find(-1),
    s: once(() => desk.saving.save()),
    z: once(() => desk.video && saves.undo()),
    o: once(() => player.toggleOverlay()),
    h: once(() => player.help(KEYS)),
    "+": () => player.faster(1),
    "=": () => player.faster(1),
    "-": () => player.faster(-1),
    1: () => player.setSpeed(0.5),
    2: () => player.setSpeed(1),
    3: () => player.setSpeed(2),
  };
  for (const [key, tag] of Object.entries(saves.tags)) {
    map[key] = once(() => desk.video && saves.setTag(tag, player.frame));
  }
  return map;
}
