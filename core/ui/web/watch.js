// The jobs of this browser, read again as long as one of them goes on. Whoever shows jobs follows this.

import { read, write } from "./server.js";

const BUSY_MS = 80;
const IDLE_MS = 3000;
const ACTIVE = new Set(["queued", "running"]);

const followers = new Set();
const details = new Map();
const others = new BroadcastChannel("framesieve.jobs");
let list = null;
let wanted = null;
let timer = null;
let lost = false;
let round = 0;

export const isActive = (job) => ACTIVE.has(job.state);
export const known = () => list ?? [];
/** Newest frames, previews and log of the job that `detail` asked for: { rows, thumbs, log, log_file } or null. */
export const detailOf = (id) => details.get(id) ?? null;

/** Calls `follow(jobs, { lost })` now, if the jobs are known, and whenever something of them changed. */
export function onJobs(follow) {
  followers.add(follow);
  if (list) follow(list, { lost });
  else if (timer === null) refresh();
}

/** Names the one job of which frames and log are wanted. */
export function detail(id) {
  if (wanted === id) return;
  wanted = id;
  if (id !== null && list) refresh();
}

/** Reads the jobs now. */
export async function refresh() {
  clearTimeout(timer);
  timer = 0;
  const mine = ++round;
  try {
    const seen = details.get(wanted)?.version ?? "";
    const { jobs } = await read(wanted ? `jobs?detail=${wanted}&seen=${seen}` : "jobs");
    if (mine !== round) return;
    take(jobs);
  } catch {
    if (mine !== round) return;
    if (!lost) tell(list ?? [], true);
  }
  const busy = known().some(isActive) && !lost;
  timer = setTimeout(refresh, busy ? BUSY_MS : IDLE_MS);
}

function take(jobs) {
  let changed = lost || list === null || jobs.length !== list.length;
  jobs.forEach((job, i) => {
    changed ||= list[i]?.id !== job.id || list[i]?.version !== job.version || list[i]?.ahead !== job.ahead;
    if (!job.rows) return;
    const { rows, thumbs, log, log_file } = job;
    details.set(job.id, { rows, thumbs, log, log_file, version: job.version });
    changed = true;
  });
  if (changed) tell(jobs, false);
}

function tell(jobs, gone) {
  list = jobs;
  lost = gone;
  followers.forEach((follow) => follow(jobs, { lost }));
}

/** Asks for something to happen to a job, or starts one; then all tabs of this browser look. */
export async function act(path, values = {}) {
  const answer = await write(path, values);
  others.postMessage("look");
  await refresh();
  return answer;
}

others.addEventListener("message", () => refresh());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
