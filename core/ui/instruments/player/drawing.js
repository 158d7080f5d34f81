// How boxes are drawn over a picture: classes differ in colour and in line, and no label covers another one.

const HUES = [172, 38, 282, 205, 340, 95, 15, 245, 60, 310];
const DASHES = [[], [9, 4], [3, 3]];
const TALL_PX = 17; // a label
const PAD_PX = 4;
const NAMED_FROM_PX = 56; // a narrower box says its confidence only
const MOST_WIDTHS = 5000;

/** The colour of a class, as its boxes have it. */
export const colourOf = (kind, light = 64) => `hsl(${HUES[kind % HUES.length]} 85% ${light}%)`;

/**
 * Draws boxes on a canvas of the shown size.
 * @param {CanvasRenderingContext2D} context
 * @param {{kind: number, conf: number, x1: number, y1: number, x2: number, y2: number}[]} boxes in source pixels
 * @param {[number, number]} scale pixels of the canvas per source pixel, across and down
 * @param {(kind: number) => string} name
 * @param {number} ratio pixels of the canvas per CSS pixel
 */
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
    context.strokeStyle = colourOf(box.kind);
    context.strokeRect(x, y, w, h);
  }
  context.setLineDash([]);
  for (const { box, text, left, top, room } of labels(context, boxes, scale, name, ratio)) {
    context.fillStyle = "#0b1112e0";
    context.fillRect(left, top, room, TALL_PX * ratio);
    context.fillStyle = colourOf(box.kind, 74);
    context.fillText(text, left + PAD_PX * ratio, top + (TALL_PX * ratio) / 2 + 0.5);
  }
}

/** The labels that have a place of their own, those of the most confident boxes first. */
function labels(context, boxes, [sx, sy], name, ratio) {
  const { width, height } = context.canvas;
  const taken = new Taken(TALL_PX * ratio);
  const found = [];
  for (const box of [...boxes].sort((a, b) => b.conf - a.conf)) {
    const edges = { left: box.x1 * sx, top: box.y1 * sy, right: box.x2 * sx, bottom: box.y2 * sy };
    const narrow = edges.right - edges.left < NAMED_FROM_PX * ratio;
    const text = narrow ? box.conf.toFixed(2) : `${name(box.kind)} ${box.conf.toFixed(2)}`;
    const room = widthOf(context, text, ratio) + 2 * PAD_PX * ratio;
    const place = places(edges, room, TALL_PX * ratio, ratio, width, height).find((one) => taken.take(...one, room));
    if (place) found.push({ box, text, left: place[0], top: place[1], room });
  }
  return found;
}

/** Where a label may stand, the best place first: over its box, under it, in it. [left, top] of each. */
function places({ left, top, right, bottom }, room, tall, ratio, width, height) {
  const inside = (x) => Math.max(0, Math.min(x, width - room));
  const [first, last] = [inside(left - ratio), inside(right + ratio - room)];
  const found = [];
  if (top - tall > 0) found.push([first, top - tall], [last, top - tall]);
  else found.push([first, Math.max(0, Math.min(top, height - tall))]);
  if (bottom + tall < height) found.push([first, bottom], [last, bottom]);
  if (bottom - top > tall && right - left > room) found.push([first, top], [first, Math.min(bottom, height) - tall]);
  return found;
}

/** What is covered by labels; all are of one height, so only those of three lines can meet. */
class Taken {
  constructor(tall) {
    this.tall = tall;
    this.lines = new Map();
  }

  /** Takes a place if it is free, and says so. */
  take(left, top, room) {
    const line = Math.floor(top / this.tall);
    for (let near = line - 1; near <= line + 1; near++) {
      for (const other of this.lines.get(near) ?? []) {
        const across = left < other.left + other.room && other.left < left + room;
        if (across && Math.abs(other.top - top) < this.tall) return false;
      }
    }
    if (!this.lines.has(line)) this.lines.set(line, []);
    this.lines.get(line).push({ left, top, room });
    return true;
  }
}

const widths = new Map();
document.fonts.addEventListener("loadingdone", () => widths.clear());

/** The width of a text; measured once for each size, as it costs more than all else here. */
function widthOf(context, text, ratio) {
  const key = `${ratio} ${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > MOST_WIDTHS) widths.clear();
    widths.set(key, (width = context.measureText(text).width));
  }
  return width;
}
