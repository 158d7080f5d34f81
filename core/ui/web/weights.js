// Weights to choose from: those that were used in this browser first, then those that lie in the allowed folders.

const RECENT = "framesieve.review.recent";
const MOST_RECENT = 6;

/**
 * Choices of a control: [name, path].
 * @param {string[]} there paths that the server offers
 */
export function offeredWeights(there) {
  const paths = [...new Set([...recent(), ...there])];
  return paths.map((path) => [[base(path), folderOf(path)].filter(Boolean).join("  in "), path]);
}

/** These weights were used: they are offered first from now on. */
export function rememberWeights(path) {
  const paths = [path, ...recent().filter((one) => one !== path)].slice(0, MOST_RECENT);
  localStorage.setItem(RECENT, JSON.stringify(paths));
}

const base = (path) => path.slice(path.lastIndexOf("/") + 1);
const folderOf = (path) => base(path.slice(0, Math.max(0, path.lastIndexOf("/"))));

/** Paths of weights that were used in this browser, the newest first. */
function recent() {
  try {
    const found = JSON.parse(localStorage.getItem(RECENT));
    return Array.isArray(found) ? found.filter((path) => typeof path === "string") : [];
  } catch {
    return [];
  }
}
