// How far the enlarged frames are zoomed in, and at which place: one zoom for all that are shown side by side.

const MOST = 8;
const STEP = 1.25;
const NOTICED = 1.25;
const WHOLE = [1, 2, 4, 8];

/** Of a pixel of the picture, in pixels of the page: 100 % is one pixel of the screen. */
export const actual = () => 1 / (window.devicePixelRatio || 1);

export class Zoom {
  /** `changed()` is called when it is another one. */
  constructor(changed) {
    this.changed = changed;
    this.scale = null;
    this.x = this.y = 0.5;
  }

  /** Whether each picture is as large as its room lets it be. */
  get isFitted() {
    return this.scale === null;
  }

  fit() {
    this.#set(null, 0.5, 0.5);
  }

  /**
   * To a scale, in pixels of the page; a pixel of the picture stays where it is. No smaller than `least`.
   * @param {number} scale
   * @param {{least: number, room: number[], size: number[], at: number[], stays: number[]}} seen the room and the size
   *   of the picture in pixels; `stays` is the place that stays, as shares of the picture; `at`: where that is in the
   *   room, in pixels of the page
   */
  to(scale, { least, room, size, at, stays }) {
    const wanted = Math.min(Math.max(MOST * actual(), least), scale);
    if (wanted <= least) return this.fit();
    const middle = (side) => stays[side] + (room[side] / 2 - at[side]) / (size[side] * wanted);
    return this.move(wanted, middle(0), middle(1), room, size);
  }

  /** Shows this place in the middle of a room, as far as the picture's edges let it be there. */
  move(scale, x, y, room, size) {
    const within = (side, middle) => {
      const half = room[side] / 2 / (size[side] * scale);
      return half >= 0.5 ? 0.5 : Math.max(half, Math.min(1 - half, middle));
    };
    this.#set(scale, within(0, x), within(1, y));
  }

  #set(scale, x, y) {
    [this.scale, this.x, this.y] = [scale, x, y];
    this.changed();
  }
}

/** Where a click leads from a picture that fits its room: to 100 %, or to the next step that can be seen. */
export function closer(least) {
  const wanted = WHOLE.map((times) => times * actual()).find((scale) => scale >= NOTICED * least);
  return wanted ?? MOST * actual();
}

/** By so many steps from a scale; 100 % is not passed over. */
export function stepped(scale, steps) {
  const to = scale * STEP ** steps;
  const one = actual();
  const near = (a, b) => Math.abs(a / b - 1) < 0.001;
  return !near(scale, one) && (scale - one) * (to - one) < 0 ? one : to;
}
