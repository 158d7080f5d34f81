// The header: name, run picker, what is open, device, theme, key help.

import { aboutTab, onAbout } from "../about.js";
import { onPlace, place } from "../address.js";
import { clock, count, counted, fill, h, icon } from "../dom.js";
import { giveKeys, helpOfTheTab } from "../keys.js";
import { onRun, opened, start } from "../runs.js";
import { read } from "../server.js";
import { runPicker } from "./run_picker.js";

/** Fills the element of the header. */
export function mount({ element }) {
  const facts = h("span.facts", { role: "status" });
  const device = h("span.badge", {}, "GPU: ...");
  const keys = keyHelp();
  const notice = noticeBar();
  fill(
    element,
    h("h1", {}, h("span.logo", { "aria-hidden": "true" }), "Framesieve"),
    runPicker(notice.say),
    facts,
    device,
    iconButton("moon", "Switch between light and dark", switchTheme),
    h("button.ibtn", { "aria-label": "Keys of this tab (?)", title: "Keys of this tab (?)", onclick: keys.show }, "?"),
    keys.dialog,
    notice.element,
  );
  giveKeys(element, { "?": keys.show, "Shift+?": keys.show }, [["?", "this list"]]);
  const show = () => {
    const run = opened();
    facts.textContent = aboutTab(place().tab) ?? (run ? factsOf(run) : "");
    facts.title = facts.textContent;
  };
  onRun(show);
  onPlace(show);
  onAbout(show);
  read("machine").then((machine) => (device.textContent = `GPU: ${machine.gpu ?? "none"}`));
  start(notice.say).catch((error) => notice.say(error.message));
}

function factsOf(run) {
  const rate = run.rate ? `, ${Number(run.rate.toFixed(3))} fps` : "";
  const length = run.duration_s ? `, ${clock(run.duration_s)}` : "";
  return `${counted(run.frames, "frame")} of ${count(run.video_frames)}, ${run.width}x${run.height}${rate}${length}`;
}

function iconButton(name, label, onclick) {
  return h("button.ibtn", { "aria-label": label, title: label, onclick }, icon(name));
}

function switchTheme() {
  const dark = !document.body.classList.contains("dark");
  localStorage.setItem("framesieve.theme", dark ? "dark" : "light");
  document.body.classList.toggle("dark", dark);
}

/** One sentence under the header, over the free end of the row of tabs: nothing moves for it. */
function noticeBar() {
  const sentence = h("span");
  const element = h("div.notice.head-notice", { role: "alert", hidden: true }, icon("warn"), sentence);
  const hide = () => (element.hidden = true);
  element.append(h("button.ibtn.small", { "aria-label": "Dismiss", title: "Dismiss", onclick: hide }, icon("x")));
  const say = (text) => {
    sentence.textContent = text ?? "";
    element.hidden = !text;
  };
  return { element, say };
}

function keyHelp() {
  const list = h("dl");
  const dialog = h("dialog.help", { "aria-label": "Keys of this tab" });
  const close = h("button.btn", { onclick: () => dialog.close() }, "Close");
  fill(dialog, h("h2", {}, "Keys of this tab"), list, close);
  dialog.addEventListener("keydown", (event) => event.key === "?" && dialog.close());
  const show = () => {
    if (dialog.open) return;
    const rows = helpOfTheTab().flatMap(([keys, text]) => [h("dt", {}, caps(keys)), h("dd", {}, text)]);
    fill(list, rows);
    dialog.showModal();
    dialog.scrollTop = 0; // its button has the focus, below a list that may be longer than the window
  };
  return { dialog, show };
}

/** "Left, Right", "Shift + Z", "Home or End": a cap for each key, and between them what is no key. */
function caps(keys) {
  return keys.split(/(, | or | \+ )/).map((part, i) => (i % 2 ? between(part) : h("kbd", {}, part)));
}

const between = (part) => (part === ", " ? " " : part);
