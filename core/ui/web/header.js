// The header: name, run picker, facts of the run, device, theme, key help.

import { clock, count, counted, fill, h, icon } from "./dom.js";
import { giveKeys, helpOfTheTab } from "./keys.js";
import { known, onRun, open, opened, refresh, start } from "./runs.js";
import { read } from "./server.js";

export function mount({ element }) {
  const facts = h("span.facts", { role: "status" });
  const device = h("span.badge", {}, "GPU: ...");
  const keys = keyHelp();
  fill(
    element,
    h("h1", {}, h("span.logo", { "aria-hidden": "true" }), "Framesieve"),
    runPicker((sentence) => (facts.textContent = sentence)),
    facts,
    device,
    iconButton("moon", "Switch between light and dark", switchTheme),
    h("button.ibtn", { "aria-label": "Keys of this tab (?)", title: "Keys of this tab (?)", onclick: keys.show }, "?"),
    keys.dialog,
  );
  giveKeys(element, { "?": keys.show, "Shift+?": keys.show }, [["?", "this list"]]);
  onRun((run) => (facts.textContent = run ? factsOf(run) : ""));
  read("machine").then((machine) => (device.textContent = `GPU: ${machine.gpu ?? "none"}`));
  start().catch((error) => (facts.textContent = error.message));
}

function factsOf(run) {
  const rate = run.rate ? `, ${Number(run.rate.toFixed(3))} fps` : "";
  const length = run.duration_s ? `, ${clock(run.duration_s)}` : "";
  return `${counted(run.frames, "frame")} of ${count(run.video_frames)}, ${run.width}x${run.height}${rate}${length}`;
}

const iconButton = (name, label, onclick) => h("button.ibtn", { "aria-label": label, title: label, onclick }, icon(name));

function switchTheme() {
  const dark = !document.body.classList.contains("dark");
  localStorage.setItem("framesieve.theme", dark ? "dark" : "light");
  document.body.classList.toggle("dark", dark);
}

function keyHelp() {
  const list = h("dl");
  const dialog = h("dialog.help", { "aria-label": "Keys of this tab" });
  const close = h("button.btn", { onclick: () => dialog.close() }, "Close");
  fill(dialog, h("h2", {}, "Keys of this tab"), list, close);
  dialog.addEventListener("keydown", (event) => event.key === "?" && dialog.close());
  const show = () => {
    if (dialog.open) return;
    const rows = helpOfTheTab().flatMap(([keys, text]) => [
      h("dt", {}, keys.split(" ").map((key) => (key === "or" || key === "+" ? ` ${key} ` : h("kbd", {}, key)))),
      h("dd", {}, text),
    ]);
    fill(list, rows);
    dialog.showModal();
  };
  return { dialog, show };
}

// --- the run picker: a button, and under it a list box that says which run is which

const NO_RUN = "No run yet";

/** `said(sentence)` is told why a run could not be opened. */
function runPicker(said) {
  const name = h("b", {}, NO_RUN);
  const list = h("div.runs", { role: "listbox", tabindex: -1, "aria-label": "Runs", hidden: true, id: "runs" });
  const button = h(
    "button.pick",
    { "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": "runs" },
    h("span.sub", {}, "Run"),
    name,
    icon("down"),
  );
  const picker = h("div.picker", {}, button, list);
  let at = 0;

  const close = (focus) => {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (focus) button.focus();
  };
  const point = (to) => {
    const rows = [...list.querySelectorAll("[role=option]")];
    if (!rows.length) return;
    at = Math.max(0, Math.min(rows.length - 1, to));
    rows.forEach((row, i) => row.classList.toggle("at", i === at));
    rows[at].scrollIntoView({ block: "nearest" });
    list.setAttribute("aria-activedescendant", rows[at].id);
  };
  const choose = async (line) => {
    if (!line?.id) return;
    close(true);
    await open(line).catch((error) => said(error.message));
  };
  const show = async () => {
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    draw(list, known(), choose);
    list.focus();
    draw(list, await refresh(), choose);
    point(known().findIndex((line) => line.name === opened()?.name));
  };
  button.addEventListener("click", () => (list.hidden ? show() : close(true)));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" || !list.hidden) return;
    event.preventDefault();
    show();
  });
  list.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: Infinity };
    if (event.key in moves) point(moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") choose(known()[at]);
    else if (event.key === "Escape") close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  picker.addEventListener("focusout", (event) => picker.contains(event.relatedTarget) || close(false));
  onRun((run) => (name.textContent = run?.name ?? NO_RUN));
  return picker;
}

function draw(list, lines, choose) {
  if (!lines.length) {
    fill(list, h("p.none", {}, "No runs in the downloads folder. Make one: python -m core extract VIDEO"));
    return;
  }
  const rows = lines.map((line, i) =>
    h(
      "div.run",
      {
        role: "option",
        id: `run-${i}`,
        "aria-selected": String(line.name === opened()?.name),
        "aria-disabled": line.id ? null : "true",
        onclick: () => choose(line),
      },
      h("b", {}, line.name),
      h("span.sub", {}, line.error ?? aboutRun(line)),
    ),
  );
  fill(list, rows);
}

function aboutRun(line) {
  const made = new Date(line.made).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const state = line.state === "complete" ? "" : ", not finished";
  return `${line.method}, ${counted(line.frames, "frame")}, ${made}${state}`;
}
