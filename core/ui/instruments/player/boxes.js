// Detections of a video as columns: what is shown at which thresholds. Layout: docs/formats.md, "For the page".

const TYPES = { f8: Float64Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };
const FULL = 65535;
const SLICE_MS = 6;

export class Boxes {
  /** `buffer`: the server's answer. */
  constructor(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const column = (name) => {
      const { offset, length: size, type } = head.columns[name];
      return new TYPES[type](buffer, 4 + length + offset, size);
    };
    this.head = head;
    this.frames = head.frames;
    this.seconds = column("pts_s");
    this.first = column("indptr");
    this.box = column("boxes");
    this.conf = column("confs");
    this.kind = column("classes");
    this.names = head.names;
    this.live = new Map();
    this.hidden = new Set();
    this.least = 0.25;
    this.iou = null;
  }

  get any() {
    return this.conf.length > 0 || this.live.size > 0;
  }

  name(kind) {
    return this.names[kind] ?? `class ${kind}`;
  }

  /** Adds a frame of live inference, as the server sends it. */
  add(row) {
    this.live.set(row.f, { box: row.b, conf: row.c, kind: row.k, from: 0, to: row.c.length });
  }

  /** Whether anything is known of a frame: with a cache always, live only once it was inferred. */
  knows(frame) {
    return this.head.origin !== null || this.live.has(frame);
  }

  /** Where the boxes of a frame lie. */
  #rows(frame) {
    const live = this.live.get(frame);
    if (live) return live;
    return { box: this.box, conf: this.conf, kind: this.kind, from: this.first[frame], to: this.first[frame + 1] };
  }

  /** The boxes that pass, all classes: confidence first, then greedy NMS in each class, which can only take away. */
  passing(frame, least = this.least, iou = this.iou) {
    const rows = this.#rows(frame);
    const floor = Math.floor(least * FULL);
    const found = [];
    for (let row = rows.from; row < rows.to; row++) if (rows.conf[row] >= floor) found.push(row);
    if (iou !== null && found.length > 1) {
      found.sort((a, b) => rows.conf[b] - rows.conf[a] || a - b);
      let kept = 0;
      for (const row of found) {
        let beaten = false;
        for (let i = 0; i < kept && !beaten; i++) {
          beaten = rows.kind[found[i]] === rows.kind[row] && overlap(rows.box, found[i], row) > iou;
        }
        if (!beaten) found[kept++] = row;
      }
      found.length = kept;
    }
    return { rows, found };
  }

  /** What is drawn in a frame: [{ kind, conf, x1, y1, x2, y2 }] in source pixels. */
  shown(frame) {
    if (frame < 0 || frame >= this.frames) return [];
    const unit = this.head.box_unit_px;
    const { rows, found } = this.passing(frame);
    return found
      .filter((row) => !this.hidden.has(rows.kind[row]))
      .map((row) => {
        const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => rows.box[4 * row + i] * unit);
        return { kind: rows.kind[row], conf: rows.conf[row] / FULL, x1, y1, x2, y2 };
      });
  }

  /** How many boxes of a frame are shown, and the lowest confidence of them (NaN: none); `only`: of this class. */
  weigh(frame, only = null, each = null) {
    const { rows, found } = this.passing(frame);
    let [amount, lowest] = [0, NaN];
    for (const row of found) {
      const kind = rows.kind[row];
      each?.(kind, frame);
      if (this.hidden.has(kind) || (only !== null && kind !== only)) continue;
      amount++;
      if (!(rows.conf[row] >= lowest * FULL)) lowest = rows.conf[row] / FULL;
    }
    return { amount, lowest };
  }

  /**
   * Weighs all frames in slices of a few ms; `done({ amounts, lowest, classes })` unless asked anew before: columns by
   * frame, of the class `only` where one is given, and a Map class -> { boxes, frames }.
   */
  summarize(only, done) {
    const mine = (this.turn = {});
    const [amounts, lowest] = [new Float32Array(this.frames), new Float32Array(this.frames)];
    const classes = new Map();
    const each = (kind, at) => {
      const one = classes.get(kind) ?? { boxes: 0, frames: 0, last: -1 };
      one.boxes++;
      if (one.last !== at) one.frames++;
      one.last = at;
      classes.set(kind, one);
    };
    let frame = 0;
    const slice = () => {
      if (this.turn !== mine) return;
      const until = performance.now() + SLICE_MS;
      while (frame < this.frames) {
        const found = this.weigh(frame, only, each);
        amounts[frame] = found.amount;
        lowest[frame++] = found.lowest;
        if ((frame & 15) === 0 && performance.now() > until) return void setTimeout(slice);
      }
      done({ amounts, lowest, classes });
    };
    slice();
  }

  /** The next frame in one direction whose weight passes, or null. */
  find(from, by, only, passes) {
    for (let frame = from + by; frame >= 0 && frame < this.frames; frame += by) {
      if (this.knows(frame) && passes(this.weigh(frame, only))) return frame;
    }
    return null;
  }
}

function overlap(box, a, b) {
  const [i, j] = [4 * a, 4 * b];
  const w = Math.min(box[i + 2], box[j + 2]) - Math.max(box[i], box[j]);
  const height = Math.min(box[i + 3], box[j + 3]) - Math.max(box[i + 1], box[j + 1]);
  if (w <= 0 || height <= 0) return 0;
  const both = w * height;
  const area = (k) => (box[k + 2] - box[k]) * (box[k + 3] - box[k + 1]);
  return both / (area(i) + area(j) - both);
}
