// Where the page is, as its address says it: which tab, run, video and frame. Reload, Back and Forward, a second window
// and a link that is sent come to the same place.
//
//   #source&run=<run>                              Video Source
//   #review=<path>&run=<run>&frame=65              Live Review: a video by its path, which passes the guard as if typed
//   #review=run&run=<run>&frame=65                 Live Review: the video of the run
//   #persons&run=<run>                             Person Selection: the video of the run
//   #persons=<path>&run=<run>                      Person Selection: a video by its path
//   #filter&run=<run>&frame=12                     Filtering & Export, with the enlarged picture of frame 12
//
// <run> is the id of a run, the same after a restart; frames are ordinals.

const REST_MS = 400; // browsers refuse more than some 100 changes of the address in 30 s
const BACK_MS = 1000;
export const OF_RUN = "run";

const followers = new Set();
let now = read(location.hash, blank());
let timer = null;
let goingBack = null;

function blank() {
  const [review, persons, filter] = [{ video: null, frame: null }, { video: null }, { frame: null }];
  return { tab: null, run: null, review, persons, masking: { video: null }, filter };
}

/**
 * The place: { tab, run, review: { video, frame }, persons: { video }, masking: { video }, filter: { frame } }; unknown
 * is null.
 */
export const place = () => now;

/** Calls `follow(place)` when a person went elsewhere: Back, Forward, another address, another tab. */
export function onPlace(follow) {
  followers.add(follow);
}

/**
 * Says where the page is now: what `changes` names, { run: id } for instance; the rest stays. It becomes a step of the
 * history, unless it `replace`s the present one: a little later then, since frames go by fast.
 */
export function go(changes, { replace = false } = {}) {
  if (goingBack) return void goingBack.push([changes, { replace }]);
  const before = now;
  now = joined(before, changes);
  if (written(now) === written(before)) return;
  if (replace) timer ??= setTimeout(() => settle(), REST_MS);
  else {
    settle(before);
    history.pushState(isOver(before, now) ? { over: true } : null, "", written(now));
  }
  if (changes.tab) tell();
}

/** Closes the picture that is enlarged: one step back where opening it was one, so that Back never does nothing. */
export function leavePicture() {
  if (now.filter.frame === null || goingBack) return;
  const isStep = Boolean(history.state?.over);
  if (!isStep) return go({ filter: { frame: null } }, { replace: true });
  settle();
  now = joined(now, { filter: { frame: null } });
  goingBack = [];
  history.back();
  setTimeout(arrived, BACK_MS);
}

/** Writes what is still to be written into the present step of the history. */
function settle(where = now) {
  clearTimeout(timer);
  timer = null;
  if (where.tab !== null && written(where) !== location.hash) history.replaceState(history.state, "", written(where));
}

function arrived() {
  const waiting = goingBack ?? [];
  goingBack = null;
  waiting.forEach(([changes, how]) => go(changes, how));
}

const isOver = (before, after) => before.filter.frame === null && after.filter.frame !== null;

function tell() {
  followers.forEach((follow) => follow(now));
}

/** Of another run: its own video where Live Review is seen, and no frame of the run before. */
function joined(before, changes) {
  const other = changes.run && before.run && changes.run !== before.run;
  const follows = before.tab === "review" || before.review.video === OF_RUN;
  const review = other && follows ? { video: OF_RUN, frame: null } : before.review;
  const filter = other || (changes.tab ?? before.tab) !== "filter" ? { frame: null } : before.filter;
  const persons = other ? { video: null } : before.persons;
  const of = (name, was) => ({ ...was, ...changes[name] });
  const masking = of("masking", other ? { video: null } : before.masking);
  const own = { review: of("review", review), persons: of("persons", persons), masking, filter: of("filter", filter) };
  return { ...before, ...changes, ...own };
}

function written({ tab, run, review, persons, masking, filter }) {
  const own = { review, persons, masking, filter }[tab] ?? {};
  const first = own.video ? `${tab}=${escaped(own.video)}` : (tab ?? "");
  const frame = own.frame === null || own.frame === undefined ? null : `frame=${own.frame}`;
  return `#${[first, run && `run=${run}`, frame].filter(Boolean).join("&")}`;
}

function read(hash, before) {
  const [first = "", ...rest] = hash.replace(/^#/, "").split("&");
  const [tab, video = ""] = first.split("=");
  if (!/^[a-z]+$/.test(tab)) return before;
  const named = Object.fromEntries(rest.map((part) => part.split("=")));
  const frame = /^\d{1,15}$/.test(named.frame ?? "") ? Number(named.frame) : null;
  return {
    tab,
    run: /^[0-9a-f]{32}$/.test(named.run ?? "") ? named.run : before.run,
    review: tab === "review" && video ? { video: unescaped(video), frame } : before.review,
    persons: tab === "persons" ? { video: video ? unescaped(video) : null } : before.persons,
    masking: tab === "masking" ? { video: video ? unescaped(video) : null } : before.masking,
    filter: { frame: tab === "filter" ? frame : null },
  };
}

/** Slashes stay readable. Halves of signs (bytes of a name that are not UTF-8) go as the server writes them. */
function escaped(text) {
  const whole = text.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, (sign) =>
    sign.length > 1 ? sign : `\\u${sign.charCodeAt(0).toString(16)}`,
  );
  return encodeURIComponent(whole).replaceAll("%2F", "/").replaceAll("%3A", ":");
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not of ours; the server says what is wrong with it
  }
}

addEventListener("popstate", () => {
  clearTimeout(timer);
  timer = null;
  now = read(location.hash, now);
  if (goingBack) return arrived();
  tell();
});
