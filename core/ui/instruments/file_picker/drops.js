// What is dropped on an element of the page, which may be there later than we are, and may be another one each time.

import { h } from "../dom.js";

const KINDS = ["Files", "text/plain", "text/uri-list"];

/** Takes files and text that are dropped on what `selector` finds; returns the sign that shows where they fall. */
export function takeDrops(selector, words, take) {
  const sign = h("div.drop-here", { popover: "manual", "aria-hidden": "true" }, h("b", {}, words));
  const targetOf = (event) => event.target.closest?.(selector);
  const hide = () => sign.matches(":popover-open") && sign.hidePopover();
  const show = (target) => {
    const { left, top, width, height } = target.getBoundingClientRect();
    const [x, y] = [Math.max(0, left), Math.max(0, top)];
    const [wide, high] = [Math.min(innerWidth, left + width) - x, Math.min(innerHeight, top + height) - y];
    sign.style.cssText = `left: ${x}px; top: ${y}px; width: ${wide}px; height: ${high}px`;
    if (!sign.matches(":popover-open")) sign.showPopover();
  };
  const brings = ({ dataTransfer }) => [...dataTransfer.types].some((type) => KINDS.includes(type));
  document.addEventListener("dragover", (event) => {
    const target = targetOf(event);
    if (!target || !brings(event)) return hide();
    event.preventDefault();
    show(target);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && hide());
  addEventListener("dragend", hide);
  document.addEventListener("drop", (event) => {
    hide();
    if (!targetOf(event) || event.defaultPrevented) return;
    event.preventDefault();
    const { dataTransfer } = event;
    const text = dataTransfer.getData("text/uri-list") || dataTransfer.getData("text/plain");
    take([...dataTransfer.files], text.trim());
  });
  return sign;
}
