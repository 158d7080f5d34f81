// Presets: a list to choose from, save under a name, delete one's own, back to the defaults.

import { fill, h, icon } from "./dom.js";
import { read, write } from "./server.js";

const bars = new Set();

export class PresetBar {
  /** `form` has load(settings) and differences(); `part`: which settings of a preset it takes, extract or filter. */
  constructor(form, part) {
    this.form = form;
    this.part = part;
    bars.add(this);
    this.list = [];
    this.select = h("select.ctl", { "aria-label": "Preset", onchange: () => this.#load() });
    this.about = h("p.sub", { role: "status" });
    this.name = h("input.box", { type: "text", maxlength: 63, "aria-label": "Name of the preset", placeholder: "Name" });
    this.name.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#save();
      if (event.key === "Escape") this.#ask(false);
    });
    this.asking = h("div.line", { hidden: true }, this.name, h("button.btn.primary", { onclick: () => this.#save() }, "Save"), h("button.ibtn", { "aria-label": "Do not save", onclick: () => this.#ask(false) }, icon("x")));
    this.delete = h("button.btn.small", { onclick: () => this.#delete(), disabled: true }, "Delete");
    this.element = h(
      "section.presets",
      {},
      h("div.line", {}, this.select, h("button.btn.small", { onclick: () => this.#ask(true) }, "Save"), this.delete, part === "extract" && h("button.btn.small", { onclick: () => this.#reset() }, "Reset")),
      this.asking,
      this.about,
    );
    read("presets").then((list) => this.#draw(list), (error) => this.#say(error.message));
  }

  get chosen() {
    return this.list.find((preset) => preset.name === this.select.value);
  }

  #draw(list, name = "") {
    this.list = list;
    fill(this.select, h("option", { value: "" }, "Preset..."), list.map((preset) => h("option", { value: preset.name, disabled: Boolean(preset.error) || !preset[this.part] }, preset.name)));
    this.select.value = name;
    this.delete.disabled = !this.chosen?.own;
  }

  #say(text) {
    fill(this.about, text);
  }

  #load() {
    const preset = this.chosen;
    this.delete.disabled = !preset?.own;
    this.#say(preset?.error ?? preset?.about ?? "");
    if (preset?.[this.part]) this.form.load(preset[this.part]);
  }

  #reset() {
    this.form.load({});
    this.select.value = "";
    this.delete.disabled = true;
    this.#say("");
  }

  #ask(on) {
    this.asking.hidden = !on;
    if (!on) return this.select.focus();
    this.name.value = this.chosen?.own ? this.chosen.name : "";
    this.name.focus();
  }

  async #save() {
    const name = this.name.value.trim();
    try {
      this.#draw(await write("presets/save", { name, [this.part]: this.form.differences() }), name);
      this.#others();
      this.#ask(false);
      this.#say(`Saved as ${name}.`);
    } catch (error) {
      this.#say(error.message);
    }
  }

  async #delete() {
    const preset = this.chosen;
    if (!preset?.own) return;
    try {
      this.#draw(await write("presets/delete", { name: preset.name }));
      this.#others();
      const undo = h("button.link", { onclick: () => this.#restore(preset) }, "Undo");
      fill(this.about, `${preset.name} is deleted. `, undo);
    } catch (error) {
      this.#say(error.message);
    }
  }
  async #restore({ name, extract, filter }) {
    const parts = { ...(extract && { extract }), ...(filter && { filter }) };
    this.#draw(await write("presets/save", { name, ...parts }), name);
    this.#others();
    this.#say("");
  }

  /** The lists of the other tabs follow. */
  #others() {
    for (const bar of bars) if (bar !== this) bar.#draw(this.list, bar.select.value);
  }
}
