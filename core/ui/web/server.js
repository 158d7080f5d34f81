// Talks to our own routes. Every refusal is an Error whose message is the server's sentence; what is to be decided by
// is its code, the field at fault and the facts (docs/codes.md).

/**
 * The address of a route of ours.
 * @param {string} path
 */
export const address = (path) => new URL(`fs/${path}`, document.baseURI).href;

export class Refused extends Error {
  constructor(status, answer) {
    super(answer.error ?? `the server answered ${status}.`);
    this.status = status;
    this.answer = answer;
    this.code = answer.code ?? null;
    this.field = answer.field ?? null;
    this.facts = answer.facts ?? {};
  }
}

// Whose jobs these are: a word that the server gave this browser. Storage belongs to host and port, cookies to the
// host.
const OWNER = "X-Framesieve-Owner";
const KEY = "framesieve.owner";
let word = null;

function kept() {
  try {
    return localStorage.getItem(KEY) ?? word;
  } catch {
    return word; // no storage here: the jobs are known until the page is closed
  }
}

/** The word by which the server knows this browser; empty before it gave one. */
export const ownerWord = () => kept() ?? "";

async function ask(path, options = {}) {
  const sent = kept() ?? "";
  const response = await reached(address(path), { ...options, headers: { [OWNER]: sent } });
  const given = response.headers.get(OWNER);
  if (given && sent === (kept() ?? "")) {
    // of several first answers the first one counts
    word = given;
    try {
      localStorage.setItem(KEY, given);
    } catch {
      // as above
    }
  }
  return response;
}

/** As `fetch`; that nobody answered is said in our words. What was given up stays an AbortError. */
async function reached(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error instanceof TypeError) throw new Error("the server does not answer.");
    throw error;
  }
}

async function checked(response) {
  if (response.ok) return response;
  let answer = {};
  try {
    answer = await response.json();
  } catch {
    // not one of our answers
  }
  throw new Refused(response.status, answer);
}

/**
 * GET, JSON.
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function read(path) {
  return (await checked(await ask(path))).json();
}

/**
 * GET, bytes.
 * @param {string} path
 */
export async function readBytes(path) {
  return (await checked(await ask(path))).arrayBuffer();
}

/**
 * GET, a stream of bytes that `signal` ends.
 * @param {string} path
 * @param {AbortSignal} signal
 */
export async function readStream(path, signal) {
  return (await checked(await ask(path, { signal }))).body.getReader();
}

/**
 * POST, JSON in and out.
 * @param {string} path
 * @param {Record<string, any>} values
 * @returns {Promise<any>}
 */
export async function write(path, values) {
  const body = JSON.stringify(values);
  return (await checked(await ask(path, { method: "POST", body }))).json();
}
