// The course: exercises, hints and marks from the core, progress in this browser. Two tabs take turns.
import * as keeping from "./keeping.js";

const FILE = "progress";

export class Course {
  constructor({ ask, word, element, place }) {
    Object.assign(this, { ask, word, element, place });
    this.open = null; // the exercise that is open
  }

  // Asks the core with the progress that is kept now, and keeps what it is afterwards: one tab at a time.
  async turn(data) {
    const take = async () => {
      const found = await this.ask("course", { progress: keeping.keptInBrowser(FILE) ?? "", ...data });
      if (found?.progress !== undefined) keeping.keep(FILE, found.progress, ["browser"]);
      return found;
    };
    return navigator.locks ? navigator.locks.request("convdsl-progress", take) : take();
  }

  // The tab is shown: the list, or the exercise that was open, in the language in use.
  async show() {
    if (this.open) return this.go("exercise", this.open.id);
    return this.go("list");
  }

  async go(does, rest = "") {
    const found = await this.turn({ do: does, rest, id: this.open?.id });
    if (!found) return;
    if (found.told === undefined) return this.say("wrong", found.said ?? found.failed ?? this.word("late", { seconds: found.late }));
    const { told } = found;
    if (told.is === "list") this.list(told);
    else if (told.is === "asked") this.asked(told);
    else if (told.is === "marked") this.marked(told, found.done);
    else if (does === "hint" || does === "answer") this.hint(told, does);
    else {
      this.open = null;
      this.place.replaceChildren(this.heading(), this.element("div", { innerHTML: told.html }), this.button("to_list", () => this.go("list")));
    }
  }

  heading() {
    const { element, word } = this;
    const file = element("input", { type: "file", accept: ".json,application/json", hidden: true });
    file.onchange = () => this.bring(file.files[0]);
    return element("div", { className: "buttons" },
      this.button("to_list", () => this.go("list")),
      this.button("review", () => this.go("review")),
      this.button("export_progress", () => keeping.download("progress.json", keeping.keptInBrowser(FILE) ?? "{}", "application/json")),
      element("span", {}, this.button("import_progress", () => file.click()), file));
  }

  button(key, act) {
    return this.element("button", { onclick: act }, this.word(key));
  }

  async bring(file) {
    if (!file || file.size > 5e6) return;
    keeping.keep(FILE, await file.text(), ["browser"]);
    this.open = null;
    this.go("list");
  }

  list({ concepts, due }) {
    const { element, word } = this;
    this.open = null;
    const total = concepts.reduce((n, { exercises }) => n + exercises.length, 0);
    const solved = concepts.reduce((n, concept) => n + concept.solved, 0);
    const groups = concepts.map(({ title, solved, exercises }) =>
      element("details", {},
        element("summary", {}, title, " ", element("span", { className: "dim" }, `${solved}/${exercises.length}`)),
        element("ul", {}, ...exercises.map(([number, id, title, state, tries]) =>
          element("li", {}, element("button", { className: "go", onclick: () => this.go("exercise", id) }, `${number}. ${title}`),
            " ", element("span", { className: `mark ${state}` }, state === "open" ? "" : word(state)),
            tries ? element("span", { className: "dim" }, ` · ${tries}`) : "")))));
    this.place.replaceChildren(this.heading(),
      element("p", {}, word("solved_of", { solved, total }), " ", this.button("next_one", () => this.go("next"))),
      ...(due ? [element("p", {}, word("due", { n: due }))] : []), ...groups);
  }

  asked(told) {
    const { element, word } = this;
    this.open = told;
    const input = told.multiline ? element("textarea", { rows: 7, spellcheck: false }) : element("input", { type: "text", autocomplete: "off", spellcheck: false });
    input.id = "course-answer";
    const form = element("form", { className: "answer" });
    form.onsubmit = (event) => {
      event.preventDefault();
      if (input.value.trim()) this.go("mark", input.value);
    };
    form.append(element("label", { htmlFor: input.id, className: "dim" }, told.how), input, element("button", {}, word("check")));
    const options = told.options.map(([letter, html]) => {
      const button = element("button", { className: "option", innerHTML: html, onclick: () => this.go("mark", letter) });
      button.prepend(element("b", {}, `${letter}) `));
      return button;
    });
    this.said = element("div", { className: "said" });
    this.said.setAttribute("aria-live", "polite");
    this.place.replaceChildren(this.heading(),
      element("h3", {}, `${told.number}/${told.of} ${told.title} `, element("span", { className: "dim" }, told.kind)),
      ...(told.notice ? [element("p", { className: "wrong" }, told.notice)] : []),
      element("div", { innerHTML: told.html }),
      ...(told.program ? [element("pre", {}, element("code", {}, told.program)), this.button("to_editor", () => this.put(told.program))] : []),
      ...(options.length ? [element("div", { className: "options" }, ...options)] : []), form,
      element("div", { className: "buttons" }, ...(told.hints ? [this.button("hint", () => this.go("hint"))] : []),
        this.button("show_answer", () => this.go("answer")), this.button("skip_it", () => this.go("skip"))),
      this.said);
    input.focus({ preventScroll: true });
  }

  put(program) {
    window.convdsl.text = program;
  }

  marked({ status, understood, html }, done) {
    this.said.replaceChildren(
      ...(understood ? [this.element("p", { className: "dim" }, understood)] : []),
      this.element("div", { className: `verdict ${status}`, innerHTML: html }));
    if (!done) return;
    const next = this.button("next_one", () => this.go("next"));
    this.said.append(next);
    next.focus();
  }

  hint({ html }, does) {
    const box = this.element("div", { className: "hint", innerHTML: html });
    this.said.append(box);
    if (does === "answer") this.said.append(this.button("next_one", () => this.go("next")));
  }

  say(kind, text) {
    this.place.replaceChildren(this.heading(), this.element("p", { className: kind }, text));
  }
}
