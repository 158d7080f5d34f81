// Which tab is seen: remembered for this browser tab, so that a reload stays where it was.

const LAST = "framesieve.tab";

const buttons = () => [...document.querySelectorAll('#tabs button[role="tab"]')];

/** Shows the tab with this title. */
export function showTab(title) {
  buttons().find((button) => button.textContent.trim() === title)?.click();
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

/** Goes back to the tab that was seen last, and remembers each that is seen from now on. */
export function rememberTab() {
  const wanted = sessionStorage.getItem(LAST);
  if (wanted) showTab(wanted);
  document.addEventListener("keydown", walkTabs);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.('#tabs button[role="tab"]');
    if (!button) return;
    sessionStorage.setItem(LAST, button.textContent.trim());
    if (event.detail > 0) button.blur(); // a mouse: arrows belong to what is in the tab now
  });
}
