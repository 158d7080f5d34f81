// Runs in <head>: a theme that was chosen by hand wins over the system's, before anything is drawn.
(() => {
  const chosen = localStorage.getItem("framesieve.theme");
  if (!chosen) return;
  const apply = () => {
    const dark = chosen === "dark";
    if (document.body.classList.contains("dark") !== dark) document.body.classList.toggle("dark", dark);
  };
  new MutationObserver((_, watcher) => {
    if (!document.body) return;
    apply();
    // Gradio sets its own class once, while it mounts
    new MutationObserver(() => localStorage.getItem("framesieve.theme") === chosen && apply()).observe(document.body, {
      attributes: true,
      attributeFilter: ["class"],
    });
    watcher.disconnect();
  }).observe(document.documentElement, { childList: true });
})();
