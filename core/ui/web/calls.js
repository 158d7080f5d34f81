// How Gradio's listeners (js=) reach the instruments: by the id of the element. Loaded before the page is drawn, since
// controls change before the modules are there, when the browser brings remembered values back.

{
  const parts = new Map();
  const waiting = new Map();
  const comers = new Map();
  const nothing = { __type__: "update" };

  /** Values of Gradio's inputs without those that are not there yet. */
  const run = (part, method, first, values) => {
    try {
      return part[method](...first, ...values);
    } catch (error) {
      console.error(error); // Gradio would swallow it
      return undefined;
    }
  };

  /** Slides the form of a tab in or out, in a narrow window; Escape slides it out, and a press on what is beside it. */
  const sheet = (tab, open) => {
    const [place, opener] = [document.getElementById(tab), document.getElementById(`${tab}-sheet`)];
    if (!place) return;
    const was = place.classList.contains("sheet");
    const shown = place.classList.toggle("sheet", open);
    opener?.setAttribute("aria-expanded", String(shown));
    if (was && !shown) opener?.focus();
  };
  document.addEventListener("pointerdown", (event) => {
    const beside = /** @type {Element} */ (event.target).closest?.(".sheet > :not(.side, .sheet-opener)");
    if (beside) sheet(beside.parentElement.id, false);
  });
  document.addEventListener("keydown", (event) => {
    const from = /** @type {Element} */ (event.target);
    const place = event.key === "Escape" && from.closest?.(".sheet > .side")?.parentElement;
    if (place) sheet(place.id, false);
  });

  // Gradio keeps the list of listeners behind reactive proxies and compares each of them with each part of the page,
  // though nothing of it ever changes; what is of a class of its own stays as it is (a tenth of the first load).
  class Listener {}
  for (const one of window.gradio_config?.dependencies ?? []) Object.setPrototypeOf(one, Listener.prototype);

  window.framesieve = {
    ...window.framesieve,
    parts,
    sheet,
    /** An instrument by its id, as soon as it is there: for what joins instruments in the browser. */
    part(id) {
      if (parts.has(id)) return Promise.resolve(parts.get(id));
      return new Promise((found) => comers.set(id, [...(comers.get(id) ?? []), () => found(parts.get(id))]));
    },
    /** An instrument is there: `part` has the methods that listeners call. */
    mounted(id, part) {
      parts.set(id, part ?? {});
      const openers = document.querySelectorAll(".sheet-opener:not([aria-expanded])");
      for (const opener of openers) opener.setAttribute("aria-expanded", "false");
      for (const [method, first, values] of waiting.get(id) ?? []) run(parts.get(id), method, first, values);
      waiting.delete(id);
      for (const come of comers.get(id) ?? []) come();
      comers.delete(id);
    },
    /** Calls a method, as soon as the instrument is there. */
    call(id, method, first, values) {
      if (parts.has(id)) run(parts.get(id), method, first, values);
      else waiting.set(id, [...(waiting.get(id) ?? []), [method, first, values]]);
    },
    /** Calls a method with what another one returned, if that one was there. */
    async hand(values, id, method) {
      values = await values;
      if (Array.isArray(values)) this.call(id, method, values, []);
    },
    /** What a method returns, as soon as the instrument is there; an output that it says nothing of stays as it is. */
    ask(id, method, first, values) {
      const answer = () => run(parts.get(id), method, first, values) ?? nothing;
      return parts.has(id)
        ? answer()
        : new Promise((ready) => comers.set(id, [...(comers.get(id) ?? []), () => ready(answer())]));
    },
  };
}
