// Which run is open: one for the whole page. Tabs follow it with `onRun`; what one tab makes is opened with `open`.

import { read } from "./server.js";

const LAST = "framesieve.run";
const followers = new Set();
const finishers = new Set();
let current = null;
let turn = 0;
let list = [];

/** Reads the list of runs anew: lines as in `Workspace.runs`. */
export async function refresh() {
  list = await read("runs");
  return list;
}

export const known = () => list;
export const opened = () => current;

/** Names what has to be finished before a run is read: what was just changed must be in it. */
export const beforeOpening = (finish) => finishers.add(finish);

/** Opens a run by its line in the list; its facts go to all followers. Of two at a time, the later one wins. */
export async function open(line) {
  const mine = ++turn;
  await Promise.all([...finishers].map((finish) => finish()));
  const facts = await read(`runs/${line.id}`);
  if (mine !== turn) return current;
  localStorage.setItem(LAST, facts.name);
  current = facts;
  followers.forEach((follow) => follow(facts));
  return facts;
}

/** Calls `follow(facts)` now, if a run is open, and for each run that is opened; `null` = there is no run at all. */
export function onRun(follow) {
  followers.add(follow);
  if (current !== null || started) follow(current);
}

let started = false;

/** Opens the run that was open last in this browser, else the newest. */
export async function start() {
  const lines = (await refresh()).filter((line) => line.id);
  const wanted = lines.find((line) => line.name === localStorage.getItem(LAST)) ?? lines[0];
  started = true;
  if (wanted) await open(wanted);
  else followers.forEach((follow) => follow(null));
}
