// Where the small picture of a frame comes from: its preview, its file, or, without either, decoded on demand.

import { address, readStream } from "./server.js";
import { HAS_FILE, HAS_THUMB } from "./table.js";

const SETTLE_MS = 120;
const KEPT = 1500;

export class Thumbs {
  /** `arrived(row)` is called when a decoded picture has come, `failed(sentence)` once when none can come. */
  constructor(run, table, arrived, failed) {
    this.run = run;
    this.table = table;
    this.arrived = arrived;
    this.told = failed;
    this.decoded = new Map();
    this.wanted = new Map();
    this.pending = new Set();
    this.failed = null;
  }

  /** Address of the small picture, null while there is none. */
  of(row) {
    const flags = this.table.flags[row];
    const ordinal = this.table.ordinal[row];
    if (flags & HAS_THUMB) return address(`runs/${this.run.id}/thumb/${ordinal}`);
    if (flags & HAS_FILE) return this.full(row);
    return this.decoded.get(row) ?? null;
  }

  /** Address of the frame at full size. */
  full(row) {
    return address(`runs/${this.run.id}/frame/${this.table.ordinal[row]}`);
  }

  /** Rows that a place of the page shows now: what they lack is decoded, once scrolling has come to rest. */
  want(place, rows) {
    this.wanted.set(place, rows);
    const missing = [...new Set([...this.wanted.values()].flat())].filter((row) => this.of(row) === null);
    if (this.failed || missing.every((row) => this.pending.has(row))) return;
    this.close();
    this.pending = new Set(missing);
    this.timer = setTimeout(() => this.#decode(missing), SETTLE_MS);
  }

  close() {
    clearTimeout(this.timer);
    this.stop?.abort();
  }

  /** One request for all of them: other requests of the page are never kept waiting. */
  async #decode(rows) {
    const stop = (this.stop = new AbortController());
    const ordinals = rows.map((row) => this.table.ordinal[row]);
    try {
      const reader = await readStream(`runs/${this.run.id}/thumbs?ordinals=${ordinals.join(",")}`, stop.signal);
      for await (const [ordinal, data] of parts(reader)) this.#keep(this.table.rowOf(ordinal), data);
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error);
    }
    if (this.stop === stop) this.pending = new Set();
  }

  #fail(error) {
    this.failed = error;
    this.told(error.message);
  }

  /** Tries again what failed. */
  again() {
    this.failed = null;
    this.want("again", []);
  }

  #keep(row, data) {
    this.decoded.set(row, URL.createObjectURL(new Blob([data], { type: "image/jpeg" })));
    while (this.decoded.size > KEPT) {
      const [oldest, url] = this.decoded.entries().next().value;
      URL.revokeObjectURL(url);
      this.decoded.delete(oldest);
    }
    this.arrived(row);
  }
}

/** Yields [ordinal, bytes] from a stream of uint32 ordinal, uint32 length, bytes. */
async function* parts(reader) {
  let rest = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const joined = new Uint8Array(rest.length + value.length);
    joined.set(rest);
    joined.set(value, rest.length);
    rest = joined;
    while (rest.length >= 8) {
      const view = new DataView(rest.buffer, rest.byteOffset);
      const length = view.getUint32(4, true);
      if (rest.length < 8 + length) break;
      yield [view.getUint32(0, true), rest.slice(8, 8 + length)];
      rest = rest.slice(8 + length);
    }
  }
}

/** As `parts`, for others: what of the streams of small pictures comes in. */
export const partsOf = (reader) => parts(reader);
