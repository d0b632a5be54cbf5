// Convolution by hand: a matrix to type into, a kernel, and the window that goes over it. What comes out the core says.
const START = ["3 0 1 2 7", "1 5 8 9 3", "2 7 2 5 1", "0 1 3 1 7", "4 2 1 6 2"];
const OWN = ["1 0 -1", "1 0 -1", "1 0 -1"];
const MOST = 12; // rows and columns that can be typed into

export class Convolving {
  constructor({ ask, word, element, place }) {
    Object.assign(this, { ask, word, element, place });
    this.matrix = START.map((row) => row.split(" "));
    this.own = OWN.map((row) => row.split(" "));
    this.chosen = { kernel: "own", stride: "1", padding: "0", dilation: "1", window: "2" };
    this.at = 0;
    this.found = null;
    this.player = 0;
  }

  // The tab is shown for the first time, or in another language.
  async show() {
    if (!this.names) this.names = await this.ask("kernels", {});
    if (!this.names?.kernels) return (this.names = undefined);
    const { element, word } = this;
    const field = (key, properties) => {
      const input = element("input", { type: "text", inputMode: "numeric", size: 4, value: this.chosen[key], ...properties });
      input.oninput = () => this.choose(key, input.value);
      return element("label", { className: "choice" }, element("span", {}, word(`${key}_of`)), " ", input);
    };
    const select = element("select", {}, element("option", { value: "own" }, word("own_kernel")));
    for (const [key, names] of [["kernels", this.names.kernels], ["poolings", this.names.poolings]]) {
      select.append(element("optgroup", { label: word(key) }, ...names.map((name) => element("option", { value: name }, name))));
    }
    select.value = this.chosen.kernel;
    select.onchange = () => {
      this.choose("kernel", select.value);
      this.arrange();
    };
    this.grids = { matrix: element("div", { className: "grid" }), own: element("div", { className: "grid" }) };
    this.ownBox = element("div", {}, element("h3", {}, word("kernel")), this.grids.own);
    this.kernelBox = element("div");
    this.windowField = field("window");
    this.output = element("div", { className: "grid" });
    this.line = element("p", { className: "line" });
    this.line.setAttribute("aria-live", "polite");
    this.told = element("div");
    this.play = element("button", { onclick: () => this.toggle() }, word("play"));
    const step = (by, key) => element("button", { onclick: () => this.go(this.at + by) }, word(key));
    this.place.replaceChildren(
      element("p", {}, word("convolve_says")),
      element("div", { className: "fields" }, element("label", { className: "choice" }, element("span", {}, word("kernel")), " ", select), this.windowField, field("stride"), field("padding"), field("dilation")),
      element("div", { className: "work" }, element("div", {}, element("h3", {}, word("matrix")), this.grids.matrix), this.ownBox, this.kernelBox, element("div", {}, element("h3", {}, word("output")), this.output)),
      element("div", { className: "buttons" }, step(-1, "back"), this.play, step(1, "forward")),
      this.line,
      this.told,
    );
    this.draw("matrix");
    this.draw("own");
    this.arrange();
    this.work();
  }

  choose(key, value) {
    this.chosen[key] = value;
    this.work();
  }

  arrange() {
    const pooling = this.names.poolings.includes(this.chosen.kernel);
    this.ownBox.hidden = this.chosen.kernel !== "own";
    this.windowField.hidden = !pooling;
  }

  // A table of fields; arrow keys go from one to the next, and what is pasted fills as many as it has numbers.
  draw(which) {
    const { element, word } = this;
    const rows = this[which];
    const name = word(which === "own" ? "kernel" : "matrix");
    const table = element("table", {});
    rows.forEach((row, r) => {
      const line = element("tr");
      row.forEach((value, c) => {
        const input = element("input", { type: "text", value, size: 3, inputMode: "decimal" });
        input.setAttribute("aria-label", `${name} ${r + 1},${c + 1}`);
        input.oninput = () => {
          rows[r][c] = input.value;
          this.work();
        };
        input.onkeydown = (event) => this.move(event, table, r, c);
        input.onpaste = (event) => this.paste(event, which, r, c);
        line.append(element("td", {}, input));
      });
      table.append(line);
    });
    const size = (rowsMore, columnsMore, text, key) => {
      const button = element("button", { className: "small", onclick: () => this.resize(which, rows.length + rowsMore, rows[0].length + columnsMore) }, text);
      button.setAttribute("aria-label", `${name}: ${word(key)}`);
      return button;
    };
    const buttons = element("div", { className: "sizes" }, size(1, 0, "+ ↓", "row_more"), size(-1, 0, "− ↓", "row_less"), size(0, 1, "+ →", "column_more"), size(0, -1, "− →", "column_less"));
    this.grids[which].replaceChildren(table, buttons);
  }

  resize(which, height, width) {
    if (height < 1 || width < 1 || height > MOST || width > MOST) return;
    this[which] = Array.from({ length: height }, (_, r) => Array.from({ length: width }, (_, c) => this[which][r]?.[c] ?? "0"));
    this.draw(which);
    this.work();
  }

  move(event, table, r, c) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0] }[event.key];
    if (!step) return;
    table.rows[r + step[0]]?.cells[c + step[1]]?.firstChild.focus();
    event.preventDefault();
  }

  paste(event, which, r, c) {
    const text = event.clipboardData.getData("text").trim();
    const rows = text.split(/[;\n]+/).map((row) => row.trim().split(/[\s,]+/));
    if (rows.length === 1 && rows[0].length === 1) return;
    event.preventDefault();
    const width = Math.max(...rows.map((row) => row.length));
    if (rows.length > MOST || width > MOST) return;
    if (r === 0 && c === 0) this[which] = rows.map((row) => Array.from({ length: width }, (_, n) => row[n] ?? "0"));
    else rows.forEach((row, n) => row.forEach((value, m) => r + n < this[which].length && c + m < this[which][0].length && (this[which][r + n][c + m] = value)));
    this.draw(which);
    this.work();
  }

  get asked() {
    const written = (rows) => rows.map((row) => row.map((value) => value.trim() || "0").join(" ")).join("; ");
    return { ...this.chosen, matrix: written(this.matrix), kernel: this.chosen.kernel === "own" ? written(this.own) : this.chosen.kernel };
  }

  async work() {
    this.pause();
    const found = await this.ask("convolve", this.asked);
    if (!found) return;
    const { element, word } = this;
    if (found.said !== undefined || found.failed !== undefined || found.late) {
      this.found = null;
      this.output.replaceChildren();
      this.told.replaceChildren();
      this.mark(null);
      this.line.className = "line wrong";
      this.line.textContent = found.said ?? found.failed ?? word("late", { seconds: found.late });
      return;
    }
    this.found = found;
    this.kernelBox.hidden = this.chosen.kernel === "own" || !found.kernel.length;
    const cells = (rows) => element("table", { className: "fixed" }, ...rows.map((row) => element("tr", {}, ...row.map((v) => element("td", {}, v)))));
    if (!this.kernelBox.hidden) this.kernelBox.replaceChildren(element("h3", {}, found.divisor === 1 ? word("kernel") : `${word("kernel")}: 1/${found.divisor} ·`), cells(found.kernel));
    const width = found.output[0].length;
    this.output.replaceChildren(
      element("table", {}, ...found.output.map((row, r) => element("tr", {}, ...row.map((value, c) => {
        const button = element("button", { className: "cell", onclick: () => this.go(r * width + c) }, value);
        button.setAttribute("aria-label", `${word("output")} ${r + 1},${c + 1}: ${value}`);
        return element("td", {}, found.steps.length ? button : value);
      })))),
    );
    this.line.className = "line";
    this.told.innerHTML = found.facts;
    this.go(Math.min(this.at, found.steps.length - 1));
  }

  // One place of the output: its window in the matrix, and how it comes about.
  go(number) {
    const steps = this.found?.steps ?? [];
    if (!steps.length) return this.mark(null);
    this.at = (number + steps.length) % steps.length;
    this.mark(steps[this.at]);
  }

  mark(step) {
    for (const cell of this.place.querySelectorAll(".seen, .result")) cell.classList.remove("seen", "result");
    this.line.textContent = step ? step.line : "";
    if (!step) return;
    const rows = this.grids.matrix.querySelector("table").rows;
    let outside = 0;
    for (const [r, c] of step.window) {
      const cell = rows[r]?.cells[c];
      if (cell) cell.classList.add("seen");
      else outside += 1;
    }
    if (outside) this.line.textContent += `  (${this.word("zeros", { n: outside })})`;
    this.output.querySelector("table").rows[step.at[0]].cells[step.at[1]].classList.add("result");
  }

  toggle() {
    if (this.player) return this.pause();
    this.play.textContent = this.word("pause");
    this.go(this.at + 1);
    this.player = setInterval(() => (this.place.hidden ? this.pause() : this.go(this.at + 1)), 900);
  }

  pause() {
    clearInterval(this.player);
    this.player = 0;
    if (this.play) this.play.textContent = this.word("play");
  }
}
