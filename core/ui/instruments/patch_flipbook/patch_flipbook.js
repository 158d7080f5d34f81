// Twelve sample windows as small flip-books, and how many files and bytes all patches would be.

import { bytes, count, counted, fill, h, icon, sentence } from "../dom.js";
import { address, read } from "../server.js";

const FRAMES = 7;
const FRAME_MS = 130;
const POLL_MS = 150;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const NOTHING = "Preview shows twelve sample windows, and how much would be written, before anything is written.";
const STALE = "The settings have changed since; preview again.";

/** @param {Given} given */
export function mount({ element, props }) {
  return new Flipbook(element, props.reasons);
}

class Flipbook {
  constructor(element, reasons) {
    this.reasons = reasons;
    this.look = this.facts = null;
    this.frame = 0;
    this.plays = !STILL.matches;
    /** @type {Tile[]} */
    this.tiles = [];
    this.said = h("p.sub", { role: "status" }, NOTHING);
    this.wrong = h("p.error", { role: "alert", hidden: true });
    this.button = h("button.btn.small", { hidden: true, onclick: () => this.play(!this.plays) });
    this.grid = h("div.tiles", { role: "list", "aria-label": "Sample windows" });
    this.amount = h("div.amount", { hidden: true });
    const head = h("div.line.head", {}, h("h3", {}, "Sample windows"), this.said, h("span.gap"), this.button);
    fill(element, head, this.wrong, this.amount, this.grid);
    STILL.addEventListener("change", () => this.play(!STILL.matches));
    setInterval(() => this.#tick(), FRAME_MS);
    this.play(this.plays);
  }

  /** Shows a look at samples, tile by tile as they come. */
  async show(look) {
    this.look = look;
    this.facts = null;
    this.isStale = false;
    this.fail("");
    this.#clear();
    while (this.look === look) {
      try {
        const facts = await read(`patches/look/${look}`);
        if (this.look !== look) return;
        this.#take(facts);
        if (facts.state !== "looking") return;
      } catch (error) {
        if (this.look === look) this.fail(error.message);
        return;
      }
      await new Promise((go) => setTimeout(go, POLL_MS));
    }
  }

  /** What is shown is of other settings. */
  stale() {
    if (this.isStale || !this.facts) return;
    this.isStale = true;
    this.#say();
  }

  fail(text) {
    this.wrong.hidden = !text;
    fill(this.wrong, text && [icon("warn"), h("span", {}, sentence(text))]);
    if (text) this.#say();
  }

  play(on) {
    this.plays = on;
    fill(this.button, icon(on ? "pause" : "play"), on ? "Freeze" : "Play");
  }

  #clear() {
    this.tiles = [];
    fill(this.grid);
    fill(this.said, "Looking for windows.");
    this.amount.hidden = this.button.hidden = true;
  }

  #take(facts) {
    this.facts = facts;
    for (const told of facts.tiles.slice(this.tiles.length)) {
      const tile = new Tile(told, address(`patches/look/${facts.id}/${this.tiles.length}`), this.reasons);
      this.tiles.push(tile);
      this.grid.append(tile.element);
      tile.at(this.frame);
    }
    this.button.hidden = !this.tiles.length;
    this.#say();
    if (facts.wrong) this.fail(facts.wrong.error);
  }

  #say() {
    const { state, done, of, planned, estimate, tiles = [] } = this.facts ?? {};
    this.grid.setAttribute("aria-busy", String(state === "looking"));
    const refused = tiles.filter((one) => one.fault).length;
    const found = refused ? `${refused} of ${counted(tiles.length, "window")} refused` : "";
    fill(
      this.said,
      !this.facts
        ? NOTHING
        : this.isStale
          ? STALE
          : state === "looking"
            ? of
              ? `Looking at window ${count(done)} of ${count(of)}.`
              : "Looking for windows."
            : found,
    );
    this.said.classList.toggle("warns", Boolean(this.facts && this.isStale));
    this.amount.hidden = !planned;
    if (!planned) return;
    const size = estimate ? `about ${bytes(estimate.bytes)}` : "measuring the size";
    const free = bytes((estimate ?? planned).free);
    const each = Object.entries(planned.patches).map(([name, number]) => `${name} ${count(number)}`);
    const many = `${counted(planned.windows, "window")}, ${counted(planned.files, "file")}, `;
    const tight = Boolean(estimate && estimate.bytes > estimate.free);
    const room = h(tight ? "b.warns" : "span", {}, ` of ${free} that are free`);
    fill(this.amount, h("b.num", {}, many, size), room, h("span.sub.num", {}, `Patches: ${each.join(", ")}`));
  }

  #tick() {
    if (!this.plays || !this.tiles.length || !this.grid.checkVisibility()) return;
    this.frame = (this.frame + 1) % FRAMES;
    for (const tile of this.tiles) tile.play(this.frame);
  }
}

/** One window: its frames, and what it is. */
class Tile {
  constructor(told, source, reasons) {
    this.told = told;
    this.held = false;
    this.frame = 0;
    const why = told.fault ? reasons[told.fault] : null;
    const frames = `frames ${told.first} to ${told.last}`;
    const of = told.category ? `${told.category}, ${told.format}` : told.categories.join(", ");
    this.number = h("span.frame.num");
    this.film = h("span.film");
    if (told.seen) {
      this.film.style.backgroundImage = `url("${source}")`;
      this.film.style.aspectRatio = `${told.wide} / ${told.high}`;
      this.film.style.width = `min(100%, ${told.wide}px, ${(100 * told.wide) / told.high}cqh)`;
    }
    const words = `${told.video}, ${frames}, ${of}${why ? `, refused: ${why}` : ""}`;
    const steps = { "aria-label": `${words}. Press to step through its frames.`, onclick: () => this.#step() };
    this.button = h("button.stage", steps, this.film, told.seen ? this.number : h("span.sub", {}, "No picture"));
    this.button.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.#follow(event));
    for (const name of ["pointerleave", "blur"]) this.button.addEventListener(name, () => (this.held = false));
    this.button.addEventListener("keydown", (event) => this.#key(event));
    const left = told.missed.length && !why ? `left out: ${told.missed.map((one) => reasons[one]).join(", ")}` : "";
    this.element = h(
      why ? "figure.refused" : "figure",
      { role: "listitem" },
      this.button,
      h(
        "figcaption",
        {},
        h("b", { title: told.video }, told.video),
        h("span.sub.num", {}, frames[0].toUpperCase() + frames.slice(1)),
        h("span", { title: of }, of),
        why && h("span.why", { title: why }, icon("warn"), h("span", {}, sentence(why))),
        left && h("span.sub.left", { title: left }, sentence(left)),
      ),
    );
  }

  /** Shows a frame, 0 to 6. */
  at(frame) {
    this.frame = frame;
    this.film.style.backgroundPosition = `${(100 * frame) / (FRAMES - 1)}% 0`;
    this.number.textContent = String(this.told.first + frame);
    this.element.dataset.frame = String(frame);
  }

  /** As `at`, unless a person holds it. */
  play(frame) {
    if (!this.held) this.at(frame);
  }

  #step(by = 1) {
    this.held = true;
    this.at((this.frame + by + FRAMES) % FRAMES);
  }

  #follow(event) {
    const { left, width } = this.button.getBoundingClientRect();
    this.held = true;
    this.at(Math.min(FRAMES - 1, Math.max(0, Math.floor((FRAMES * (event.clientX - left)) / width))));
  }

  #key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.#step(by);
  }
}
