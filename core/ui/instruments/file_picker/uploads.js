// Files that come through the browser, one after the other, with their progress and a way out.

import { bytes, fill, h } from "../dom.js";
import { address, Refused } from "../server.js";

const ROUTES = { video: "source/upload", photo: "source/faces/upload" };

export class Uploads {
  /** `done(paths)` when all are over; `failed(sentence)` for each that did not arrive. */
  constructor({ kind, done, failed }) {
    this.kind = kind;
    this.done = done;
    this.failed = failed;
    this.queue = [];
    this.bar = h("i");
    this.name = h("b");
    this.told = h("span.num");
    const stop = h("button.btn.small", { onclick: () => this.cancel() }, "Cancel");
    const part = { role: "progressbar", "aria-label": "Upload", "aria-valuemin": 0, "aria-valuemax": 100 };
    this.line = h("div.bar", part, this.bar);
    this.element = h("div.uploading", { hidden: true }, h("div.words", {}, this.name, this.told, stop), this.line);
  }

  get isGoing() {
    return !this.element.hidden;
  }

  /** Sends files; those that are sent already are waited for. */
  async start(files) {
    this.queue.push(...files);
    if (this.isGoing) return;
    this.element.hidden = false;
    const paths = [];
    for (this.sent = 0; this.queue.length; this.sent += 1) {
      const file = this.queue.shift();
      try {
        paths.push(await this.#send(file));
      } catch (error) {
        if (error) this.failed(error.message);
      }
    }
    this.element.hidden = true;
    if (paths.length) this.done(paths);
  }

  cancel() {
    this.queue = [];
    this.request?.abort();
  }

  #send(file) {
    const all = this.sent + this.queue.length + 1;
    fill(this.name, file.name);
    this.name.title = file.name;
    this.#progress(0, file.size, all);
    return new Promise((arrived, lost) => {
      const request = (this.request = new XMLHttpRequest());
      request.upload.addEventListener("progress", ({ loaded, total }) => this.#progress(loaded, total, all));
      request.addEventListener("load", () => {
        const answer = parsed(request.responseText);
        if (request.status === 200) arrived(answer.source ?? answer.photo);
        else lost(new Refused(request.status, answer));
      });
      request.addEventListener("error", () => lost(new Error("The upload was broken off; drop the file again.")));
      request.addEventListener("abort", () => lost(null));
      request.open("POST", address(`${ROUTES[this.kind]}?name=${encodeURIComponent(file.name)}`));
      request.send(file);
    });
  }

  #progress(loaded, total, all) {
    const share = total ? Math.round((100 * loaded) / total) : 0;
    this.bar.style.width = `${share}%`;
    this.line.setAttribute("aria-valuenow", String(share));
    const which = all > 1 ? `${this.sent + 1} of ${all}, ` : "";
    this.told.textContent = `${which}${bytes(loaded)} of ${bytes(total)}`;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
