// How an instrument says what happened: as an event of its element, which whoever joins the parts in the browser hears
// in the same task, with the picture on the screen; and, where Python declares it, as a signal for its listeners.

/**
 * @param {HTMLElement} element
 * @param {(name: string, data?: any) => void} trigger of Gradio
 * @param {string[]} signals what Python listens to
 * @returns {(name: string, detail?: any) => boolean} false: a listener does it itself (`preventDefault`)
 */
export function speaker(element, trigger, signals = []) {
  return (name, detail = null) => {
    const goesOn = element.dispatchEvent(new CustomEvent(`fs-${name}`, { detail, bubbles: true, cancelable: true }));
    if (signals.includes(name)) trigger(name, detail);
    return goesOn;
  };
}

/**
 * Calls `act(detail, event)` for what the instrument with this id says.
 * @param {string} id
 * @param {string} name
 * @param {(detail: any, event: Event) => void} act
 */
export function hear(id, name, act) {
  document
    .getElementById(id)
    .addEventListener(`fs-${name}`, (event) => act(/** @type {CustomEvent} */ (event).detail, event));
}
