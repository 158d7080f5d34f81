// The records of a run as columns: the answer of core/ui/columns.py, unpacked without copying.

export const HAS_HASH = 1;
export const HAS_ERROR = 2;
export const HAS_FILE = 4;
export const HAS_THUMB = 8;
export const HAS_COLOURS = 16;

const ARRAYS = { f8: Float64Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };

export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = 8 * Math.ceil((4 + length) / 8);
  const columns = new Map(
    head.columns.map(({ name, type, at, length }) => [name, new ARRAYS[type](buffer, start + at, length)]),
  );
  const values = new Map();
  for (const [name, column] of columns) if (name.startsWith("value:")) values.set(name.slice(6), column);
  const ordinal = columns.get("ordinal");
  return {
    frames: head.frames,
    rules: head.rules,
    discards: head.discards,
    ordinal,
    ptsS: columns.get("pts_s"),
    shot: columns.get("shot"),
    hashHigh: columns.get("hash_high"),
    hashLow: columns.get("hash_low"),
    colours: columns.get("colours"),
    discard: columns.get("discard"),
    flags: columns.get("flags"),
    letterbox: columns.get("letterbox"),
    values,
    people: peopleOf(head.people, columns.get("people")),
    orders: new Map(),
    rowOf: (wanted) => rowOf(ordinal, wanted),
  };
}

/** [x, y, width, height] of the picture inside black bars, in pixels; null where there are none. */
export function insideBars({ run, table }, row) {
  const [x, y, width, height] = table.letterbox.subarray(4 * row, 4 * row + 4);
  if (!width || !height || (width >= run.width && height >= run.height)) return null;
  return [x, y, width, height];
}

/** Map of person id -> rows of the frames that show this person. */
function peopleOf(people, rows) {
  let at = 0;
  return new Map(people.map(([id, frames]) => [id, rows.subarray(at, (at += frames))]));
}

/** Row of an ordinal, -1 when the table does not hold it. */
function rowOf(ordinal, wanted) {
  let [low, high] = [0, ordinal.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ordinal[middle] === wanted) return middle;
    if (ordinal[middle] < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** SHA-256 (hex) of the kept ordinals as little-endian int64: the digest of a selection. */
export function digestOf(table, reason) {
  let kept = 0;
  for (let row = 0; row < table.frames; row++) if (reason[row] === 0) kept++;
  const words = new Uint32Array(2 * kept);
  for (let row = 0, at = 0; row < table.frames; row++) {
    if (reason[row] !== 0) continue;
    words[at++] = table.ordinal[row] >>> 0;
    words[at++] = Math.floor(table.ordinal[row] / 2 ** 32);
  }
  return sha256(new Uint8Array(words.buffer));
}

/** In plain script, because crypto.subtle is absent where the page is not served from this machine or over TLS. */
function sha256(data) {
  const [rounds, state] = constants();
  const blocks = (data.length + 9 + 63) >> 6;
  const padded = new Uint8Array(64 * blocks);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(data.length / 2 ** 29));
  view.setUint32(padded.length - 4, (data.length * 8) >>> 0);
  const w = new Int32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + 4 * i);
    for (let i = 16; i < 64; i++) {
      const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
      const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i] + w[i]) | 0;
      const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = (state[i] + word) | 0));
  }
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

const turn = (word, bits) => (word >>> bits) | (word << (32 - bits));

/** Fractions of the cube and square roots of the first primes (FIPS 180-4). */
function constants() {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  return [
    Int32Array.from(primes, (n) => fraction(Math.cbrt(n))),
    Int32Array.from(primes.slice(0, 8), (n) => fraction(Math.sqrt(n))),
  ];
}
