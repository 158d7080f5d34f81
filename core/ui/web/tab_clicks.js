// Runs before the page is drawn, so that no click is too early: which tab is seen is remembered for a reload (tabs.js).
document.addEventListener("click", (event) => {
  /** @type {HTMLElement | null} */
  const button = /** @type {Element} */ (event.target).closest?.('#tabs button[role="tab"]');
  if (!button) return;
  const title = button.textContent.trim();
  window.framesieve = { ...window.framesieve, clicked: title };
  sessionStorage.setItem("framesieve.tab", title);
  if (event.detail > 0) button.blur(); // a mouse: arrows belong to what is in the tab now
});
