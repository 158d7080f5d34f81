// Bars of tracklets over the time of a video, one lane a person.

/** Height of a lane, px. */
export const LANE = 16;
const PAD = 3;
const LABEL = 11;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {any} view as the server tells it, or null
 * @param {Map<number, number>} lanes person -> lane
 * @param {{current?: ?number, picked?: Set<number>, frame?: ?number}} marked
 */
export function drawLanes(canvas, view, lanes, { current = null, picked = new Set(), frame = null }) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (!width || !height) return;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const look = getComputedStyle(canvas);
  const color = (name) => look.getPropertyValue(name).trim();
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  if (!view?.frames) return;
  const x = (at) => (at / view.frames) * width;
  const lane = LANE * ratio;
  if (lanes.has(current)) {
    pen.fillStyle = color("--soft");
    pen.fillRect(0, lanes.get(current) * lane, width, lane);
  }
  for (const [person, , first, last] of view.lanes) {
    const at = lanes.get(person);
    if (at === undefined) continue;
    pen.fillStyle = picked.has(person) || person === current ? color("--acc-fill") : color("--sub");
    pen.globalAlpha = picked.has(person) || person === current ? 1 : 0.6;
    const left = x(first);
    const wide = Math.max(ratio, x(last + 1) - left - (last - first > view.frames / 200 ? ratio : 0));
    pen.fillRect(left, at * lane + PAD * ratio, wide, lane - 2 * PAD * ratio);
  }
  pen.globalAlpha = 1;
  pen.fillStyle = color("--warn");
  for (const cut of view.cuts) pen.fillRect(Math.round(x(cut)), 0, Math.max(1, ratio), height);
  if (frame !== null) {
    pen.fillStyle = color("--body-text-color");
    pen.fillRect(Math.round(x(frame + 0.5)), 0, Math.max(1, ratio), height);
  }
  pen.font = `700 ${LABEL * ratio}px ${look.fontFamily}`;
  pen.textBaseline = "middle";
  for (const [person, at] of lanes) {
    const text = String(person);
    pen.fillStyle = color("--panel");
    pen.globalAlpha = 0.85;
    pen.fillRect(2 * ratio, at * lane + 2 * ratio, pen.measureText(text).width + 8 * ratio, lane - 4 * ratio);
    pen.globalAlpha = 1;
    pen.fillStyle = color("--body-text-color");
    pen.fillText(text, 6 * ratio, (at + 0.5) * lane + 0.5 * ratio);
  }
}
