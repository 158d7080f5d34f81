// The trust curve of a shot: what is known of each frame's mask, 0 to 1, as lines of different dashes.

/**
 * Which lines there are: column, words, variable of its colour, dashes in px.
 * @type {[string, string, string, number[]][]}
 */
export const LINES = [
  ["score", "mask score", "--acc-fill", []],
  ["iou_previous", "overlap with the frame before", "--body-text-color", [6, 3]],
  ["area_kept", "steadiness of the area", "--sub", [2, 3]],
  ["iou_detector", "overlap with the detector's box", "--warn", [8, 3, 2, 3]],
];
const PAD = 4;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {any} trust columns by frame: `trust`, those of LINES, `filled`; null: none
 * @param {{start: number, end: number, frame: number, prompts: number[], limit: number}} marked
 */
export function drawCurve(canvas, trust, { start, end, frame, prompts, limit }) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (!width || !height) return;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const look = getComputedStyle(canvas);
  const color = (name) => look.getPropertyValue(name).trim();
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  const x = (ordinal) => ((ordinal - start + 0.5) / Math.max(1, end - start)) * width;
  const y = (value) => PAD * ratio + (1 - value) * (height - 2 * PAD * ratio);
  if (trust) {
    drawFilled(pen, trust, { x, width, height, color, many: end - start });
    drawArea(pen, trust, { x, y, height, color });
    for (const [name, , variable, dashes] of LINES) {
      if (trust[name]) drawLine(pen, trust.ordinals, trust[name], { x, y, ratio, dashes, color: color(variable) });
    }
    pen.setLineDash([4 * ratio, 4 * ratio]);
    pen.strokeStyle = color("--warn");
    pen.lineWidth = ratio;
    pen.beginPath();
    pen.moveTo(0, y(limit));
    pen.lineTo(width, y(limit));
    pen.stroke();
    pen.setLineDash([]);
  }
  pen.fillStyle = color("--acc-fill");
  for (const one of prompts) {
    pen.beginPath();
    pen.arc(x(one), height - 5 * ratio, 4 * ratio, 0, 7);
    pen.fill();
  }
  pen.fillStyle = color("--body-text-color");
  pen.fillRect(Math.round(x(frame) - ratio), 0, 2 * ratio, height);
}

/** Frames whose mask was made of its neighbours. */
function drawFilled(pen, { ordinals, filled }, { x, width, height, color, many }) {
  if (!filled) return;
  pen.fillStyle = color("--warn");
  pen.globalAlpha = 0.2;
  const wide = width / Math.max(1, many);
  ordinals.forEach((ordinal, i) => filled[i] && pen.fillRect(x(ordinal) - wide / 2, 0, wide, height));
  pen.globalAlpha = 1;
}

function drawArea(pen, { ordinals, trust }, { x, y, height, color }) {
  pen.fillStyle = color("--soft");
  pen.beginPath();
  let open = false;
  ordinals.forEach((ordinal, i) => {
    const value = trust[i] ?? 0;
    if (!open) pen.moveTo(x(ordinal), height);
    open = true;
    pen.lineTo(x(ordinal), y(value));
  });
  if (open) pen.lineTo(x(ordinals.at(-1)), height);
  pen.fill();
}

function drawLine(pen, ordinals, values, { x, y, ratio, dashes, color }) {
  pen.strokeStyle = color;
  pen.lineWidth = 1.5 * ratio;
  pen.setLineDash(dashes.map((one) => one * ratio));
  pen.beginPath();
  let broken = true;
  ordinals.forEach((ordinal, i) => {
    if (values[i] === null) broken = true;
    else {
      if (broken) pen.moveTo(x(ordinal), y(values[i]));
      else pen.lineTo(x(ordinal), y(values[i]));
      broken = false;
    }
  });
  pen.stroke();
  pen.setLineDash([]);
}
