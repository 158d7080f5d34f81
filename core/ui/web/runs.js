// Which run is open: one for the whole page. Tabs follow it with `onRun`; what one tab makes is opened with `open`.

import { go, OF_RUN, onPlace, place } from "./address.js";
import { read, write } from "./server.js";

const LAST = "framesieve.run";
const followers = new Set();
const finishers = new Set();
let current = null;
let turn = 0;
let list = [];
let started = false;
/** @type {(sentence: string) => void} */
let notice = () => {};

/** Reads the list of runs anew: lines as in `Workspace.runs`. */
export async function refresh() {
  list = await read("runs");
  return list;
}

export const known = () => list;
export const opened = () => current;
/** What a run is called: its title, else the name of its folder. */
export const called = (run) => run.title ?? run.name;

/** Names what has to be finished before a run is read: what was just changed must be in it. */
export const beforeOpening = (finish) => finishers.add(finish);

/** Opens a run by its line in the list; its facts go to all followers. Of two at a time, the later one wins. */
export async function open(line, how = {}) {
  const mine = ++turn;
  await Promise.all([...finishers].map((finish) => finish()));
  const facts = await read(`runs/${line.id}`);
  if (mine !== turn) return current;
  localStorage.setItem(LAST, facts.name);
  current = facts;
  go({ run: facts.id }, how);
  followers.forEach((follow) => follow(facts));
  return facts;
}

/** Calls `follow(facts)` now, if a run is open, and for each run that is opened; `null` = there is no run at all. */
export function onRun(follow) {
  followers.add(follow);
  if (current !== null || started) follow(current);
}

/** Opens the run of the address, else the one that was open last in this browser, else the newest. `told(sentence)`. */
export async function start(told) {
  notice = told;
  const lines = (await refresh()).filter((line) => line.id);
  const asked = place().run;
  const linked = lines.find((line) => line.id === asked);
  if (asked && !linked) isGone();
  const last = localStorage.getItem(LAST);
  const wanted = linked ?? lines.find((line) => line.name === last) ?? lines[0];
  started = true;
  onPlace(({ run }) => run && run !== current?.id && open({ id: run }).catch(isGone));
  if (wanted) await open(wanted, { replace: true });
  else close();
}

/** Gives a run another title; none: its folder's name is shown again. */
export async function rename(line, title) {
  const { title: now } = await write(`runs/${line.id}/title`, { title });
  if (line.id !== current?.id) return;
  current = { ...current, title: now };
  followers.forEach((follow) => follow(current));
}

/** Moves a run to the trash; resolves to what `restore` wants. Where it is open the next one is opened. */
export async function remove(line) {
  const at = list.indexOf(line);
  await Promise.all([...finishers].map((finish) => finish()));
  const trashed = await write(`runs/${line.id ?? line.damaged}/delete`, {});
  await refresh();
  if (!line.id || line.id !== current?.id) return trashed;
  const next = [...list.slice(Math.max(0, at)), ...list.slice(0, Math.max(0, at)).reverse()].find((one) => one.id);
  if (next) await open(next, { replace: true });
  else close();
  return trashed;
}

/** Brings a run back from the trash; resolves to its line in the list. */
export async function restore(trashed) {
  const { id } = await write("trash/restore", { deleted: trashed.deleted });
  await refresh();
  const line = list.find((one) => id && one.id === id);
  if (line && current === null) await open(line, { replace: true });
  return line;
}

function close() {
  turn++;
  current = null;
  go({ run: null }, { replace: true });
  followers.forEach((follow) => follow(null));
}

function isGone() {
  const { review } = place();
  const video = review.video === OF_RUN ? { video: null, frame: null } : {};
  go({ run: current?.id ?? null, filter: { frame: null }, review: video }, { replace: true });
  notice("The run of this address is not there any more: it was deleted or moved.");
}
