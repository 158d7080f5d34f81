// One person in the table. Its crops play while the mouse rests on them; its name is typed in place.

import { clock, count, fill, h } from "../dom.js";
import { toFrame } from "../going_on.js";
import { persons } from "../persons.js";

const CROPS = 5;
const FACES = 3;
const PLAY_MS = 110;
const MOST_NAME = 80;

export class Row {
  /** @param {number} id */
  constructor(id) {
    this.id = id;
    this.check = h("input", { type: "checkbox", onchange: () => persons.pick(id, this.check.checked) });
    this.check.addEventListener("click", ({ detail }) => detail > 0 && this.#back()); // keys belong to the table
    this.strip = h("div.looks", { onmouseenter: () => this.#play(), onmouseleave: () => this.#stop() });
    this.name = h("input.name", { type: "text", maxlength: MOST_NAME, spellcheck: "false", autocomplete: "off" });
    this.name.addEventListener("keydown", (event) => this.#key(event));
    this.name.addEventListener("blur", () => this.#named());
    this.name.addEventListener("focus", () => persons.lookAt(id));
    this.number = h("b.num.id");
    this.first = h("td.num");
    this.last = h("td.num");
    this.facts = Array.from({ length: 5 }, () => h("td.num"));
    this.start = h("button.link.num", { onclick: () => this.#go("start") });
    this.end = h("button.link.num", { onclick: () => this.#go("end") });
    this.note = h("span.sub.note", { hidden: true });
    const who = h("div.who", {}, this.number, this.name, this.note);
    this.element = h(
      "tr",
      { "data-id": id },
      h("td.picks", {}, this.check),
      h("td.crops", {}, this.strip),
      h("td.named", {}, who),
      this.first,
      this.last,
      this.facts,
    );
    this.element.addEventListener("click", (event) => this.#clicked(event));
  }

  /** As `persons.view` tells of this person. */
  draw(person) {
    this.person = person;
    const picked = persons.picked.has(this.id);
    this.check.checked = picked;
    this.element.classList.toggle("on", picked);
    this.element.classList.toggle("at", persons.current === this.id);
    const key = JSON.stringify(person);
    if (key !== this.key) {
      this.key = key;
      this.#words(person);
    }
    this.#crops();
  }

  #words(person) {
    const { name } = person;
    const who = name ? `${name}, person ${this.id}` : `Person ${this.id}`;
    this.check.setAttribute("aria-label", `Pick out ${who}`);
    this.name.setAttribute("aria-label", `Name of person ${this.id}`);
    this.name.placeholder = "name";
    if (document.activeElement !== this.name) this.name.value = name;
    this.number.textContent = String(this.id);
    const alike = person.alike === undefined ? "" : `alike ${person.alike.toFixed(2)}`;
    this.note.textContent = [alike, person.faces_only && "faces only"].filter(Boolean).join(", ");
    this.note.hidden = !this.note.textContent;
    this.strip.classList.toggle("faces", person.faces_only);
    const clockOf = (seconds) => h("span.sub", {}, clock(seconds).replace(/\d\d$/, ""));
    const at = (button, frame, what) => {
      button.textContent = count(frame);
      button.title = `Show the ${what} frame in Live Review`;
      button.setAttribute("aria-label", `${who}: ${what} frame, ${count(frame)}`);
      return button;
    };
    fill(this.first, at(this.start, person.start, "first"), clockOf(person.start_s));
    fill(this.last, at(this.end, person.end, "last"), clockOf(person.end_s));
    const face = person.face === null ? "-" : `${count(person.face)} px`;
    const time = person.screen_s === null ? "-" : `${person.screen_s.toFixed(1)} s`;
    const seen = [count(person.frames), time, person.shots === null ? "-" : count(person.shots), face];
    seen.push(person.certainty.toFixed(2));
    this.facts.forEach((cell, i) => (cell.textContent = seen[i]));
  }

  /** The best crops; their room is there before they come. */
  #crops() {
    const strip = persons.strips.get(this.id) ?? [];
    const key = `${persons.view.crops} ${JSON.stringify(strip)}`;
    if (key === this.shown) return;
    this.shown = key;
    this.#stop();
    const { faces_only: isFaces } = this.person;
    const many = isFaces ? FACES : CROPS;
    const some = isFaces ? spread(strip, FACES) : strip;
    const places = Array.from({ length: many }, (_, i) => some[i] ?? null);
    fill(
      this.strip,
      places.map((one) => {
        if (!one) return h("span.crop.none");
        const about = `Person ${this.id}, frame ${count(one[1])}`;
        return h("img.crop", {
          src: persons.crop(one),
          alt: about,
          title: `Frame ${count(one[1])}`,
          loading: "lazy",
        });
      }),
    );
  }

  // --- the crops play

  async #play() {
    this.#stop();
    const turn = (this.turn = {});
    const reel = await persons.reel(this.id).catch(() => []);
    if (turn !== this.turn || reel.length < 2) return;
    const pictures = reel.map((one) => ({ frame: one[1], picture: loaded(persons.crop(one)) }));
    await pictures[0].picture.decode().catch(() => null);
    if (turn !== this.turn) return;
    this.film = h("img.crop.film", { alt: "" });
    this.at = h("span.num.at-frame");
    this.strip.append(this.film, this.at);
    let next = 0;
    const step = () => {
      const { frame, picture } = pictures[next];
      if (picture.complete) {
        this.film.src = picture.src;
        this.at.textContent = count(frame);
        next = (next + 1) % pictures.length;
      }
    };
    step();
    this.timer = setInterval(step, PLAY_MS);
  }

  #stop() {
    this.turn = null;
    clearInterval(this.timer);
    this.film?.remove();
    this.at?.remove();
    this.film = this.at = null;
  }

  // --- its name

  edit() {
    this.name.focus();
    this.name.select();
  }

  /** Enter keeps the name and goes on to the next one; Esc leaves it as it was. */
  #key(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.name.value = this.person.name;
      this.#back();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.#back();
      persons.step(1);
    }
  }

  #back() {
    /** @type {HTMLElement} */ (this.element.closest(".scrolled"))?.focus({ preventScroll: true });
  }

  async #named() {
    const name = this.name.value.trim().replace(/\s+/g, " ");
    this.name.value = name;
    if (name === this.person.name) return;
    const done = await persons.rename(this.id, name);
    if (!done && document.activeElement !== this.name) this.name.value = this.person.name;
  }

  // --- clicks

  #clicked(event) {
    if (event.target.closest("button, input")) return;
    if (event.ctrlKey || event.metaKey) persons.pick(this.id);
    else if (event.shiftKey) persons.pickTo(this.id);
    else persons.lookAt(this.id);
    this.#back();
  }

  #go(which) {
    persons.lookAt(this.id);
    toFrame(this.person[which]);
  }
}

function loaded(source) {
  const picture = new Image();
  picture.src = source;
  return picture;
}

/** So many of a strip at most, from its first to its last. */
const spread = (strip, many) =>
  strip.length <= many
    ? strip
    : Array.from({ length: many }, (_, i) => strip[Math.round((i * (strip.length - 1)) / (many - 1))]);
