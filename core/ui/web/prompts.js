// What a person said of one shot: points and boxes of its objects, on any of its frames; undo and redo of all of it.

/**
 * @typedef {object} Prompt
 * @property {number} object from 1
 * @property {number} frame ordinal
 * @property {[number, number][]} points x, y in source pixels
 * @property {number[]} labels 1 include, 0 exclude
 * @property {?number[]} box xyxy in source pixels
 */

export const MOST_OBJECTS = 9;

export class Prompts {
  /**
   * @param {Prompt[]} list
   * @param {number} since revision of the shot's note that they were made from
   */
  constructor(list = [], since = 0) {
    /** @type {Prompt[]} */
    this.list = list;
    this.since = since;
    this.past = [];
    this.future = [];
  }

  /** Those of one frame, by object. */
  at(frame) {
    return this.list.filter((one) => one.frame === frame && !isEmpty(one));
  }

  /** Frames on which something is said, ascending. */
  get frames() {
    return [...new Set(this.list.filter((one) => !isEmpty(one)).map(({ frame }) => frame))].sort((a, b) => a - b);
  }

  /** Ids of the objects of which something is said, ascending. */
  get objects() {
    return [...new Set(this.list.filter((one) => !isEmpty(one)).map(({ object }) => object))].sort((a, b) => a - b);
  }

  get isEmpty() {
    return this.list.every(isEmpty);
  }

  /** @returns {Prompt} of an object on a frame, an empty one where nothing is said */
  of(object, frame) {
    const found = this.list.find((one) => one.object === object && one.frame === frame);
    return found ?? { object, frame, points: [], labels: [], box: null };
  }

  point(object, frame, x, y, label) {
    const { points, labels } = this.of(object, frame);
    this.#put(object, frame, { points: [...points, [x, y]], labels: [...labels, label] });
  }

  /** @param {?number[]} box */
  box(object, frame, box) {
    this.#put(object, frame, { box });
  }

  /** Takes back everything that is said on a frame. */
  reset(frame) {
    if (!this.at(frame).length) return;
    this.#change(this.list.filter((one) => one.frame !== frame));
  }

  /** Takes an object away, from every frame of the shot. */
  drop(object) {
    this.#change(this.list.filter((one) => one.object !== object));
  }

  /** Everything as somebody else proposes it, to be taken back in one step. */
  replace(list) {
    this.#change(list);
  }

  undo() {
    if (!this.past.length) return false;
    this.future.push(this.list);
    this.list = this.past.pop();
    return true;
  }

  redo() {
    if (!this.future.length) return false;
    this.past.push(this.list);
    this.list = this.future.pop();
    return true;
  }

  #put(object, frame, more) {
    const others = this.list.filter((one) => one.object !== object || one.frame !== frame);
    this.#change([...others, { ...this.of(object, frame), ...more }]);
  }

  #change(list) {
    this.past.push(this.list);
    this.future = [];
    this.list = list;
  }

  /** As the server takes them: without empty ones, in a fixed order. */
  told() {
    const order = (a, b) => a.frame - b.frame || a.object - b.object;
    return this.list.filter((one) => !isEmpty(one)).sort(order);
  }
}

const isEmpty = ({ points, box }) => !points.length && !box;
