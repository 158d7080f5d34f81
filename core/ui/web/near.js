// Near-duplicates among 64-bit hashes and coarse colours, greedy and exact: the twin of core/metrics/hamming.py. A hash
// is two uint32 halves. Colours are { values, places, limits }: as many numbers per frame as there are limits, from its
// place on.

const BITS = 64;
const LOOKUP_COST = 12;
const SCAN_COST = 0.17;

/**
 * For each frame, best first: -1 = kept, else the index of the first kept frame whose hash differs in at most
 * `distance` bits and whose colours agree. Whatever way is taken, the answer is the same; only the time differs.
 */
export function firstNear(high, low, distance, colours) {
  const bands = bandsFor(high.length, distance);
  return bands === 0 ? scan(high, low, distance, colours) : search(high, low, distance, bands, colours);
}

/** Whether the colours of two frames agree, or are not known of both. */
function agree({ values, places, limits }, i, k) {
  const a = places[i];
  const b = places[k];
  if (a < 0 || b < 0) return true;
  for (let at = 0; at < limits.length; at++) if (Math.abs(values[a + at] - values[b + at]) > limits[at]) return false;
  return true;
}

function ones(word) {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function scan(high, low, distance, colours) {
  const found = new Int32Array(high.length).fill(-1);
  const kept = [];
  for (let i = 0; i < high.length; i++) {
    for (const k of kept) {
      if (ones(high[i] ^ high[k]) + ones(low[i] ^ low[k]) <= distance && agree(colours, i, k)) {
        found[i] = k;
        break;
      }
    }
    if (found[i] < 0) kept.push(i);
  }
  return found;
}

/** Into how many bands the bits are cut so that the search is cheapest; 0 = scan. */
function bandsFor(count, distance) {
  let [best, bestCost] = [0, (SCAN_COST * count) / 2];
  for (let bands = 4; bands <= Math.max(4, distance + 1); bands++) {
    const width = Math.floor(BITS / bands);
    const lookups = bands * flipCount(Math.ceil(BITS / bands), Math.floor(distance / bands));
    const cost = lookups * (LOOKUP_COST * SCAN_COST + (SCAN_COST * count) / 2 / 2 ** width);
    if (cost < bestCost) [best, bestCost] = [bands, cost];
  }
  return best;
}

/** How many numbers `flips` returns. */
function flipCount(width, most) {
  let [total, choose] = [0, 1];
  for (let bits = 0; bits <= most; bits++) {
    total += choose;
    choose = (choose * (width - bits)) / (bits + 1);
  }
  return total;
}

/** All numbers of `width` bits with at most `most` bits set. */
function flips(width, most) {
  return Array.from({ length: 2 ** width }, (_, key) => key).filter((key) => ones(key) <= most);
}

/** Of m bands of two hashes that differ in d bits, one differs in at most d / m: near pairs meet in a bucket there. */
function search(high, low, distance, bands, colours) {
  const edges = Array.from({ length: bands + 1 }, (_, band) => Math.floor((BITS * band) / bands));
  const flipped = edges.slice(1).map((edge, band) => flips(edge - edges[band], Math.floor(distance / bands)));
  const heads = flipped.map((_, band) => new Int32Array(2 ** (edges[band + 1] - edges[band])).fill(-1));
  const next = flipped.map(() => new Int32Array(high.length));
  const found = new Int32Array(high.length).fill(-1);
  for (let i = 0; i < high.length; i++) {
    let first = -1;
    for (let band = 0; band < bands; band++) {
      const key = bitsOf(high[i], low[i], edges[band], edges[band + 1]);
      for (const flip of flipped[band]) {
        for (let k = heads[band][key ^ flip]; k >= 0; k = next[band][k]) {
          if (first >= 0 && k > first) continue;
          if (ones(high[i] ^ high[k]) + ones(low[i] ^ low[k]) <= distance && agree(colours, i, k)) first = k;
        }
      }
    }
    found[i] = first;
    if (first >= 0) continue;
    for (let band = 0; band < bands; band++) {
      const key = bitsOf(high[i], low[i], edges[band], edges[band + 1]);
      next[band][i] = heads[band][key];
      heads[band][key] = i;
    }
  }
  return found;
}

/** Bits [from, to) of a hash, at most 16 of them. */
function bitsOf(high, low, from, to) {
  const mask = 2 ** (to - from) - 1;
  if (from >= 32) return (high >>> (from - 32)) & mask;
  if (to <= 32) return (low >>> from) & mask;
  return ((low >>> from) | (high << (32 - from))) & mask;
}
