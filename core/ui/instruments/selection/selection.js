// Between the native controls of the filters and the open run. A change of a control selects anew here, in the browser;
// what undo, a preset, another run or another tab changed goes back into the controls.

import { fill, h, removed, title } from "../dom.js";
import { openRun } from "../open_run.js";
import { rankingOf } from "../select_best.js";
import { withoutDisplacement } from "../spread_measures.js";
import { HAS_COLOURS, HAS_HASH } from "../table.js";
import { allPoor, whyFewer } from "./fewer.js";
import { parseShots, shotText } from "./shots.js";

const OLD = "Recorded before colours were noted: hashes decide alone. Extract again as a new run to tell colours.";
const WITHOUT_DISPLACEMENT = {
  still: "The camera stands still",
  unknown: "By how much the picture moved is not known of this run",
};
const SETTLE_MS = 250;
const ALIKE = 5;
const SHOWN_SHOTS = ["shots", "per_shot", "per_shot_percent"];

/** @param {Given} given */
export function mount({ element, props, trigger }) {
  return new Selection(element, props, trigger);
}

class Selection {
  constructor(element, props, trigger) {
    this.props = props;
    this.trigger = trigger;
    this.alike = ALIKE;
    this.own = false;
    this.old = h("p.sub", { hidden: true }, OLD);
    this.goal = h("p.sub", { role: "status", hidden: true });
    fill(element, this.old);
    openRun.follow({
      opened: () => this.#opened(),
      changed: (settled) => this.#changed(settled),
      answered: () => this.#tally(),
    });
  }

  // --- from the controls

  /** A control was changed: a number that cannot be is marked where it stands, and changes nothing. */
  set(name, value) {
    if (!openRun.isReady) return;
    const wanted = name === "shots" ? this.#shots(value) : this.#checked(name, value);
    if (wanted === undefined || same(openRun.choices.filters[name] ?? null, wanted)) return;
    if (name === "dedup") this.alike = wanted;
    this.#mine(() => openRun.choices.preview({ [name]: wanted }));
    clearTimeout(this.timer); // not every control says when it is let go: what rests for a moment is one step of undo
    this.timer = setTimeout(() => this.#settle(), SETTLE_MS);
  }

  /** The check box of duplicates: what becomes of the slider. */
  duplicates(on, distance) {
    if (openRun.isReady) this.#mine(() => openRun.choices.apply({ dedup: on ? (distance ?? this.alike) : null }));
    return { __type__: "update", interactive: on };
  }

  #settle() {
    if (openRun.isReady) this.#mine(() => openRun.choices.settle());
  }

  #mine(change) {
    this.own = true;
    change();
    this.own = false;
  }

  #checked(name, value) {
    const { low, high, whole, choices, default: start } = openRun.knobs[name];
    /** @type {HTMLInputElement | null} */
    const input = document.querySelector(`#${this.props.ids[name]} input[type="number"]`);
    if (input?.validity.badInput) return undefined;
    if (value === null || value === "" || value === undefined) return start;
    if (choices) return value;
    const fits = Number.isFinite(value) && (!whole || Number.isInteger(value)) && value >= low && value <= high;
    return fits ? value : undefined;
  }

  #shots(text) {
    const shots = parseShots(text ?? "");
    const place = document.getElementById(this.props.ids.shots);
    place?.querySelector("input, textarea")?.setAttribute("aria-invalid", String(shots === undefined));
    let said = place?.querySelector(":scope > .wrong-text");
    if (place && !said) place.append((said = h("span.wrong-text", { role: "alert" })));
    if (said) fill(said, shots === undefined ? "Numbers are wanted, as 0-3, 7." : null);
    return shots;
  }

  // --- to the controls

  #opened() {
    const { flags, shot, rules, values } = openRun.table;
    this.hashed = flags.some((flag) => flag & HAS_HASH);
    this.coloured = flags.every((flag) => !(flag & HAS_HASH) || flag & HAS_COLOURS);
    this.hasShots = shot.some((number) => number >= 0);
    this.ranks = rules.columns.filter((column) => values.has(column)).map((column) => [title(column), column]);
    this.alike = openRun.choices.filters.dedup ?? ALIKE;
    this.trigger("controls");
  }

  #changed(settled) {
    if (!settled) return;
    const { dedup } = openRun.choices.filters;
    this.old.hidden = this.coloured || dedup === null;
    if (this.own) return;
    clearTimeout(this.timer);
    this.alike = dedup ?? this.alike;
    this.trigger("controls");
  }

  /** A value for each control, in their order, those of duplicates in front. */
  values() {
    if (!openRun.isReady) return undefined;
    const { filters } = openRun.choices;
    const on = filters.dedup !== null;
    const update = (values) => ({ __type__: "update", ...values });
    const told = {
      dedup: () => update({ value: filters.dedup ?? this.alike, interactive: on }),
      rank_by: () => update({ value: rankingOf(openRun.table, filters.rank_by), choices: this.ranks }),
      shots: () => update({ value: shotText(filters.shots), visible: this.hasShots }),
    };
    const value = (name) => {
      if (told[name]) return told[name]();
      return update({ value: filters[name] ?? "", ...(SHOWN_SHOTS.includes(name) && { visible: this.hasShots }) });
    };
    const info = this.hashed ? null : "This run has no hashes.";
    const duplicates = update({ value: on, interactive: this.hashed, info });
    return [duplicates, ...this.props.names.map(value)];
  }

  #tally() {
    const { onlyBy } = openRun.answer;
    this.#sayGoal();
    for (const [rule, id] of Object.entries(this.props.tallies)) {
      const place = document.getElementById(id);
      if (!place) continue;
      const text = onlyBy[rule] === undefined ? "" : removed(onlyBy[rule]);
      if (place.dataset.count !== text) place.dataset.count = text;
    }
  }

  /** Under the goal: how many there are and why not more, and what says which frame is better. */
  #sayGoal() {
    const { answer, choices, table } = openRun;
    const { best, rank_by } = choices.filters;
    const place = document.getElementById(this.props.ids.best);
    if (place && !this.goal.isConnected) place.closest(".group")?.append(this.goal);
    this.goal.hidden = best === null;
    if (best === null) return;
    const by = rankingOf(table, rank_by);
    const few = whyFewer(answer, best);
    const other =
      by === rank_by ? "" : `This run has no ${title(rank_by).toLowerCase()}: ${title(by).toLowerCase()} ranks.`;
    const said = [few, allPoor(table, answer, by), other, this.#motionSaid()].filter(Boolean).join(" ");
    fill(this.goal, said);
    this.goal.hidden = !said;
  }

  /** What motion follows where no displacement tells it. */
  #motionSaid() {
    const { choices, table } = openRun;
    const why = ["motion", "all"].includes(choices.filters.spread) ? withoutDisplacement(table) : "";
    return why && `${WITHOUT_DISPLACEMENT[why]}: motion follows how much the looks change.`;
  }

  // --- presets

  /** Takes over a preset's settings; none at all is what Reset asks for. */
  load(settings) {
    if (!openRun.isReady) return;
    if (Object.keys(settings).length) openRun.load(settings);
    else this.reset();
  }

  /** All filters as in an untouched run, and all controls: frames by hand stay. */
  reset() {
    if (!openRun.isReady) return;
    this.alike = ALIKE;
    openRun.reset();
    this.trigger("controls");
  }

  differences() {
    return openRun.isReady ? openRun.choices.differences() : {};
  }

  // --- export

  /** The run, the filters in the order of the fields and the digest of what is shown; then what stands beside them. */
  async chosen(...values) {
    const digest = await openRun.settledDigest();
    const mapping = openRun.choices.mapping();
    const beside = values.slice(this.props.fields.length + 2);
    return [openRun.run.id, ...this.props.fields.map((field) => mapping[field] ?? null), digest, ...beside];
  }
}

const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);
