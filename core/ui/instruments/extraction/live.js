// The right side of Video Source: an extraction while it runs, and what came of it.

import { count, counted, fill, h, handOver, icon, sentence, title } from "../dom.js";
import { said } from "../jobs.js";
import { read, readBytes, address } from "../server.js";
import { HAS_ERROR, unpack } from "../table.js";
import { act, detailOf, isActive } from "../watch.js";

const STRIP = 12;
const ROWS = 14;
const BARS = 40;

export class Live {
  /** `actions`: { open(job) } shows the run of a job in Filtering. */
  constructor(actions) {
    this.actions = actions;
    this.job = null;
    this.summary = null;
    this.big = h("b.big.num");
    this.about = h("span.sub.num");
    this.openButton = h("button.btn", { onclick: () => this.actions.open(this.job) }, "Open in Filtering");
    this.stop = h("button.btn", { onclick: () => this.#do("cancel") }, "Cancel");
    this.again = h("button.btn.primary", { onclick: () => this.#do("resume") }, "Resume");
    this.inner = h("i");
    this.bar = h(
      "div.bar.wide",
      { role: "progressbar", "aria-label": "Extraction", "aria-valuemin": 0, "aria-valuemax": 100 },
      this.inner,
    );
    this.error = h("p.error", { role: "alert", hidden: true });
    this.faces = h("p.sub.faces-run", { hidden: true });
    this.nothing = h("p.sub", { hidden: true }, "Nothing was measured anew: these frames were recorded before.");
    this.strip = h("div.strip", { "aria-label": "Kept frames, newest first" });
    this.results = h("div.results", { hidden: true });
    this.body = h("tbody");
    this.table = h(
      "table.latest",
      { "aria-label": "Latest frames" },
      h("thead", {}, h("tr", {}, h("th", {}), h("th.n", {}, "Frame"), h("th.n", {}, "Quality"), h("th", {}, "Status"))),
      this.body,
    );
    this.stripCard = h("section.card", {}, h("h3", {}, "Kept frames, newest first"), this.strip);
    this.element = h(
      "div.live",
      { hidden: true },
      h(
        "section.card.progress-card",
        {},
        h("div.line", {}, this.big, this.about, h("span.gap"), this.stop, this.again, this.openButton),
        this.bar,
        this.error,
        this.faces,
      ),
      this.results,
      this.stripCard,
      h("section.card.grow", {}, h("h3", {}, "Latest frames"), this.nothing, this.table),
    );
    this.cells = new Map();
    this.lines = new Map();
  }

  draw(job) {
    if (this.job?.id !== job.id || this.job?.created_s !== job.created_s) this.#begin();
    this.job = job;
    this.element.hidden = false;
    const active = isActive(job);
    const had = [this.stop, this.again].find((button) => button === document.activeElement);
    const share = job.total ? Math.min(100, (100 * job.done) / job.total) : 0;
    this.element.dataset.state = job.state;
    this.element.dataset.job = job.id;
    const found = detailOf(job.id);
    const any = job.kept + job.done > 0 || Boolean(found?.rows.length);
    // what is recorded counts: an interruption may lie behind the last number that the job told
    const known = !active && this.counted?.job === markOf(job) ? this.counted : null;
    const kept = known?.kept || job.kept;
    const best = job.state === "done" ? (known?.best ?? null) : null;
    this.big.textContent = count(best ?? kept);
    this.about.textContent = best === null ? aboutJob(job, kept) : `best of ${counted(kept, "frame")}; done`;
    this.inner.style.width = `${job.state === "done" ? 100 : share}%`;
    this.bar.setAttribute("aria-valuenow", String(Math.round(job.state === "done" ? 100 : share)));
    this.stop.hidden = !active;
    this.stop.disabled = job.cancelling;
    this.again.hidden = !job.resumable;
    this.openButton.disabled = !job.run || !any;
    this.openButton.classList.toggle("primary", job.state === "done");
    handOver(had, this.again, this.openButton);
    const wrong = this.failure ?? job.error;
    this.error.hidden = !wrong;
    if (wrong && this.error.textContent !== wrong) fill(this.error, icon("warn"), h("span", {}, wrong));
    const where = found && whereFaces(found.notices);
    if (where) fill(this.faces, where);
    this.faces.hidden = !where;
    if (found) {
      this.#drawStrip(job, found.thumbs);
      this.#drawRows(job, found.rows);
    }
    this.nothing.hidden = !(job.state === "done" && found?.recorded);
    this.results.hidden = !active && !any;
    if (active || this.summary !== markOf(job)) this.#count(job, kept); // one number above and in the summary
    if (!active && job.run && any) this.#summarise(job);
  }

  fail(sentence) {
    this.failure = sentence;
    this.draw(this.job);
  }

  #begin() {
    this.cells.clear();
    this.lines.clear();
    this.failure = this.summary = null;
    fill(this.strip);
    fill(this.body);
  }

  /** Cells are kept: a picture that is loaded is never made anew. */
  #drawStrip(job, thumbs) {
    if (!job.run) return;
    const newest = thumbs.slice(-STRIP).reverse();
    for (const ordinal of newest) if (!this.cells.has(ordinal)) this.cells.set(ordinal, cell(job.run, ordinal));
    const wanted = new Set(newest);
    for (const [ordinal, node] of this.cells) {
      if (wanted.has(ordinal)) continue;
      node.remove();
      this.cells.delete(ordinal);
    }
    newest.forEach((ordinal, i) => place(this.strip, this.cells.get(ordinal), i));
  }

  #drawRows(job, rows) {
    const newest = rows.slice(-ROWS).reverse();
    for (const row of newest) if (!this.lines.has(row[0])) this.lines.set(row[0], line(job.run, row));
    const wanted = new Set(newest.map((row) => row[0]));
    for (const [ordinal, node] of this.lines) {
      if (wanted.has(ordinal)) continue;
      node.remove();
      this.lines.delete(ordinal);
    }
    newest.forEach((row, i) => place(this.body, this.lines.get(row[0]), i));
  }

  /** What is known until the records are read, in the room of the summary: nothing moves when that comes. */
  #count(job, kept) {
    this.summary = null;
    fill(this.results, counts(recorded(job), kept, Object.entries(job.dropped)), histogram([]));
  }

  async #summarise(job) {
    const mark = markOf(job);
    if (this.summary === mark) return;
    this.summary = mark;
    try {
      const facts = await read(`runs/${job.run}`);
      const table = unpack(await readBytes(`runs/${job.run}/columns/${facts.version}`));
      if (this.summary !== mark) return;
      const dropped = droppedOf(table);
      const kept = table.frames - dropped.reduce((sum, [, n]) => sum + n, 0);
      this.counted = { job: mark, kept, best: facts.best };
      const quality = table.values.get("quality_score") ?? [];
      fill(this.results, counts(table.frames, kept, dropped, facts.cut_off), histogram(quality));
      this.draw(this.job);
    } catch (error) {
      if (this.summary === mark) fill(this.results, h("p.sub", {}, error.message));
    }
  }

  async #do(what) {
    this.failure = null;
    try {
      await act(`jobs/${this.job.id}/${what}`);
    } catch (error) {
      this.fail(error.message);
    }
  }
}

/** Frames that have a record: there are none before extraction itself begins. */
const recorded = (job) => job.kept + Object.values(job.dropped).reduce((sum, n) => sum + n, 0);

const markOf = (job) => `${job.id}-${job.version}`;

function aboutJob(job, kept) {
  if (job.state === "running" && recorded(job) > 0 && job.total !== null) {
    return `kept of ${count(job.done)} measured, ${said(job)}`;
  }
  const now = isActive(job)
    ? said(job)
    : ({ cancelled: "cancelled, what is recorded stays", interrupted: "interrupted, what is recorded stays" }[
        job.state
      ] ?? job.state);
  return `${kept === 1 ? "frame" : "frames"} kept; ${now}`;
}

function cell(run, ordinal) {
  return h(
    "figure.shot",
    {},
    h("img", { src: address(`runs/${run}/thumb/${ordinal}`), alt: `Frame ${ordinal}` }),
    h("figcaption.num", {}, count(ordinal)),
  );
}

function line(run, [ordinal, status, quality, pictured]) {
  const kept = status === "kept";
  const picture = run && pictured && h("img", { src: address(`runs/${run}/thumb/${ordinal}`), alt: "" });
  return h(
    "tr",
    { class: kept ? "" : "out" },
    h("td.mini", {}, picture),
    h("td.n", {}, count(ordinal)),
    h(
      "td.n",
      {},
      h("span.meter", { "aria-hidden": "true" }, h("i", { style: `width:${quality ?? 0}%` })),
      quality === null ? "none" : quality.toFixed(1),
    ),
    h("td", {}, h("span.state", {}, kept && icon("check"), kept ? "kept" : reason(status))),
  );
}

const REASONS = { error: "Could not be decoded", damaged: "Decoded with damage", face: "No face large enough" };
const reason = (status) => REASONS[status] ?? title(status);

/** Where the faces of this extraction are read; that CUDA is missing comes first. */
function whereFaces(notices) {
  const notice =
    notices.find(({ code }) => code === "faces_without_cuda") ?? notices.findLast(({ code }) => code === "faces_read");
  return notice && sentence(notice.text);
}

function place(parent, node, at) {
  if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
}

/** [reason, frames] of what was not kept, by the records. */
function droppedOf(table) {
  const frames = new Map();
  const quality = table.values.get("quality_score");
  const fault = (row) => (!quality || Number.isNaN(quality[row]) ? "error" : "damaged");
  for (let row = 0; row < table.frames; row++) {
    const why = table.flags[row] & HAS_ERROR ? fault(row) : table.discards[table.discard[row]];
    if (why) frames.set(why, (frames.get(why) ?? 0) + 1);
  }
  return [...frames];
}

function counts(measured, kept, dropped, cutOff = null) {
  return h(
    "section.card",
    {},
    h("h3", {}, "Summary"),
    h(
      "dl.facts-list",
      {},
      ...fact("Frames measured", count(measured)),
      ...fact("Kept", count(kept)),
      ...dropped.flatMap(([why, n]) => fact(reason(why), count(n))),
    ),
    cutOff && h("p.error.cut-off", {}, icon("warn"), h("span", {}, sentence(cutOff))),
  );
}

const fact = (name, value) => [h("dt", {}, name), h("dd", {}, value)];

function histogram(column) {
  const bins = new Array(BARS).fill(0);
  for (const value of column) if (!Number.isNaN(value)) bins[Math.min(BARS - 1, Math.floor((value / 100) * BARS))] += 1;
  const most = Math.max(1, ...bins);
  const measured = bins.reduce((sum, n) => sum + n, 0);
  const bars = bins.map(
    (n, i) =>
      n &&
      h("rect", {
        x: i * 10 + 1,
        width: 8,
        y: 60 - Math.max(1, (58 * n) / most),
        height: Math.max(1, (58 * n) / most),
      }),
  );
  return h(
    "section.card.wide",
    {},
    h("h3", {}, "Quality"),
    h(
      "svg.quality",
      {
        viewBox: "0 0 400 60",
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": `Histogram of the quality of ${counted(measured, "frame")}`,
      },
      bars,
    ),
    h("div.line.scale.sub.num", {}, h("span", {}, "0"), h("span", {}, "50"), h("span", {}, "100")),
  );
}
