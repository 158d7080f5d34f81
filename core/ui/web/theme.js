// Runs in <head>: a theme that was chosen by hand wins over the system's, before anything is drawn.
(() => {
  const chosen = () => localStorage.getItem("framesieve.theme");
  const apply = () => {
    const wanted = chosen() === "dark";
    if (chosen() && document.body.classList.contains("dark") !== wanted) document.body.classList.toggle("dark", wanted);
  };
  const start = () => {
    apply();
    // Gradio sets its own class while it mounts
    new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
