// Asks the worker for selections, one at a time; while it works, only the newest question waits.

export class Selector {
  /** `answered(answer)` is called for each answer, `described(columns)` once per run; `newest`: nothing waits. */
  constructor(answered, described) {
    this.answered = answered;
    this.described = described;
    this.worker = null;
  }

  /** Starts anew with the columns of a run. */
  open(buffer) {
    this.worker?.terminate();
    this.waiting = null;
    this.busy = false;
    this.worker = new Worker(new URL("./select_worker.js", import.meta.url), { type: "module" });
    const told = ({ data }) => (data.columns ? this.described(data.columns) : this.#arrived(data));
    this.worker.addEventListener("message", told);
    this.worker.postMessage({ buffer });
  }

  ask(filters, hand, settled) {
    this.waiting = { filters, hand, wantsDigest: settled };
    this.#next();
  }

  #next() {
    if (this.busy || !this.waiting) return;
    this.busy = true;
    const question = this.waiting;
    this.waiting = null;
    this.worker.postMessage(question);
  }

  #arrived(answer) {
    this.busy = false;
    answer.newest = this.waiting === null;
    this.#next();
    this.answered(answer);
  }
}
