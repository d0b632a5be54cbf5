// The page: wires the editor, the core and what is shown beside them. All that it says is in words.js or comes from the core.
import { Convolving } from "./convolving.js";
import { Core } from "./core.js";
import { Course } from "./course.js";
import { Editor } from "./editor.js";
import { EXAMPLES } from "./examples.js";
import * as keeping from "./keeping.js";
import { Training } from "./training.js";
import { WORDS } from "./words.js";

const $ = (id) => document.getElementById(id);
const FIRST = "lenet5";
const SOLVING = 15; // seconds
let lang = keeping.keptInBrowser("language") ?? ((navigator.language || "en").startsWith("es") ? "es" : "en");
if (!(lang in WORDS)) lang = "en";
let seen = null; // what the core said last of the program
let theme = "auto";

const word = (key, values = {}) => WORDS[lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

function element(tag, properties = {}, ...inside) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside);
  return made;
}

// A text with its words in backticks as code.
const coded = (text) => text.split(/`([^`\n]+)`/).map((part, n) => (n % 2 ? element("code", {}, part) : part));

// What there is to say once, above everything: null is nothing.
let noticed = null;
function notice(key, values, button) {
  noticed = key && { key, values, button };
  $("notice").hidden = !key;
  $("notice").replaceChildren();
  if (!key) return;
  $("notice").append(word(key, values), " ");
  if (button) $("notice").append(element("button", { onclick: button.act }, word(button.key)), " ");
  $("notice").append(element("button", { onclick: () => notice(null), className: "plain" }, word("close")));
}

keeping.onTrouble(() => noticed?.key === "not_kept" || notice("not_kept"));

// The state of the core, in one line below the editor.
let state = ["loading"];
function says(key, values = {}) {
  state = [key, values];
  $("state").textContent = key ? word(key, values) : "";
  $("state").className = key ?? "";
}

const core = new Core((now, detail) => {
  if (now === "library") return says(detail === "sympy" ? "formulas" : "answers");
  if (now === "loading") says("loading");
  else if (now === "broken") {
    says("broken", { reason: detail });
    $("state").append(" ", element("button", { onclick: () => { core.start(); look(); } }, word("again")));
  } else says(null);
  document.documentElement.dataset.core = detail === true ? `${now} from memory` : now;
});

const editor = new Editor($("editor"), {
  changed(text) {
    keepSoon(text);
    look();
    training.changed();
  },
  moved: () => explainSoon(),
  complete: async (text, before) => (await core.ask("complete", { lang, text, before }))?.words,
});

// The text is kept a moment after each change, and at once where the page goes away.
let keeper = 0;
function keepSoon(text) {
  clearTimeout(keeper);
  keeper = setTimeout(() => keepNow(text), 300);
}
function keepNow(text = editor.text) {
  clearTimeout(keeper);
  keeper = 0;
  keeping.keep("text", text);
}
addEventListener("pagehide", () => keeper && keepNow());
addEventListener("visibilitychange", () => document.hidden && keeper && keepNow());

// Looking: sizes first, then what takes longer, once nobody types.
async function look() {
  const text = editor.text;
  const root = document.documentElement.dataset;
  root.settled = root.drawn = "no";
  const found = await core.ask("look", { lang, text, expand: $("expand").checked });
  if (!found || text !== editor.text) {
    if (found?.late) says("late", { seconds: found.late });
    return;
  }
  if (!answered(found)) return;
  seen = found;
  show(found);
  performance.mark("sizes");
  root.settled = "yes";
  afterwards();
}

// Whether an answer is one; else it says why not.
function answered(found) {
  if (!found) return false;
  const said = found.said ?? found.failed;
  if (found.late) says("late", { seconds: found.late });
  else if (said !== undefined) says("failed", { reason: said });
  else says(null);
  return !found.late && said === undefined;
}

let later = 0;
function afterwards() {
  clearTimeout(later);
  later = setTimeout(() => {
    draw();
    explain();
  }, 120);
}
let explainer = 0;
function explainSoon() {
  here();
  clearTimeout(explainer);
  explainer = setTimeout(explain, 120);
}

function show(found) {
  editor.show(found.diagnostics, found.colours, found.beside);
  $("title").replaceChildren(found.name, " ", element("span", { className: "dim" }, found.sizes));
  $("title").hidden = !found.rows.length;
  $("totals").replaceChildren(
    ...found.totals.map(([name, value, details]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, element("b", {}, value), ...(details ? [" ", element("span", { className: "dim" }, details)] : []))),
    ),
  );
  $("spread").hidden = !found.folded && !$("expand").checked;
  const head = element("tr", {}, ...found.headings.map((h) => element("th", { scope: "col" }, h)));
  $("table").tHead.replaceChildren(...(found.rows.length ? [head] : []));
  $("table").tBodies[0].replaceChildren(
    ...found.rows.map(({ cells, lines }) => {
      if (!lines.length) return element("tr", { className: "block" }, element("td"), element("td", { colSpan: found.headings.length - 1 }, cells[1]));
      const row = element("tr", {}, ...cells.map((cell) => element("td", {}, cell)));
      row.dataset.from = lines[0];
      row.dataset.to = lines[1];
      const button = element("button", { className: "go", title: word("to_line", { line: lines[0] }), onclick: () => editor.go(lines[0]) }, cells[1]);
      row.cells[1].replaceChildren(button);
      return row;
    }),
  );
  here();
  $("problems").replaceChildren(...found.diagnostics.map(problem));
  $("solve-now").disabled = !found.unknowns.length;
  $("tab-solve").dataset.marked = found.unknowns.length ? "yes" : "";
}

function problem(d) {
  const place = element("button", { className: "go", onclick: () => editor.go(d.line, d.column) }, `${d.line}:${d.column}`);
  const box = element("div", { className: `problem ${d.severity}` }, element("p", {}, element("b", {}, `${word(d.severity)} ${d.code}`), " ", place, " ", ...coded(d.message)));
  for (const part of [d.formula, d.note, d.help]) if (part) box.append(element("p", { className: "more" }, ...coded(part)));
  const fixes = d.fixes.map((fix) => element("button", { onclick: () => editor.apply(fix) }, `${word("mend")}: `, ...coded(fix.title)));
  if (fixes.length) box.append(element("div", { className: "fixes" }, ...fixes));
  return box;
}

// The row of the line that the cursor is in.
function here() {
  const { line } = editor.cursor;
  let marked = false;
  for (const row of $("table").tBodies[0].rows) {
    const is = !marked && row.dataset.from <= line && line <= row.dataset.to;
    row.classList.toggle("here", is);
    marked ||= is;
  }
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const themeNow = () => (theme === "auto" ? (dark.matches ? "dark" : "light") : theme);

async function draw() {
  const text = editor.text;
  const width = Math.floor($("drawing").clientWidth);
  if (!width || text.length > 1e6) return;
  const found = await core.ask("draw", { lang, text, theme: themeNow(), width });
  if (!found || text !== editor.text || !answered(found)) return;
  const svg = found.svg && new DOMParser().parseFromString(found.svg, "image/svg+xml").documentElement;
  $("drawing").replaceChildren(...(svg ? [document.importNode(svg, true)] : []));
  document.documentElement.dataset.drawn = document.documentElement.dataset.settled;
}

async function explain() {
  if ($("layer").hidden) return;
  const text = editor.text;
  const found = await core.ask("explain", { lang, text, ...editor.cursor });
  if (!found || text !== editor.text || !answered(found)) return;
  if (found.html) $("layer").innerHTML = found.html;
  else $("layer").replaceChildren(element("p", {}, word("no_layer")));
}

async function solve() {
  $("solved").replaceChildren(element("p", {}, word("solving")));
  const found = await core.ask("solve", { lang, text: editor.text, seconds: SOLVING - 5 }, SOLVING * 2000);
  $("solved").replaceChildren();
  if (!answered(found)) {
    if (!found) $("solved").append(element("p", {}, word("stopped")));
    return;
  }
  $("solved").innerHTML = found.html;
  for (const { values, text } of found.programs) {
    $("solved").append(element("button", { onclick: () => editor.replace(text) }, word("put_in", { values })), " ");
  }
}

// The tabs that know nothing of the program.
const told = { ask: async (what, data, limit) => { const found = await core.ask(what, { lang, ...data }, limit); if (found) says(null); return found; }, word, element };
const convolving = new Convolving({ ...told, place: $("convolve") });
const course = new Course({ ...told, place: $("course") });
const training = new Training({ ...told, place: $("train"), text: () => editor.text });
const ROOMS = { "tab-train": training, "tab-convolve": convolving, "tab-course": course };

// Tabs, by mouse and by arrow keys.
const tabs = [...$("tabs").children];
function choose(tab, focus = false) {
  for (const other of tabs) {
    const is = other === tab;
    other.setAttribute("aria-selected", String(is));
    other.tabIndex = is ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !is;
  }
  if (focus) tab.focus();
  keeping.keep("tab", tab.id, ["tab"]);
  if (tab.id === "tab-network") draw();
  ROOMS[tab.id]?.show();
  explain();
}
for (const tab of tabs) {
  tab.onclick = () => choose(tab);
  tab.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const place = tabs.indexOf(tab);
    if (step) choose(tabs[(place + step + tabs.length) % tabs.length], true);
    else if (event.key === "Home") choose(tabs[0], true);
    else if (event.key === "End") choose(tabs.at(-1), true);
    else return;
    event.preventDefault();
  };
}

// Another program in the editor: the one before can be had back, even after the page was closed.
function replace(text) {
  if (editor.text.trim() && editor.text !== text) keeping.keep("before", editor.text, ["browser"]);
  editor.replace(text);
  editor.go(1);
  offer();
}

function offer() {
  const before = keeping.keptInBrowser("before");
  const options = [element("option", { value: "" }, "…")];
  if (before) options.push(element("option", { value: " before" }, word("before")));
  options.push(...Object.keys(EXAMPLES).map((name) => element("option", { value: name }, name)));
  $("examples").replaceChildren(...options);
}

$("examples").onchange = (event) => {
  const name = event.target.value;
  if (!name) return;
  replace(name === " before" ? keeping.keptInBrowser("before") : EXAMPLES[name]);
};

$("link").onclick = async () => {
  const url = `${location.href.split("#")[0]}#z=${await keeping.packed(editor.text)}`;
  history.replaceState(null, "", url);
  try {
    await navigator.clipboard.writeText(url);
    notice("link_copied");
  } catch {
    notice("link_in_bar");
  }
};
$("save").onclick = () => keeping.download("net.cnn", editor.text);
$("open").onclick = () => $("file").click();
$("file").onchange = async () => {
  const [file] = $("file").files;
  $("file").value = "";
  if (!file) return;
  if (file.size > 1e6) return notice("too_large", { name: file.name });
  try {
    replace(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
  } catch {
    notice("no_text", { name: file.name });
  }
};
$("expand").onchange = look;
$("solve-now").onclick = solve;

function speak(name) {
  lang = name;
  document.documentElement.lang = name;
  $("language").value = name;
  for (const node of document.querySelectorAll("[data-w]")) node.replaceChildren(...coded(word(node.dataset.w)));
  for (const node of document.querySelectorAll("[data-w-label]")) node.setAttribute("aria-label", word(node.dataset.wLabel));
  const phrases = Object.entries(WORDS[name]).filter(([key]) => key.startsWith("editor: "));
  editor.speak(Object.fromEntries(phrases.map(([key, text]) => [key.slice(8), text])), word("program"));
  if (noticed) notice(noticed.key, noticed.values, noticed.button);
  says(...state);
  offer();
}
$("language").onchange = (event) => {
  speak(event.target.value);
  keeping.keep("language", lang, ["browser"]);
  $("solved").replaceChildren();
  look();
  ROOMS[tabs.find((tab) => tab.tabIndex === 0).id]?.show();
};

function paint(name) {
  theme = ["light", "dark"].includes(name) ? name : "auto";
  $("theme").value = theme;
  document.documentElement.dataset.theme = themeNow();
}
$("theme").onchange = (event) => {
  paint(event.target.value);
  keeping.keep("theme", theme, ["browser"]);
  draw();
};
dark.onchange = () => {
  paint(theme);
  draw();
};

// The drawing is made for the room that there is.
let wide = 0;
new ResizeObserver(() => {
  const width = $("drawing").clientWidth;
  if (!seen || !width || Math.abs(width - wide) < 8) return;
  wide = width;
  afterwards();
}).observe($("right"));

// A program in the link, else the last one, else an example.
async function fromLink() {
  const written = location.hash.match(/^#z=(.*)$/)?.[1];
  if (written === undefined) return undefined;
  try {
    return await keeping.unpacked(written);
  } catch {
    notice("damaged_link");
    return undefined;
  }
}
addEventListener("hashchange", async () => {
  const text = await fromLink();
  if (text !== undefined) replace(text);
});

async function begin() {
  paint(keeping.keptInBrowser("theme"));
  speak(lang);
  const own = keeping.kept("text");
  const linked = await fromLink();
  const text = linked ?? own ?? EXAMPLES[FIRST];
  if (linked !== undefined && own && own !== linked) keeping.keep("before", own, ["browser"]);
  editor.replace(text, true);
  offer();
  const tab = tabs.find(({ id }) => id === keeping.kept("tab"));
  if (tab) choose(tab);
  if (!text) look();
}

// For other pages that have this one in a frame of their own site, and for tests.
window.convdsl = {
  ask: (what, data, limit) => core.ask(what, { lang, ...data }, limit),
  get text() {
    return editor.text;
  },
  set text(text) {
    replace(text);
  },
};

await begin();

// Kept for times without a network, once nothing else is to be done.
async function serve() {
  try {
    await navigator.serviceWorker.register("service.js");
    const { active } = await navigator.serviceWorker.ready;
    active.postMessage("later");
    document.documentElement.dataset.kept = "yes";
  } catch {
    // not allowed here: the page works with a network
  }
}
const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 1000));
const waiting = setInterval(() => {
  if (!core.ready || !seen) return;
  clearInterval(waiting);
  if ("serviceWorker" in navigator) idle(serve);
}, 250);
