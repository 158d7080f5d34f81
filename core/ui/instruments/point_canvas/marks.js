// Points and boxes as they are drawn: include is a green disc with a plus, exclude a red square with a minus, so that
// nobody needs the colours to tell them apart.

const RADIUS = 7;
const INCLUDE = "#1f9d55";
const EXCLUDE = "#d6293e";
const BOX = "#ffd166";

/**
 * @param {HTMLCanvasElement} canvas in pixels of the screen
 * @param {object} marks
 * @param {import("../prompts.js").Prompt[]} marks.prompts of the frame
 * @param {number} marks.object the one that is spoken of: others are drawn faint
 * @param {?number[]} marks.dragged a box that is being dragged
 * @param {(x: number, y: number) => [number, number]} marks.at where a place of the picture is on the canvas
 * @param {number} marks.ratio pixels of the canvas for one of the window
 */
export function drawMarks(canvas, { prompts, object, dragged, at, ratio }) {
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  for (const prompt of prompts) {
    pen.globalAlpha = prompt.object === object ? 1 : 0.55;
    if (prompt.box) drawBox(pen, prompt.box, at, ratio, prompt.object);
    prompt.points.forEach(([x, y], i) => drawPoint(pen, at(x + 0.5, y + 0.5), prompt.labels[i], ratio));
  }
  pen.globalAlpha = 1;
  if (dragged) drawBox(pen, dragged, at, ratio, object);
}

function drawPoint(pen, [x, y], label, ratio) {
  const r = RADIUS * ratio;
  pen.beginPath();
  if (label) pen.arc(x, y, r, 0, 7);
  else pen.rect(x - r, y - r, 2 * r, 2 * r);
  pen.fillStyle = label ? INCLUDE : EXCLUDE;
  pen.fill();
  pen.lineWidth = 2 * ratio;
  pen.strokeStyle = "#fff";
  pen.stroke();
  pen.beginPath();
  pen.moveTo(x - r / 2, y);
  pen.lineTo(x + r / 2, y);
  if (label) {
    pen.moveTo(x, y - r / 2);
    pen.lineTo(x, y + r / 2);
  }
  pen.stroke();
}

/** @param {number[]} box xyxy */
function drawBox(pen, box, at, ratio, object) {
  const [x1, y1, x2, y2] = box;
  const [[left, top], [right, bottom]] = [at(x1, y1), at(x2, y2)];
  pen.lineWidth = 4 * ratio;
  pen.strokeStyle = "#0009";
  pen.strokeRect(left, top, right - left, bottom - top);
  pen.lineWidth = 2 * ratio;
  pen.strokeStyle = BOX;
  pen.setLineDash([8 * ratio, 4 * ratio]);
  pen.strokeRect(left, top, right - left, bottom - top);
  pen.setLineDash([]);
  pen.font = `700 ${12 * ratio}px sans-serif`;
  pen.fillStyle = "#000b";
  pen.fillRect(left, top, 18 * ratio, 18 * ratio);
  pen.fillStyle = BOX;
  pen.fillText(String(object), left + 5 * ratio, top + 13 * ratio);
}
