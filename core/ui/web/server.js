// Talks to our own routes. Every refusal is an Error whose message is the server's sentence.

const address = (path) => new URL(`fs/${path}`, document.baseURI).href;

export class Refused extends Error {
  constructor(status, answer) {
    super(answer.error ?? `the server answered ${status}.`);
    this.status = status;
    this.answer = answer;
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

/** GET, JSON. */
export async function read(path) {
  return (await checked(await fetch(address(path)))).json();
}

/** GET, bytes. */
export async function readBytes(path) {
  return (await checked(await fetch(address(path)))).arrayBuffer();
}

/** GET, a stream of bytes that `signal` ends. */
export async function readStream(path, signal) {
  return (await checked(await fetch(address(path), { signal }))).body.getReader();
}

/** POST, JSON in and out. */
export async function write(path, values) {
  const body = JSON.stringify(values);
  return (await checked(await fetch(address(path), { method: "POST", body }))).json();
}

export { address };
