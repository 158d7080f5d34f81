// Talks to our own routes. Every refusal is an Error whose message is the server's sentence.

const address = (path) => new URL(`fs/${path}`, document.baseURI).href;

export class Refused extends Error {
  constructor(status, answer) {
    super(answer.error ?? `the server answered ${status}.`);
    this.status = status;
    this.answer = answer;
  }
}

// Whose jobs these are: a word that the server gave this browser. Storage belongs to host and port, cookies to the host.
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

async function ask(path, options = {}) {
  const sent = kept() ?? "";
  const response = await fetch(address(path), { ...options, headers: { [OWNER]: sent } });
  const given = response.headers.get(OWNER);
  if (given && sent === (kept() ?? "")) { // of several first answers the first one counts
    word = given;
    try {
      localStorage.setItem(KEY, given);
    } catch {
      // as above
    }
  }
  return response;
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

/** GET, JSON. */
export async function read(path) {
  return (await checked(await ask(path))).json();
}

/** GET, bytes. */
export async function readBytes(path) {
  return (await checked(await ask(path))).arrayBuffer();
}

/** GET, a stream of bytes that `signal` ends. */
export async function readStream(path, signal) {
  return (await checked(await ask(path, { signal }))).body.getReader();
}

/** POST, JSON in and out. */
export async function write(path, values) {
  const body = JSON.stringify(values);
  return (await checked(await ask(path, { method: "POST", body }))).json();
}

export { address };
