// The tab that trains: what with, how, and how it goes. The steps are made in a worker (trainer.js); what a network is, what
// can be trained, and the modules that do it, the core says.
import * as curves from "./curves.js";
import { FASHION } from "./fashion.js";
import * as own from "./pictures.js";
import { Sketch } from "./sketch.js";

const MAKING = 60_000; // milliseconds in which the core makes the modules
const STOPPING = 150; // milliseconds after which a worker that has not stopped is ended
const WRONG = ["went_wrong", "infinite", "trainer_died", "too_many", "none_there", "bad_pictures", "few_outputs", "more_classes", "few_pictures", "one_class", "bring_pictures"];
const FIELDS = ["lr", "batch", "epochs"];

export class Training {
  constructor({ ask, word, element, place, text }) {
    Object.assign(this, { ask, word, element, place, text });
    this.chosen = { lr: "", batch: "", epochs: "" };
    this.mine = null; // own pictures, sorted by their classes
    this.uses = "fashion";
    this.state = ["", {}];
    this.run = null; // the last training: what was asked and made, what it told
    this.worker = null;
  }

  // The tab is shown: for the first time, again, or in another language.
  async show() {
    const { lang } = document.documentElement;
    if (this.built !== lang) {
      this.built = lang;
      this.build();
      if (this.worker && this.run?.began) this.sample();
    }
    await this.plan();
  }

  // The program is another one now.
  changed() {
    clearTimeout(this.planner);
    if (!this.place.hidden && this.parts) this.planner = setTimeout(() => this.plan(), 300);
  }

  get running() {
    return Boolean(this.run && !this.run.ended);
  }

  build() {
    const { element, word } = this;
    const field = (key) => {
      const input = element("input", { type: "text", inputMode: "decimal", size: 6, value: this.chosen[key] });
      input.oninput = () => {
        this.chosen[key] = input.value;
        this.changed();
      };
      return [input, element("label", { className: "choice" }, element("span", {}, word(`${key}_of`)), " ", input)];
    };
    const fields = Object.fromEntries(FIELDS.map((key) => [key, field(key)]));
    const radio = (value, label) => {
      const input = element("input", { type: "radio", name: "pictures", value, checked: this.uses === value });
      input.onchange = () => this.use(value);
      return element("label", { className: "choice" }, input, " ", label);
    };
    const folder = element("input", { type: "file", hidden: true, webkitdirectory: true, multiple: true });
    folder.onchange = () => this.bring(own.chosen(folder.files));
    const drop = element("div", { className: "drop" }, element("p", {}, word("drop_here")), element("button", { onclick: () => folder.click() }, word("choose_folder")), folder, element("p", { className: "sorted" }));
    drop.ondragover = (event) => {
      event.preventDefault();
      drop.classList.add("over");
    };
    drop.ondragleave = () => drop.classList.remove("over");
    drop.ondrop = async (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.bring(await own.dropped(event.dataTransfer.items));
    };
    const told = element("p", { className: "line" });
    told.setAttribute("role", "status");
    this.parts = {
      fields: Object.fromEntries(FIELDS.map((key) => [key, fields[key][0]])),
      drop,
      plan: element("p", { className: "dim" }),
      go: element("button", { className: "main", onclick: () => (this.running ? this.stop() : this.train()) }),
      bar: element("progress", { max: 1, value: 0 }),
      told,
      curves: element("div", { className: "curves" }),
      filters: element("div", { className: "tiles" }),
      answers: element("ol", { className: "answers" }),
      maps: element("div", { className: "tiles" }),
      layer: element("select", {}),
      label: element("p", { className: "dim" }),
      table: element("div", { className: "scroll", tabIndex: 0 }),
    };
    const { parts } = this;
    parts.bar.setAttribute("aria-label", word("train"));
    parts.table.setAttribute("role", "group");
    parts.table.setAttribute("aria-label", word("confusion"));
    parts.layer.onchange = () => this.look();
    this.sketch = new Sketch({ element, label: word("sketch_says"), changed: () => this.lookSoon() });
    const heading = (key, ...inside) => element("section", { className: "part" }, element("h3", {}, word(key)), ...inside);
    parts.after = element("div", { className: "after" },
      heading("curves", element("p", { className: "dim" }, element("span", { className: "key train-key" }, word("in_training")), " ", element("span", { className: "key test-key" }, word("in_test"))), parts.curves),
      heading("filters", parts.filters),
      heading("draw_one", element("div", { className: "work" },
        element("div", {}, this.sketch.canvas, element("div", { className: "buttons" },
          element("button", { onclick: () => this.wipe() }, word("wipe")), element("button", { onclick: () => this.sample() }, word("sample"))), parts.label),
        parts.answers),
        element("label", { className: "choice" }, element("span", {}, word("maps_of")), " ", parts.layer), parts.maps),
      heading("confusion", element("p", { className: "dim" }, word("confusion_says")), parts.table));
    this.place.replaceChildren(
      element("fieldset", {}, element("legend", {}, word("pictures")), radio("fashion", word("fashion", { n: this.written(FASHION.train) })), radio("own", word("own_pictures"))),
      drop,
      element("div", { className: "fields" }, ...FIELDS.map((key) => fields[key][1]), parts.go),
      parts.plan, parts.bar, told, parts.after);
    this.arrange();
    this.says(...this.state);
    this.arm();
    this.redraw();
  }

  use(what) {
    this.uses = what;
    this.arrange();
    this.plan();
  }

  arrange() {
    this.parts.drop.hidden = this.uses !== "own";
    const said = this.parts.drop.querySelector(".sorted");
    said.textContent = this.mine ? this.mine.names.map((name, n) => `${name || "?"} (${this.mine.files[n].length})`).join(", ") : "";
    if (this.mine?.left) said.textContent += ` · ${this.word("no_pictures", { n: this.mine.left })}`;
  }

  bring(files) {
    const found = own.sorted(files);
    if (found.many) return this.says("too_many");
    if (!found.files.length) return this.says("none_there");
    this.mine = found;
    this.says("");
    this.use("own");
  }

  // What stands in the way of training with these pictures, as a key and its values; nothing where nothing does.
  unfit({ classes }) {
    if (this.uses !== "own") return classes < FASHION.classes ? ["few_outputs", { n: FASHION.classes, outputs: classes }] : null;
    if (!this.mine) return ["bring_pictures"];
    const { names, files } = this.mine;
    if (names.length < 2) return ["one_class"];
    if (files.some((some) => some.length < 2)) return ["few_pictures", { name: names[files.findIndex((some) => some.length < 2)] }];
    if (names.length > classes || names.length > 256) return ["more_classes", { n: names.length, outputs: classes }];
    return null;
  }

  get asked() {
    const images = this.uses === "own" && this.mine ? this.mine.files.reduce((n, some) => n + some.length, 0) : FASHION.train;
    return { text: this.text(), images, own: this.uses === "own", ...this.chosen };
  }

  // What training would be; the button is there when it can begin.
  async plan() {
    const { parts, word } = this;
    if (!parts || this.place.hidden) return;
    const found = await this.ask("prospect", this.asked);
    if (!found || parts !== this.parts) return;
    const said = found.said ?? found.failed ?? (found.late ? word("late", { seconds: found.late }) : "");
    this.planned = said ? null : found;
    for (const key of FIELDS) parts.fields[key].placeholder = said ? "" : found[key].toLocaleString(document.documentElement.lang, { maximumSignificantDigits: 6, useGrouping: false });
    const unfit = !said && this.unfit(found);
    this.unready = said || found.refused || (unfit ? word(...unfit) : "");
    parts.plan.className = said || found.refused ? "wrong" : "dim";
    const lines = this.unready ? [this.unready] : [word("planned", { optimizer: found.optimizer, picture: found.picture.join("×"), seconds: Math.max(1, Math.round(found.seconds)) })];
    if (!said && found.left_out) lines.push(word("left_out", { list: found.left_out }));
    if (!said && !found.refused && this.uses === "fashion" && !this.unready && found.picture.join() !== `${FASHION.size},${FASHION.size},1`) lines.push(word("fitted", { size: found.picture.join("×") }));
    parts.plan.replaceChildren(...lines.join(" ").split(/`([^`\n]+)`/).map((part, n) => (n % 2 ? this.element("code", {}, part) : part)));
    this.arm();
  }

  // What the button does now.
  arm() {
    const { go } = this.parts;
    go.textContent = this.word(this.running ? "stop" : "train");
    go.disabled = !this.running && Boolean(this.unready || !this.planned);
  }

  says(key, values = {}) {
    this.state = [key, values];
    if (!this.parts) return;
    this.parts.told.textContent = key ? this.word(key, values) : "";
    this.parts.told.className = WRONG.includes(key) ? "line wrong" : "line";
    this.place.dataset.state = key;
  }

  async train() {
    const { asked, mine } = this;
    this.forget();
    const run = (this.run = { asked, points: [], tests: [], filters: null, ended: false });
    this.says("preparing");
    this.redraw();
    this.arm();
    const made = await this.ask("train", asked, MAKING);
    if (run !== this.run || run.ended) return;
    if (!made?.programs) return this.end(run, "went_wrong", { reason: made?.said ?? made?.failed ?? this.word("late", { seconds: made?.late ?? 0 }) });
    const unfit = this.unfit(made);
    if (unfit) return this.end(run, ...unfit);
    let pictures = FASHION;
    if (asked.own) {
      pictures = await own.read(mine, made.picture, (done, of) => {
        if (run === this.run && !run.ended) this.says("reading", { n: done, of });
        return run !== this.run || run.ended;
      });
      if (!pictures || run !== this.run) return;
      if (pictures.much) return this.end(run, "too_many");
      run.bad = pictures.bad;
      if (new Set(pictures.labels).size < 2) return this.end(run, "bad_pictures", this.named(run.bad));
    }
    Object.assign(run, { made, free: made.size });
    run.classes = asked.own ? pictures.names : null;
    this.worker = new Worker("trainer.js", { type: "module" });
    const worker = this.worker;
    worker.onmessage = ({ data }) => worker === this.worker && this.heard(run, data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.worker) this.died(run, event.message || "worker");
    };
    worker.postMessage({ begin: { made, pictures } });
    this.redraw();
  }

  // The classes' names, in the language in use.
  names({ classes, made }) {
    return Array.from({ length: made.classes }, (_, n) => (classes ? classes[n] : n < FASHION.classes && this.word(`class ${n}`)) || String(n));
  }

  // Pictures that could not be taken, as they are told.
  named(bad) {
    return { n: bad.length, names: bad.slice(0, 3).map(({ name }) => name).join(", ") };
  }

  heard(run, told) {
    if (told.filters) run.filters = told.filters;
    if (told.at !== undefined) {
      if (told.loss !== undefined) run.points.push([told.at, told.loss, told.accuracy]);
      if (told.test) run.tests.push([told.at, told.test.loss, told.test.accuracy, told.test.confusion]);
      Object.assign(run, { speed: told.speed, at: told.at });
      if (!run.ended) this.says("trains", this.figures(run));
      this.redraw(Boolean(told.test));
      this.lookSoon();
    }
    if (told.began) {
      run.began = true;
      this.says("trains", this.figures(run));
      this.redraw();
      if (this.sketch.empty) this.sample();
    }
    if (told.sample) {
      this.sketch.show(told.sample, run.made.picture);
      this.parts.label.textContent = this.word("it_is", { name: this.names(run)[told.label] });
      this.look();
    }
    if (told.answers) this.looked(run, told);
    if (told.ended === "done") this.end(run, run.tests.length ? "trained" : "trained_only", this.figures(run));
    else if (told.ended === "stopped") this.end(run, "was_stopped", this.figures(run));
    else if (told.ended === "infinite") this.end(run, "infinite");
    else if (told.ended) this.died(run, told.reason);
  }

  // A number as the core writes it in the language in use: thousands apart by a narrow space but for English.
  written(number, digits = 0) {
    const { lang } = document.documentElement;
    const parts = new Intl.NumberFormat(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits }).formatToParts(number);
    return parts.map(({ type, value }) => (type === "group" && lang !== "en" ? "\u202f" : value)).join("");
  }

  // What is said of a training while it goes and at its end.
  figures(run) {
    const test = run.tests.at(-1);
    const share = (value) => (value === undefined ? "…" : `${this.written(100 * value, 1)} %`);
    return {
      epoch: Math.min(Math.floor(run.at ?? 0) + 1, run.made.epochs),
      epochs: run.made.epochs,
      speed: this.written(Math.round(run.speed ?? 0)),
      accuracy: share(test ? test[2] : run.points.at(-1)?.[2]),
    };
  }

  end(run, key, values = {}) {
    if (run !== this.run || run.ended) return;
    run.ended = true;
    clearTimeout(run.stopping);
    this.says(key, values);
    if (run.bad?.length && run.made) this.parts.told.textContent += ` ${this.word("bad_pictures", this.named(run.bad))}`;
    this.place.dataset.speed = Math.round(run.speed ?? 0);
    this.arm();
    this.redraw();
    this.look();
  }

  // The worker broke off, in the middle or when something was asked of it.
  died(run, reason) {
    this.forget();
    if (run.ended) this.says("trainer_died", { reason });
    else this.end(run, "trainer_died", { reason });
  }

  stop() {
    const { run } = this;
    if (!this.worker) return this.end(run, "was_stopped", { accuracy: "…" });
    this.worker.postMessage({ stop: true });
    run.stopping = setTimeout(() => {
      this.forget();
      this.end(run, "was_stopped", this.figures(run));
    }, STOPPING);
  }

  // The worker goes, and what it knew.
  forget() {
    this.worker?.terminate();
    this.worker = null;
    this.looking = false;
  }

  // What is seen of the training.
  redraw(all = true) {
    const { parts, run, word, element } = this;
    if (!parts) return;
    parts.bar.hidden = !this.running;
    parts.after.hidden = !run?.began;
    if (!run?.began) return;
    parts.bar.value = (run.at ?? 0) / run.made.epochs;
    const { points, tests, made } = run;
    const drawn = (column, key, rest) => {
      const last = tests.at(-1)?.[column] ?? points.at(-1)?.[column];
      const lines = [{ points: points.map((p) => [p[0], p[column]]), kind: "train-line" }, { points: tests.map((t) => [t[0], t[column]]), kind: "test-line", dots: true }];
      const title = word(key);
      return element("figure", {}, element("figcaption", {}, title), curves.chart({ lines, epochs: made.epochs, label: `${title}: ${last === undefined ? "…" : rest.shown(last)}`, ...rest }));
    };
    parts.curves.replaceChildren(drawn(1, "loss", { shown: (v) => this.written(v, 2) }), drawn(2, "accuracy", { top: 1, shown: (v) => `${Math.round(100 * v)} %` }));
    parts.filters.parentElement.hidden = !run.filters;
    if (run.filters) parts.filters.replaceChildren(...curves.filters(run.filters, made.filters.shape, word("filter")));
    if (!all) return;
    if (parts.layer.options.length !== made.layers.length) parts.layer.replaceChildren(...made.layers.map(({ layer, name }) => element("option", { value: layer }, name)));
    parts.layer.parentElement.hidden = !made.layers.length;
    const test = tests.at(-1);
    parts.table.parentElement.hidden = !test;
    if (test) parts.table.replaceChildren(curves.confusion(test[3], this.names(run), { element, label: word("confusion"), corner: word("is_taken") }));
  }

  // The picture that is drawn

  wipe() {
    this.sketch.clear();
    this.parts.label.textContent = "";
    this.parts.answers.replaceChildren();
    this.parts.maps.replaceChildren();
  }

  sample() {
    this.sampled = (this.sampled ?? -1) + 1;
    this.worker?.postMessage({ sample: this.sampled });
  }

  lookSoon() {
    if (!this.sketch.given) this.parts.label.textContent = "";
    cancelAnimationFrame(this.looker);
    this.looker = requestAnimationFrame(() => this.look());
  }

  async look() {
    const { run, worker, parts } = this;
    if (!worker || !run?.began || this.sketch.empty) return;
    if (this.looking) return (this.again = true);
    this.looking = true;
    this.again = false;
    const layer = Number(parts.layer.value);
    run.grown ??= new Set();
    if (layer && !run.grown.has(layer)) {
      const maps = await this.ask("maps", { ...run.asked, layer, free: run.free }, MAKING);
      if (worker !== this.worker) return;
      if (maps?.program) {
        run.grown.add(layer);
        run.free = maps.size;
        worker.postMessage({ maps, layer });
      }
    }
    worker.postMessage({ look: this.sketch.bytes(run.made.picture), layer });
  }

  looked(run, { answers, layer, maps }) {
    this.looking = false;
    const { element, parts, word } = this;
    const best = [...answers.keys()].sort((a, b) => answers[b] - answers[a]).slice(0, 5);
    const shares = softened(answers);
    const names = this.names(run);
    parts.answers.replaceChildren(...best.map((n) => {
      const share = Math.round(100 * shares[n]);
      const bar = element("span", { className: "share" });
      bar.style.setProperty("--share", `${share}%`);
      return element("li", {}, bar, element("span", {}, `${names[n]} ${share} %`));
    }));
    const shape = run.made.layers.find((one) => one.layer === layer)?.shape;
    parts.maps.replaceChildren(...(maps && shape ? curves.maps(maps, shape, word("map")) : []));
    if (this.again) this.lookSoon();
  }
}

// Scores as shares: what a network says that ends in a softmax is taken as it is.
function softened(answers) {
  const sum = answers.reduce((a, b) => a + b, 0);
  if (answers.every((v) => v >= 0) && Math.abs(sum - 1) < 1e-3) return answers;
  const most = Math.max(...answers);
  const powers = [...answers].map((v) => Math.exp(v - most));
  const all = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / all);
}
