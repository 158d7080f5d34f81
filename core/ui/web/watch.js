// The jobs of this browser, read again as long as one of them goes on. Whoever shows jobs follows this.

import { read, write } from "./server.js";

const BUSY_MS = 80;
const IDLE_MS = 3000;
const TOLD = ["id", "version", "ahead", "resumable", "run"];
const ACTIVE = new Set(["queued", "running"]);

const followers = new Set();
const details = new Map();
/** Who looks at a job -> its id. */
const looks = new Map();
const siblings = new BroadcastChannel("framesieve.jobs");
let list = null;
let timer = null;
let lost = false;
let others = 0;
let round = 0;
let reading = null;

export const isActive = (job) => ACTIVE.has(job.state);
export const known = () => list ?? [];
/** What `detail` asked for of a job: { rows, thumbs, recorded, log, notices, log_file } or null. */
export const detailOf = (id) => details.get(id) ?? null;

/** Calls `follow(jobs, { lost, others })` now, if the jobs are known, and whenever something of them changed. */
export function onJobs(follow) {
  followers.add(follow);
  if (list) follow(list, { lost, others });
  else if (timer === null) refresh();
}

/** `who` looks at one job: its frames and log are wanted, beside those that others look at. */
export function detail(who, id) {
  if (looks.get(who) === id) return;
  looks.set(who, id);
  if (list) refresh();
}

/** Reads the jobs now; ends when they are known, by a later reading too. */
export function refresh() {
  clearTimeout(timer);
  timer = 0;
  return (reading = readJobs(++round));
}

async function readJobs(mine) {
  try {
    const wanted = [...new Set(looks.values())];
    const seen = wanted.map((id) => details.get(id)?.version ?? "");
    const { jobs, others: theirs } = await read(wanted.length ? `jobs?detail=${wanted}&seen=${seen}` : "jobs");
    if (mine !== round) return reading;
    take(jobs, theirs);
  } catch {
    if (mine !== round) return reading;
    if (!lost) tell(list ?? [], true);
  }
  const busy = known().some(isActive) && !lost;
  timer = setTimeout(refresh, busy ? BUSY_MS : IDLE_MS);
  return undefined;
}

/** `theirs`: how many jobs of other browsers run or wait. */
function take(jobs, theirs) {
  let changed = theirs !== others || lost || list === null || jobs.length !== list.length;
  jobs.forEach((job, i) => {
    changed ||= TOLD.some((name) => list[i]?.[name] !== job[name]);
    if (!job.rows) return;
    const { rows, thumbs, recorded, log, notices, log_file } = job;
    details.set(job.id, { rows, thumbs, recorded, log, notices, log_file, version: job.version });
    changed = true;
  });
  others = theirs;
  if (changed) tell(jobs, false);
}

function tell(jobs, gone) {
  list = jobs;
  lost = gone;
  followers.forEach((follow) => follow(jobs, { lost, others }));
}

/** Asks for something to happen to a job, or starts one; then all tabs of this browser look. */
export async function act(path, values = {}) {
  const answer = await write(path, values);
  await lookAgain();
  return answer;
}

siblings.addEventListener("message", () => refresh());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());

/** Something was started or ended by another way than `act`: all tabs of this browser look. */
export async function lookAgain() {
  siblings.postMessage("look");
  await refresh();
}
