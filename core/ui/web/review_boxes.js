// Detections of a video as columns: what is shown at which thresholds. The layout is in docs/formats.md, "For the page".

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
        for (let i = 0; i < kept && !beaten; i++) beaten = rows.kind[found[i]] === rows.kind[row] && overlap(rows.box, found[i], row) > iou;
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

  /** Counts boxes per frame and class in slices of a few ms; `done({ perFrame, perClass, most })` unless asked anew before. */
  summarize(done) {
    const mine = (this.turn = {});
    const perFrame = new Uint16Array(this.frames);
    const perClass = new Map();
    let frame = 0;
    let most = 0;
    const slice = () => {
      if (this.turn !== mine) return;
      const until = performance.now() + SLICE_MS;
      while (frame < this.frames) {
        const { rows, found } = this.passing(frame);
        let seen = 0;
        for (const row of found) {
          const kind = rows.kind[row];
          perClass.set(kind, (perClass.get(kind) ?? 0) + 1);
          if (!this.hidden.has(kind)) seen++;
        }
        perFrame[frame++] = seen;
        if (seen > most) most = seen;
        if ((frame & 15) === 0 && performance.now() > until) return void setTimeout(slice);
      }
      done({ perFrame, perClass, most });
    };
    slice();
  }
}

function overlap(box, a, b) {
  const [i, j] = [4 * a, 4 * b];
  const w = Math.min(box[i + 2], box[j + 2]) - Math.max(box[i], box[j]);
  const height = Math.min(box[i + 3], box[j + 3]) - Math.max(box[i + 1], box[j + 1]);
  if (w <= 0 || height <= 0) return 0;
  const both = w * height;
  return both / ((box[i + 2] - box[i]) * (box[i + 3] - box[i + 1]) + (box[j + 2] - box[j]) * (box[j + 3] - box[j + 1]) - both);
}

const HUES = [172, 38, 282, 205, 340, 95, 15, 245, 60, 310];
const DASHES = [[], [9, 4], [3, 3]];

/** Draws boxes on a canvas of the shown size; classes differ in colour and in line. */
export function draw(context, boxes, scale, name, ratio) {
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  context.font = `700 ${12 * ratio}px "IBM Plex Sans", system-ui, sans-serif`;
  context.textBaseline = "middle";
  const [sx, sy] = scale;
  for (const box of boxes) {
    const [x, y, w, h] = [box.x1 * sx, box.y1 * sy, (box.x2 - box.x1) * sx, (box.y2 - box.y1) * sy];
    context.setLineDash([]);
    context.lineWidth = 4 * ratio;
    context.strokeStyle = "#0b0f10c0";
    context.strokeRect(x, y, w, h);
    context.lineWidth = 2 * ratio;
    context.setLineDash(DASHES[box.kind % DASHES.length].map((length) => length * ratio));
    context.strokeStyle = `hsl(${HUES[box.kind % HUES.length]} 85% 64%)`;
    context.strokeRect(x, y, w, h);
  }
  context.setLineDash([]);
  for (const box of boxes) {
    const [x, y, w] = [box.x1 * sx, box.y1 * sy, (box.x2 - box.x1) * sx];
    const text = w < 56 * ratio ? box.conf.toFixed(2) : `${name(box.kind)} ${box.conf.toFixed(2)}`;
    const room = context.measureText(text).width + 8 * ratio;
    const tall = 17 * ratio;
    const left = Math.max(0, Math.min(x - ratio, width - room));
    const top = y - tall > 0 ? y - tall : Math.min(y, height - tall);
    context.fillStyle = "#0b1112e0";
    context.fillRect(left, top, room, tall);
    context.fillStyle = `hsl(${HUES[box.kind % HUES.length]} 85% 74%)`;
    context.fillText(text, left + 4 * ratio, top + tall / 2 + 0.5);
  }
}
