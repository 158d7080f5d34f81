// Keys of a tab: they work only while the tab is seen and nothing is being typed, and `?` lists them.

const tabs = new Set();

const TYPING = "input:not([type=range]):not([type=checkbox]), textarea, select, dialog, [contenteditable]";

/** Gives `element` keys: `map` is key -> function(event), `help` is [[keys, what they do], ...]. */
export function giveKeys(element, map, help) {
  const tab = { element, map, help };
  tabs.add(tab);
  return () => tabs.delete(tab);
}

/** The list for the help: keys of the tab that is seen. */
export function helpOfTheTab() {
  const seen = [...tabs].filter((tab) => tab.element.isConnected && tab.element.checkVisibility());
  return seen.flatMap((tab) => tab.help);
}

/** Name under which `map` knows a key: letters are lower case, with "Shift+" where that matters. */
export function keyName(event) {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shifted = event.shiftKey && (name.length > 1 || /[a-z]/.test(name));
  return shifted ? `Shift+${name}` : name;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const from = /** @type {Element} */ (event.target);
  if (from.closest?.(TYPING)) return;
  const name = keyName(event);
  const moves = name.startsWith("Arrow") || name.startsWith("Shift+Arrow") || /^(Home|End|Page)/.test(name);
  if (moves && from.closest?.("input, [role=tab], [role=listbox]:not(.grid), [role=slider]")) return;
  if ((name === " " || name === "Enter") && from.closest?.("button, a, summary, input")) return;
  for (const tab of tabs) {
    if (!tab.element.isConnected) tabs.delete(tab);
    else if (tab.element.checkVisibility() && tab.map[name]) {
      event.preventDefault();
      tab.map[name](event);
      return;
    }
  }
});
