// What is said of a job, in the same words wherever jobs are shown.

import { bytes, clock, count, counted } from "./dom.js";
import { isActive } from "./watch.js";

/** "extracting 843 of 1,826, 412 fps, 2 s left" */
export function said(job) {
  if (job.state === "queued") return job.ahead ? `waiting for ${count(job.ahead)} before it` : "waiting";
  if (!isActive(job)) return job.state === "done" && job.kept ? `done, ${counted(job.kept, "frame")}` : job.state;
  if (job.cancelling) return "cancelling";
  const amount = job.unit === "bytes" ? bytes : count;
  const of = job.total ? ` ${amount(job.done)} of ${amount(job.total)}` : job.done ? ` ${amount(job.done)}` : "";
  return `${job.phase}${of}${speed(job)}${left(job.seconds_left)}`;
}

function speed(job) {
  if (job.per_s < 1) return "";
  if (job.unit === "bytes") return `, ${bytes(Math.round(job.per_s))}/s`;
  return `, ${count(job.per_s)} ${job.unit === "windows" ? "windows/s" : "fps"}`;
}

function left(seconds) {
  if (seconds === null || seconds < 0.5) return "";
  if (seconds < 90) return `, ${Math.ceil(seconds)} s left`;
  return `, ${clock(Math.round(seconds)).replace(/\..*/, "")} left`;
}
