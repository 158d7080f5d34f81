// Small helpers for building the page. Data only ever becomes text or attributes, never markup.

const SVG = new Set(["svg", "path", "rect", "line", "g"]);

/**
 * An element with classes, attributes, children: h("button.chip", { onclick, "aria-pressed": "true" }, "text").
 * @template {string} S
 * @param {S} spec
 * @param {Record<string, any>} attributes
 * @param {any[]} children
 * @returns {ElementOf<S>}
 */
export function h(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  /** @type {any} */
  const element = SVG.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  if (tag === "button") element.type = "button";
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    // A listener, since a property's false would cancel the event.
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children
      .flat(Infinity)
      .filter(isShown)
      .map((child) => (child.nodeType ? child : String(child))),
  );
  return element;
}

/** @param {any} child */
const isShown = (child) => child !== null && child !== undefined && child !== false;

/**
 * Gives a node these children; values that are not shown are left out. A child that it has already is not touched.
 * @template {Element} N
 * @param {N} node
 * @param {any[]} children
 * @returns {N}
 */
export function fill(node, ...children) {
  if (isPressed(node)) return later(node, () => fill(node, ...children));
  late.delete(node);
  const wanted = children
    .flat(Infinity)
    .filter(isShown)
    .map((child) => (child.nodeType ? child : document.createTextNode(String(child))));
  const stays = new Set(wanted);
  for (const child of [...node.childNodes]) if (!stays.has(child)) child.remove();
  wanted.forEach((child, i) => node.childNodes[i] === child || node.insertBefore(child, node.childNodes[i] ?? null));
  return node;
}

// A click begins and ends on one element: what is pressed is drawn anew only when it was let go.
/** @type {Node | null} */
let pressed = null;
/** @type {Map<Element, () => any>} */
const late = new Map();

/** @param {Element} node */
const isPressed = (node) => pressed !== null && node.contains(pressed);
/**
 * @template {Element} N
 * @param {N} node
 * @param {() => any} draw
 */
function later(node, draw) {
  late.set(node, draw);
  return node;
}

const press = (target) => (pressed = target);

function letGo() {
  if (pressed === null) return;
  pressed = null;
  setTimeout(() => {
    const draws = [...late.values()];
    late.clear();
    draws.forEach((draw) => draw());
    rest.splice(0).forEach((go) => go());
  });
}

/** @type {(() => void)[]} */
const rest = [];

/**
 * Resolves when nothing is pressed: what stands above a button must not grow between press and release.
 * @returns {Promise<void>}
 */
export const released = () => (pressed === null ? Promise.resolve() : new Promise((go) => rest.push(go)));

addEventListener("pointerdown", (event) => event.button === 0 && press(event.target), true);
addEventListener("pointermove", (event) => event.buttons === 0 && letGo(), true);
addEventListener("keydown", (event) => event.key === " " && press(event.target), true);
addEventListener("blur", (event) => event.target === window && letGo());
for (const name of ["pointerup", "pointercancel", "keyup"]) addEventListener(name, letGo, true);

const REACHABLE = "button:not(:disabled), a[href], select, input";
const nameOf = (element) =>
  element.dataset.key ?? (element.getAttribute("aria-label") ?? element.textContent).replace(/\d+/g, "");

/**
 * As `fill`, but whoever was on a button in it stays there: on the one with the same `data-key`,
 * else with the same words, else on the first one.
 * @template {Element} N
 * @param {N} node
 * @param {any[]} children
 * @returns {N}
 */
export function refill(node, ...children) {
  if (isPressed(node)) return later(node, () => refill(node, ...children));
  const had = node.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  fill(node, ...children);
  if (had === null) return node;
  /** @type {NodeListOf<HTMLElement>} */
  const reachable = node.querySelectorAll(REACHABLE);
  const now = [...reachable];
  (now.find((element) => nameOf(element) === had) ?? now[0])?.focus({ preventScroll: true });
  return node;
}

/** Whoever was on a control that is going away is put on the first of `others` that can be used. */
export function handOver(had, ...others) {
  if (had && (had.hidden || had.disabled)) others.find((other) => !other.hidden && !other.disabled)?.focus();
}

const ICONS = {
  check: "M3 8.5 6.5 12 13 4.5",
  x: "M4 4l8 8M12 4l-8 8",
  prev: "M10 3 5 8l5 5",
  next: "M6 3l5 5-5 5",
  play: "M5 3l8 5-8 5z",
  pause: "M5.500 3v10M10.500 3v10",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  warn: "M8 2 14.5 13.500h-13zM8 6.500v3.500M8 11.600v.600",
  moon: "M13 9.500A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.500z",
  undo: "M6 3 2.5 6.5 6 10M3 6.500h6a4 4 0 0 1 0 7H7",
  out: "M8 2v8M5 7l3 3 3-3M3 13h10",
  hand: "M5 8V3.500M7.5 7.500v-5M10 7.500v-4.500M12.5 8.500v-3M5 8 3.2 7c-.8.9 1 5.5 4.3 6 3 .4 5-1.5 5-4.5",
  copies: "M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3",
  edit: "M3 13l.700-3L11 2.700l2.300 2.300L6 12.300zM9.500 4.200l2.300 2.300",
  bin: "M3 4.500h10M6.500 4.500v-2h3v2M4.500 4.500l.600 9h5.800l.600-9M7 7v4M9 7v4",
  film: "M2.500 3.500h11v9h-11zM5.500 3.500v9M10.500 3.500v9M2.500 8h11",
  zoom: "M7 2.500a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5 14 14",
};

/**
 * A 16-unit line icon; decorative, the control beside it carries the words.
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  return h("svg.ic", { viewBox: "0 0 16 16", "aria-hidden": "true" }, h("path", { d: ICONS[name] }));
}

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/**
 * 1234 -> "1,234"
 * @param {number} number
 */
export const count = (number) => GROUPED.format(number);

/**
 * A metric with as many digits as fit its size: 71.3, 0.853, 12.
 * @param {number} value
 */
export function number(value, digits = 4) {
  if (Number.isNaN(value)) return "none";
  if (Number.isInteger(value)) return count(value);
  return String(Number(value.toPrecision(digits)));
}

/**
 * Seconds as 1:02.345
 * @param {number} seconds
 */
export function clock(seconds) {
  const sign = seconds < 0 ? "-" : "";
  const all = Math.round(Math.abs(seconds) * 1000);
  const rest = ((all % 60000) / 1000).toFixed(3).padStart(6, "0");
  const minutes = Math.floor(all / 60000);
  const hours = Math.floor(minutes / 60);
  return hours ? `${sign}${hours}:${String(minutes % 60).padStart(2, "0")}:${rest}` : `${sign}${minutes}:${rest}`;
}

/**
 * Bytes as "86.0 MB"
 * @param {number} size
 */
export function bytes(size) {
  /** @type {[number, string][]} */
  const steps = [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ];
  const [unit, name] = steps.find(([least]) => size >= least) ?? [1, "bytes"];
  return unit === 1 ? `${size} bytes` : `${(size / unit).toFixed(1)} ${name}`;
}

/**
 * "2 frames", "1 frame"
 * @param {number} amount
 * @param {string} noun in the singular
 */
export const counted = (amount, noun) => `${count(amount)} ${noun}${amount === 1 ? "" : "s"}`;

/**
 * "−137": frames that a filter takes away.
 * @param {number} frames
 */
export const removed = (frames) => (frames ? `−${count(frames)}` : "0");

/**
 * face_count -> "Face count"
 * @param {string} column
 */
export function title(column) {
  const words = column.replace(/_pct$/, " %").replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/**
 * A message of the program as people read it: a capital letter in front, a full stop at the end.
 * @param {string} text
 */
export const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1).replace(/\.?$/, ".")}`;

const REST_MS = 350;

/**
 * Whether somebody is typing in the box: then nothing else may change what stands in it.
 * @param {HTMLInputElement} box
 */
export const isTyping = (box) => document.activeElement === box && box.dataset.typing === "yes";

/**
 * Makes a box act while something is typed into it, after a short rest, and at once on Enter and when it is left. `act`
 * reads the box; `show` puts what holds now into it when the box is left, unless what was typed is marked as wrong.
 * @param {HTMLInputElement} box
 * @param {() => void} act
 */
export function typed(box, act, show = () => {}) {
  let timer = null;
  const now = () => {
    clearTimeout(timer);
    timer = null;
    act();
  };
  box.addEventListener("input", () => {
    box.dataset.typing = "yes";
    clearTimeout(timer);
    timer = setTimeout(now, REST_MS);
  });
  box.addEventListener("change", now);
  box.addEventListener("blur", () => {
    if (timer !== null) now();
    box.dataset.typing = "no";
    if (!box.classList.contains("wrong")) show();
  });
}

/**
 * Calls `job` once per frame at most.
 * @param {() => void} job
 */
export function oncePerFrame(job) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      job();
    });
  };
}
