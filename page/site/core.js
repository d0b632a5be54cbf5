// The worker as the page sees it: one question at a time, of a kind only the latest; one that hangs or dies is replaced.
const USUAL = 10_000; // milliseconds for an answer
const LOADING = 180_000;

export class Core {
  // `changed(state, detail)` hears of "loading", "ready" and "broken".
  constructor(changed) {
    this.changed = changed;
    this.waiting = new Map();
    this.running = null;
    this.number = 0;
    this.start();
  }

  start() {
    this.ready = false;
    this.changed("loading");
    const worker = new Worker("worker.js", { type: "module" });
    this.worker = worker;
    worker.onmessage = ({ data }) => worker === this.worker && this.heard(data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.worker) this.died(event.message || "worker");
    };
    this.timer = setTimeout(() => this.died("time"), LOADING);
  }

  heard(data) {
    if (data.ready) {
      clearTimeout(this.timer);
      this.ready = true;
      this.again = false;
      this.changed("ready", data.kept);
      this.next();
    } else if (data.broken !== undefined) {
      this.died(data.broken);
    } else if (data.needs && this.running?.id === data.id) {
      clearTimeout(this.timer); // a library is being fetched and loaded: that takes longer, once
      this.timer = setTimeout(() => this.stop({ late: LOADING / 1000 }), LOADING);
      this.changed("library", data.needs);
    } else if (this.running && data.id === this.running.id) {
      const { resolve } = this.running;
      this.finish();
      resolve(data.failed === undefined ? JSON.parse(data.found) : { failed: data.failed });
      this.next();
    }
  }

  finish() {
    clearTimeout(this.timer);
    this.running = null;
  }

  // The answer; null where a later question of the same kind took its place, or where it was stopped.
  ask(what, data, limit = USUAL) {
    return new Promise((resolve) => {
      this.waiting.get(what)?.resolve(null);
      this.waiting.set(what, { what, data, limit, resolve });
      if (what === "look" && this.running && this.running.limit > USUAL) this.stop(null);
      this.next();
    });
  }

  next() {
    if (!this.ready || this.running) return;
    const [what] = this.waiting.keys();
    if (what === undefined) return;
    const job = this.waiting.get(what);
    this.waiting.delete(what);
    job.id = ++this.number;
    this.running = job;
    this.timer = setTimeout(() => this.stop({ late: job.limit / 1000 }), job.limit);
    this.worker.postMessage({ id: job.id, request: JSON.stringify({ what, ...job.data }) });
  }

  // Ends what is running, with this answer, and begins anew.
  stop(answer) {
    const job = this.running;
    this.finish();
    this.worker.terminate();
    job?.resolve(answer);
    this.start();
  }

  died(reason) {
    clearTimeout(this.timer);
    this.worker.terminate();
    const job = this.running;
    this.running = null;
    if (this.ready || !this.again) {
      this.again = !this.ready;
      if (job) this.waiting.set(job.what, this.waiting.get(job.what) ?? job); // asked once more
      this.start();
      return;
    }
    for (const { resolve } of this.waiting.values()) resolve({ failed: reason });
    this.waiting.clear();
    this.changed("broken", reason);
  }
}
