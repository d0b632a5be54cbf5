// What training shows: curves while they grow, filters and maps as small pictures, and which class was taken for which.
const SPACE = "http://www.w3.org/2000/svg";
const [WIDE, HIGH, LEFT, LOW] = [340, 170, 44, 22];

function drawn(tag, properties, ...inside) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

// A chart over the epochs: `lines` have points [epoch, value], a class, and whether they are dots. `top` is the highest value,
// where it is known; `label` what a reader of screens says.
export function chart({ lines, epochs, top, label, shown }) {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const most = top ?? Math.max(0.1, ...values) * 1.05;
  const x = (epoch) => LEFT + (epoch / epochs) * (WIDE - LEFT - 8);
  const y = (value) => HIGH - LOW - (Math.min(value, most) / most) * (HIGH - LOW - 8);
  const svg = drawn("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label, class: "chart" });
  for (let n = 0; n <= 4; n++) {
    const value = (most * n) / 4;
    svg.append(
      drawn("line", { x1: LEFT, x2: WIDE - 8, y1: y(value), y2: y(value), class: "grid-line" }),
      drawn("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, shown(value)),
    );
  }
  const step = Math.max(1, Math.ceil(epochs / 8));
  for (let epoch = 0; epoch <= epochs; epoch += step) svg.append(drawn("text", { x: x(epoch), y: HIGH - 6, "text-anchor": "middle" }, String(epoch)));
  for (const { points, kind, dots } of lines) {
    const there = points.filter(([, value]) => Number.isFinite(value));
    if (!there.length) continue;
    const path = there.map(([epoch, value], n) => `${n ? "L" : "M"}${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    svg.append(drawn("path", { d: path, class: kind }));
    if (dots) for (const [epoch, value] of there) svg.append(drawn("circle", { cx: x(epoch), cy: y(value), r: 3, class: kind }));
  }
  return svg;
}

// A small picture: `colour(row, column)` gives red, green and blue.
export function tile(height, width, colour, label) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height, className: "tile" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  for (let n = 0; n < height * width; n++) {
    const [r, g, b] = colour(Math.floor(n / width), n % width);
    image.data.set([r, g, b, 255], n * 4);
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

// The filters of a first convolution, (F, C, H, W): grey is zero, white the largest weight of all.
export function filters(values, [count, channels, height, width], name) {
  const most = values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-9);
  const level = (v) => 127.5 + (127.5 * v) / most;
  return Array.from({ length: count }, (_, f) => {
    const at = (c, y, x) => values[((f * channels + c) * height + y) * width + x];
    return tile(height, width, (y, x) => (channels === 3 ? [0, 1, 2].map((c) => level(at(c, y, x))) : Array(3).fill(level(at(0, y, x)))), `${name} ${f + 1}`);
  });
}

// The maps of a layer, (H, W, C), each from its least value (black) to its largest (white).
export function maps(values, [height, width, channels], name, most = 64) {
  return Array.from({ length: Math.min(channels, most) }, (_, c) => {
    let [low, high] = [Infinity, -Infinity];
    for (let n = c; n < values.length; n += channels) {
      low = Math.min(low, values[n]);
      high = Math.max(high, values[n]);
    }
    const range = high - low || 1;
    return tile(height, width, (y, x) => Array(3).fill(((values[(y * width + x) * channels + c] - low) / range) * 255), `${name} ${c + 1}`);
  });
}

// A table: rows are what pictures are, columns what they were taken for.
export function confusion(counts, names, { element, label, corner }) {
  const n = names.length;
  const head = element("tr", {}, element("td", { className: "dim" }, corner), ...names.map((name) => element("th", { scope: "col" }, element("span", {}, name))));
  const rows = names.map((name, r) => {
    const row = counts.subarray(r * n, (r + 1) * n);
    const total = row.reduce((a, b) => a + b, 0) || 1;
    const cells = [...row].map((count, c) => {
      const cell = element("td", { className: c === r ? "right" : "wrong-one" }, count ? String(count) : "");
      cell.style.setProperty("--share", `${Math.round((count / total) * 38)}%`);
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row" }, name), ...cells);
  });
  const table = element("table", { className: "confusion" }, element("thead", {}, head), element("tbody", {}, ...rows));
  table.setAttribute("aria-label", label);
  return table;
}
