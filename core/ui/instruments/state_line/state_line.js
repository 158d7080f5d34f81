// A sentence beside a control: how it stands, or what is wrong and the button that mends it.

import { fill, h, icon, sentence } from "../dom.js";
import { speaker } from "../says.js";

/** @param {Given} given */
export function mount({ element, trigger }) {
  return new StateLine(element, speaker(element, trigger, ["pressed"]));
}

class StateLine {
  constructor(element, tell) {
    this.tell = tell;
    this.said = h("p.sub", { role: "status", hidden: true });
    this.wrong = h("p.error", { role: "alert", hidden: true });
    this.blamed = null;
    fill(element, this.said, this.wrong);
  }

  /** How it stands. */
  say(text) {
    if (this.said.textContent !== text) this.said.textContent = text;
    this.said.hidden = !text || this.blamed !== null;
  }

  /** What is wrong; `button`: words of what mends it. */
  blame(text, button = null) {
    const key = JSON.stringify([text, button]);
    if (this.blamed === key) return;
    this.blamed = text ? key : null;
    const mend = button && h("button.btn.small", { onclick: () => this.tell("pressed") }, button);
    fill(this.wrong, text && [icon("warn"), h("span", {}, sentence(text), mend)]);
    this.wrong.hidden = !text;
    this.said.hidden = Boolean(text) || !this.said.textContent;
  }

  clear() {
    this.blame("");
  }
}
