// The dialog over the allowed folders: places on the left, the way from the root on top, the list, and what is chosen.

import { bytes, fill, h, icon, refill } from "../dom.js";
import { read, write } from "../server.js";
import { FileList, folderIcon, uploadIcon } from "./list.js";
import { lastFolder, rememberFolder } from "./recent.js";
import { amount, isFileKind, WORDS } from "./words.js";

const SLOW_MS = 250;
const COLUMNS = [
  ["name", "Name"],
  ["bytes", "Size"],
  ["changed_s", "Changed"],
];
const REACHABLE = "button:not(:disabled), input:not(:disabled), [tabindex='0']";

export class BrowseDialog {
  /** `chosen(paths)` and, where files may come through the browser, `upload()` are called after it closed. */
  constructor({ id, kind, multiple, chosen, upload }) {
    this.kind = kind;
    this.multiple = multiple;
    this.chosen = chosen;
    this.upload = upload;
    this.turn = 0;
    this.roots = [];
    this.shown = null;
    this.words = WORDS[kind];
    this.files = isFileKind(kind);
    this.list = new FileList({
      id: `${id}-list`,
      kind,
      multiple,
      changed: () => this.#foot(),
      enter: (item) => (item.isFolder ? this.#go(item.path) : this.#done([...new Set([...this.list.picked, item])])),
    });
    this.element = h("dialog.browse", { "aria-labelledby": `${id}-title` }, this.#parts(id));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("click", (event) => event.target === this.element && this.element.close());
  }

  /** Opens it at a folder, at the folder of a file, or, where that is not to be had and nobody named it, elsewhere. */
  async open(text = "", isNamed = false) {
    this.filter.value = "";
    if (this.name) this.name.value = "";
    if (!this.element.open) this.element.showModal();
    this.#focusList();
    const turn = ++this.turn;
    try {
      this.roots = (await read("files/roots")).roots;
    } catch (error) {
      return this.#say("The folders cannot be read.", error.message);
    }
    if (turn !== this.turn) return;
    this.#places();
    const there = this.roots.filter((root) => root.there);
    if (!there.length) return this.#nowhere();
    if (isNamed) return void (await this.#go(text));
    for (const place of [text, lastFolder(this.kind)]) if (place && (await this.#go(place, null, false))) return;
    await this.#go(there[0].path);
  }

  #parts(id) {
    this.title = h("h2", { id: `${id}-title` }, (this.multiple && this.words.several) || this.words.title);
    const close = h("button.shut", { "aria-label": "Close", onclick: () => this.element.close() }, icon("x"));
    this.places = h("nav.places", { "aria-label": "Allowed folders" });
    const up = "Up (Backspace)";
    this.up = h("button.ibtn", { "aria-label": up, title: up, onclick: () => this.#up() }, icon("up"));
    this.way = h("nav.way", { "aria-label": "Path" });
    this.filter = h("input.box.filter", {
      type: "search",
      placeholder: "Filter by name",
      "aria-label": "Filter by name",
      "aria-controls": `${id}-list`,
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => {
        this.list.keep(this.filter.value);
        this.#empty();
      },
    });
    const head = ([by, text]) => h(`button.head.by-${by}`, { onclick: () => this.#sort(by) }, text);
    this.heads = COLUMNS.map(head);
    const [name, heavy, day] = this.heads;
    const long = this.kind === "video" && h("span.head.by-long", {}, "Length");
    this.columns = h("div.columns", {}, name, long, this.files && heavy, day);
    this.blank = h("div.none", { hidden: true });
    this.told = h("p.told.num", { role: "status" });
    this.go = h("button.btn.primary", { onclick: () => this.#choose() }, "Choose");
    this.cancel = h("button.btn", { onclick: () => this.element.close() }, "Cancel");
    this.name = this.kind === "destination" ? this.#newFolder() : null;
    const named = this.name && h("label.new-folder", {}, h("span", {}, "New folder in it"), this.name);
    this.wrong = h("p.wrong", { role: "alert" });
    this.main = h(this.multiple ? "div.main.several" : "div.main", {}, this.columns, this.list.element, this.blank);
    return [
      h("div.top", {}, this.title, close),
      this.places,
      h("div.path-line", {}, this.up, this.way, this.filter),
      this.main,
      h("div.bottom", {}, this.told, named, this.wrong, h("div.ends", {}, this.cancel, this.go)),
    ];
  }

  #newFolder() {
    const box = h("input.box", { type: "text", placeholder: "optional", autocomplete: "off", spellcheck: "false" });
    box.addEventListener("input", () => this.#foot());
    return box;
  }

  // --- where

  #places() {
    const button = (root) =>
      h(
        "button.place",
        {
          title: root.there ? root.path : `${root.path} is not there`,
          disabled: !root.there,
          "data-key": root.path,
          "aria-current": this.#isUnder(root.path) ? "true" : null,
          onclick: () => this.#go(root.path),
        },
        folderIcon(),
        h("span", {}, h("b", {}, root.name), h("small", {}, root.there ? root.path : "not there")),
      );
    const note = h("p.note", {}, "Another folder? Start the page with --root FOLDER.");
    refill(this.places, this.roots.map(button), note);
  }

  /** Of roots that lie in each other the innermost one counts. */
  #isUnder(root) {
    if (!this.shown) return false;
    const { folder, separator } = this.shown;
    const holds = (path) => folder === path || folder.startsWith(path.endsWith(separator) ? path : path + separator);
    const inner = this.roots.filter(({ path }) => holds(path)).sort((a, b) => b.path.length - a.path.length)[0];
    return inner?.path === root;
  }

  /** Shows a folder, and says why where that cannot be; without `says` it returns false then, and nothing changes. */
  async #go(folder, at = null, says = true) {
    const turn = ++this.turn;
    const slow = setTimeout(() => this.main.setAttribute("aria-busy", "true"), SLOW_MS);
    try {
      const found = await write("files/list", { kind: this.kind, folder });
      if (turn === this.turn) this.#show(found, at);
    } catch (error) {
      if (turn === this.turn && !says) return false;
      if (turn === this.turn) this.#say("This folder cannot be shown.", error.message);
    } finally {
      clearTimeout(slow);
      if (turn === this.turn) this.main.removeAttribute("aria-busy");
    }
    return true;
  }

  #show(found, at) {
    this.shown = found;
    rememberFolder(this.kind, found.folder);
    const { folder, separator } = found;
    this.path = (name) => (folder.endsWith(separator) ? folder : folder + separator) + name;
    this.filter.value = "";
    this.list.element.scrollTop = 0;
    this.list.show({ ...found, path: this.path }, at ?? found.at);
    this.#crumbs();
    this.#places();
    this.#empty();
    if (this.element.open) this.#focusList();
  }

  #focusList() {
    const { element } = this.list;
    const [other] = [this.up, this.cancel].filter((one) => !one.disabled);
    (element.hidden ? other : element).focus({ preventScroll: true });
  }

  #crumbs() {
    const { crumbs } = this.shown;
    const last = crumbs.length - 1;
    const here = (i) => (i === last ? "page" : null);
    const step = ({ name, path }, i) => [
      i > 0 && h("span.sep", { "aria-hidden": "true" }, "/"),
      h("button.crumb", { "aria-current": here(i), title: path, onclick: () => this.#go(path) }, name),
    ];
    fill(this.way, crumbs.map(step));
    this.way.scrollLeft = this.way.scrollWidth;
    this.up.disabled = last === 0;
  }

  #up() {
    const { crumbs } = this.shown ?? { crumbs: [] };
    if (crumbs.length > 1) this.#go(crumbs.at(-2).path, crumbs.at(-1).name);
  }

  // --- what is there

  #sort(by) {
    this.list.sort(by);
    this.#heads();
  }

  #heads() {
    const { by: now, down } = this.list.order;
    COLUMNS.forEach(([by], i) => {
      const head = this.heads[i];
      head.classList.toggle("sorted", by === now);
      head.classList.toggle("down", by === now && down);
      head.setAttribute("aria-pressed", String(by === now));
    });
  }

  /** Instead of an empty list it is said what there is, and what can be done. */
  #empty() {
    this.#heads();
    const { others, folders, files } = this.shown;
    if (this.list.items.length) return this.#blank(null);
    const { many } = this.words;
    const title = (words) => h("h3", {}, words);
    if (folders.length || files.length) return this.#blank(title("No name holds this text."));
    const itself = h("p.sub", {}, "This folder itself can be chosen.");
    if (!this.files) return this.#blank(title("No folder in here."), itself);
    const noun = others === 1 ? "file is" : "files are";
    const more = others ? `${others.toLocaleString("en-US")} other ${noun} here. ` : "";
    const words = `${more}Open another folder${this.upload ? `, or upload ${many} from this computer` : ""}.`;
    this.#blank(title(`No ${many} in this folder.`), h("p.sub", {}, words), this.#uploadButton());
  }

  #uploadButton() {
    if (!this.upload) return null;
    const start = () => {
      this.element.close();
      this.upload();
    };
    return h("button.btn", { onclick: start }, uploadIcon(), "Upload");
  }

  #nowhere() {
    this.shown = null;
    fill(this.way);
    const words = `Start the page with --root FOLDER${this.upload ? `, or upload ${this.words.many}` : ""}.`;
    this.#say("No folder is open to the page.", words, this.#uploadButton());
  }

  #say(title, sentence, ...more) {
    this.shown = null;
    this.list.show({ folders: [], files: [], path: (name) => name });
    this.up.disabled = true;
    fill(this.way);
    this.#places();
    const words = sentence[0].toUpperCase() + sentence.slice(1);
    this.#blank(h("h3", {}, title), h("p.sub", { role: "alert" }, words), ...more);
    this.#foot();
  }

  #blank(...words) {
    const empty = words[0] !== null;
    this.list.element.hidden = this.columns.hidden = empty;
    this.blank.hidden = !empty;
    fill(this.blank, empty && words);
    if (!empty) this.list.draw();
  }

  // --- what is chosen

  #foot() {
    const { picked } = this.list;
    const total = picked.reduce((sum, { bytes: one }) => sum + one, 0);
    if (!this.files) {
      const folder = this.#folder();
      fill(this.wrong, folder.wrong ?? "");
      fill(this.told, folder.path ? h("b", {}, folder.path) : "");
      this.told.title = folder.path ?? "";
      this.go.textContent = "Choose this folder";
      this.go.disabled = !folder.path;
      return;
    }
    const left = this.shown?.left_off ? ` (${this.shown.left_off.toLocaleString("en-US")} more are not listed)` : "";
    const shown = this.list.files.length;
    const all = this.shown ? `${amount(shown, this.kind)}${left}` : "";
    if (picked.length > 1) fill(this.told, `${amount(picked.length, this.kind)} chosen, ${bytes(total)}`);
    else fill(this.told, picked.length ? h("b", {}, picked[0].name) : all);
    this.told.title = picked.length === 1 ? picked[0].path : "";
    this.go.textContent = picked.length > 1 ? `Choose ${amount(picked.length, this.kind)}` : "Choose";
    this.go.disabled = !picked.length;
  }

  #folder() {
    if (!this.shown) return {};
    const added = this.name?.value.trim() ?? "";
    if (!added) return { path: this.shown.folder };
    if (/[/\\\0]/.test(added) || added.startsWith(".")) return { wrong: "No / and \\ in the name, no dot in front." };
    return { path: this.path(added) };
  }

  #choose() {
    const { path } = this.files ? {} : this.#folder();
    if (this.files) this.#done(this.list.picked);
    else if (path) this.#done([{ path }]);
  }

  #done(items) {
    const wanted = this.multiple ? items : items.slice(-1);
    if (!wanted.length) return;
    this.element.close();
    this.chosen(wanted.map(({ path }) => path));
  }

  // --- keys

  #key(event) {
    if (event.key === "Tab") return this.#tab(event);
    const { target } = event;
    const inText = target.tagName === "INPUT";
    const inList = target === this.list.element || target === this.filter;
    event.stopPropagation(); // no key of the tab behind
    if (event.key === "Escape") {
      event.preventDefault(); // a search box would only be emptied
      return this.element.close();
    }
    const up = (event.altKey && event.key === "ArrowUp") || (event.key === "Backspace" && !(inText && target.value));
    if (up && target !== this.name) {
      event.preventDefault();
      return this.#up();
    }
    if (target === this.name && event.key === "Enter") return this.#choose();
    if (!inList) return;
    if (this.list.key(event, inText)) event.preventDefault();
    else if (!inText && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this.filter.focus(); // the letter goes there
    }
  }

  /** The focus goes round in the dialog. */
  #tab(event) {
    /** @type {NodeListOf<HTMLElement>} */
    const reachable = this.element.querySelectorAll(REACHABLE);
    const all = [...reachable].filter((one) => one.checkVisibility());
    const [first, last] = [all[0], all.at(-1)];
    const leaves = event.shiftKey ? document.activeElement === first : document.activeElement === last;
    if (!leaves) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }
}
