// What was chosen before, kept in this browser: values by kind, and the folder that the dialog showed last.

const MOST = 8;

function kept(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null; // no storage here, or something else lies there
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // as above: it is known until the page is closed by nobody
  }
}

/** The values of a kind, the newest first. */
export function recent(kind) {
  const found = kept(`framesieve.recent.${kind}`);
  return Array.isArray(found) ? found.filter((text) => typeof text === "string").slice(0, MOST) : [];
}

/** Puts values in front of the recent ones. */
export function remember(kind, texts) {
  const wanted = texts.map((text) => text.trim()).filter(Boolean);
  keep(`framesieve.recent.${kind}`, [...new Set([...wanted, ...recent(kind)])].slice(0, MOST));
}

export const lastFolder = (kind) => kept(`framesieve.folder.${kind}`) ?? "";

export const rememberFolder = (kind, folder) => keep(`framesieve.folder.${kind}`, folder);
