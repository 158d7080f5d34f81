// A field for a path or address, with recent values, Browse and Upload. What a path is, is the tab's business.

import { fill, h, icon } from "../dom.js";
import { BrowseDialog } from "./dialog.js";
import { takeDrops } from "./drops.js";
import { folderIcon, uploadIcon } from "./list.js";
import { remember } from "./recent.js";
import { Suggestions } from "./suggestions.js";
import { Uploads } from "./uploads.js";
import { WORDS } from "./words.js";

const REST_MS = 350;
const ACCEPTS = {
  video: "video/*,.mkv,.ts,.mts,.m2ts,.mxf,.flv,.avi,.mjpeg,.mjpg,.vob,.ivf,.nut",
  photo: ".jpg,.jpeg,.png,.webp,.bmp,.tif,.tiff,.gif",
};
let number = 0;

/** Builds the field in an element; returns the methods that listeners call. */
export function mount({ element, props, trigger }) {
  return new FilePicker(element, props, trigger);
}

class FilePicker {
  constructor(host, props, trigger) {
    this.kind = props.kind;
    this.multiple = Boolean(props.multiple);
    this.tell = (signal, paths) => {
      const value = { text: this.input.value, paths };
      props.value = value;
      trigger(signal, value);
    };
    this.begins = () => trigger("typing");
    this.rest = null;
    const id = `fp-${(number += 1)}`;
    this.input = h("input.box", {
      type: "text",
      id,
      placeholder: props.placeholder ?? "",
      spellcheck: "false",
      autocomplete: "off",
      "aria-describedby": `${id}-error`,
    });
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => this.rest !== null && this.#say());
    const take = (text) => this.#choose([text]);
    this.suggestions = new Suggestions({ id: `${id}-recent`, kind: this.kind, input: this.input, take });
    this.dialog = new BrowseDialog({
      id: `${id}-dialog`,
      kind: this.kind,
      multiple: this.multiple,
      chosen: (paths) => this.#choose(paths),
      upload: props.uploads ? () => this.upload() : null,
    });
    const open = () => this.dialog.open(this.input.value.trim());
    const browse = h("button.btn", { onclick: open }, folderIcon(), "Browse");
    this.wrong = h("p.wrong", { id: `${id}-error`, role: "alert" });
    const field = h("div.field", {}, this.input, h("div.buttons", {}, browse, props.uploads && this.#uploadButton()));
    const small = { onclick: open, title: "Browse", "aria-label": `Browse for a ${WORDS[this.kind].one}` };
    if (props.bare) fill(host, h("button.ibtn.bare-browse", small, folderIcon()), this.dialog.element);
    else {
      const label = h("label.head", { for: id }, props.field_label);
      fill(host, label, field, this.wrong, this.uploads?.element, this.suggestions.element, this.dialog.element);
    }
    this.host = host;
    if (props.drops) this.acceptDrops(props.drops);
  }

  // --- what listeners call

  /** Writes into the field; `typed` is said at once, unless `silent`. */
  put(text, silent = false) {
    this.input.value = text ?? "";
    this.error(null);
    this.#still();
    if (!silent) this.tell("typed", []);
  }

  /** What stands in the control beside a bare picker: the dialog opens there. */
  told(text) {
    this.input.value = text ?? "";
  }

  /** What the last visit left; what a person typed meanwhile stays. */
  restore(text) {
    if (!this.input.value) this.put(text, true);
  }

  /** Shows a sentence under the field, with a way into `folder` if one is given; nothing takes it away. */
  error(sentence, folder = null) {
    const open = () => this.browse(folder);
    const cure = folder && h("button.btn.small", { onclick: open }, folderIcon(), "Browse this folder");
    this.input.setAttribute("aria-invalid", String(Boolean(sentence)));
    if (sentence) fill(this.wrong, icon("warn"), h("span", {}, sentence[0].toUpperCase() + sentence.slice(1)), cure);
    else fill(this.wrong);
  }

  remember() {
    remember(this.kind, [this.input.value]);
  }

  value() {
    return this.input.value;
  }

  browse(folder = "") {
    this.dialog.open(folder, Boolean(folder));
  }

  upload() {
    this.file?.click();
  }

  acceptDrops(selector) {
    const { one, many } = WORDS[this.kind];
    const words = this.uploads ? `Drop ${this.multiple ? many : `a ${one}`} or a path` : "Drop a path";
    const take = (files, text) => {
      if (files.length && this.uploads) this.#send(files);
      else if (text) this.put(text);
      else if (files.length) this.error("Files cannot be uploaded here; type the path, or choose with Browse.");
    };
    this.host.append(takeDrops(selector, words, take));
  }

  // --- what people do

  #key(event) {
    if (this.suggestions.key(event)) return event.preventDefault();
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) this.#say();
  }

  #typed() {
    this.error(null);
    if (this.rest === null) this.begins();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.#say(), REST_MS);
  }

  #still() {
    clearTimeout(this.rest);
    this.rest = null;
  }

  #say() {
    this.#still();
    this.tell("typed", []);
  }

  #choose(paths) {
    this.#take(paths);
    this.input.focus();
    this.tell("chosen", paths);
  }

  #take(paths) {
    this.#still();
    this.error(null);
    remember(this.kind, paths);
    this.input.value = paths.length === 1 ? paths[0] : "";
  }

  #uploadButton() {
    this.uploads = new Uploads({
      kind: this.kind,
      done: (paths) => {
        this.#take(paths);
        this.tell("uploaded", paths);
      },
      failed: (sentence) => this.error(sentence),
    });
    const chosen = () => {
      this.#send([...this.file.files]);
      this.file.value = "";
    };
    this.file = h("input", {
      type: "file",
      accept: ACCEPTS[this.kind],
      multiple: this.multiple,
      hidden: true,
      "aria-hidden": "true",
      tabindex: -1,
      onchange: chosen,
    });
    return [h("button.btn", { onclick: () => this.upload() }, uploadIcon(), "Upload"), this.file];
  }

  #send(files) {
    if (!files.length) return;
    this.error(null);
    const wanted = this.multiple ? files : files.slice(0, 1);
    this.uploads.start(wanted);
    if (wanted.length < files.length) this.error(`${files.length} files came; only ${wanted[0].name} is taken.`);
  }
}
