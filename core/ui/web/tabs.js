// Which tab is seen: in the address of the page, and remembered for this browser tab.

import { go, onPlace, place } from "./address.js";

const LAST = "framesieve.tab";

/** @returns {HTMLElement[]} */
const buttons = () => Array.from(document.querySelectorAll('#tabs button[role="tab"]'));
const nameOf = (button) => button.id.replace(/-tab-button$/, "");
const titleOf = (button) => button.textContent.trim();
const isSeen = (button) => button.getAttribute("aria-selected") === "true";

/** Shows the tab with this title. */
export function showTab(title) {
  buttons()
    .find((button) => titleOf(button) === title)
    ?.click();
}

/** Left and Right go from tab to tab, as everywhere. */
function walkTabs(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const all = buttons();
  const at = all.indexOf(event.target);
  if (!step || at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = all[(at + step + all.length) % all.length];
  event.preventDefault();
  to.click();
  to.focus();
}

/** In a narrow window the row of tabs scrolls: whether there are more at its right; the seen one stays in it. */
function showMore(row) {
  if (!row) return;
  row.dataset.sideways = ""; // meant to
  const look = () => row.classList.toggle("more", row.scrollLeft + row.clientWidth < row.scrollWidth - 2);
  row.addEventListener("scroll", look, { passive: true });
  row.addEventListener("wheel", ({ deltaX, deltaY }) => deltaX || (row.scrollLeft += deltaY), { passive: true });
  new ResizeObserver(() => {
    buttons().find(isSeen)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    look();
  }).observe(row);
}

/**
 * Goes to the tab that was clicked before this module was there (tab_clicks.js), else that of the address, else to the
 * one that was seen last.
 */
export function rememberTab() {
  const clicked = window.framesieve?.clicked;
  const last = sessionStorage.getItem(LAST);
  const all = buttons();
  const named = place().tab && all.find((button) => nameOf(button) === place().tab);
  const wanted = (!clicked && named) || all.find((button) => titleOf(button) === (clicked ?? last)) || all[0];
  if (wanted && !isSeen(wanted)) wanted.click();
  if (wanted) go({ tab: nameOf(wanted) }, { replace: true });
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest?.('#tabs button[role="tab"]');
    if (!button) return;
    go({ tab: nameOf(button) });
    button.scrollIntoView({ block: "nearest", inline: "center" });
  });
  showMore(all[0]?.closest("[role=tablist]"));
  wanted?.scrollIntoView({ block: "nearest", inline: "center" });
  onPlace(({ tab }) => {
    const button = buttons().find((one) => nameOf(one) === tab);
    if (button && !isSeen(button)) button.click();
  });
  document.addEventListener("keydown", walkTabs);
}
