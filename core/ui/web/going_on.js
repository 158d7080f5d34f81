// From Person Selection to the other tabs: the frames of somebody in Filtering, a frame in Live Review.

import { go, OF_RUN } from "./address.js";
import { openRun } from "./open_run.js";
import { persons } from "./persons.js";
import { known, open, opened, refresh } from "./runs.js";

/** Only frames that show these persons stay in Filtering & Export, in the run that is open or in that of the video. */
export async function choicesOf(ids) {
  const { video } = persons;
  const wanted = video.run_id ?? video.home;
  if (wanted && opened()?.id !== wanted) {
    if (!known().some(({ id }) => id === wanted)) await refresh();
    await open({ id: wanted });
  }
  await persons.tellRuns(true);
  go({ tab: "filter" });
  await ready();
  if (!openRun.isReady) return;
  if (openRun.listing.view === "all") openRun.setView("kept");
  openRun.choices.apply({ person_ids: [...ids].sort((a, b) => a - b) });
}

/**
 * Resolves when the run is shown in Filtering, or cannot be.
 * @returns {Promise<void>}
 */
function ready() {
  if (openRun.isReady || openRun.blank) return Promise.resolve();
  return new Promise((/** @type {() => void} */ done) =>
    openRun.follow({ opened: () => done(), emptied: () => done() }),
  );
}

/** Shows a frame of the video in Live Review. */
export function toFrame(frame) {
  const { video } = persons;
  if (!video) return;
  go({ tab: "review", review: { video: video.run_id ? OF_RUN : video.path, frame } });
}
