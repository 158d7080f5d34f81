// What a tab shows besides the run, in one line of the header: the video of Live Review, for instance.

const lines = new Map();
const followers = new Set();

/** Says what a tab shows; null: the run that is open. */
export function about(tab, line) {
  lines.set(tab, line);
  followers.forEach((follow) => follow());
}

export const aboutTab = (tab) => lines.get(tab) ?? null;

/** Calls `follow()` whenever a tab shows something else. */
export const onAbout = (follow) => followers.add(follow);
