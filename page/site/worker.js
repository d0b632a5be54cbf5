// Python in a worker: loads Pyodide and our core, answers one request after the other. Requests and answers are JSON texts
// (convdsl/page/answers.py). After the first visit the memory of a Python that has loaded everything is kept, and later visits
// begin with it: that takes a second instead of several.
import { loadPyodide } from "./pyodide/pyodide.mjs";
import { VERSION } from "./version.js";

const HOME = "/home/pyodide";
const KEPT = `convdsl-memory-${VERSION}`;
const WARM = `
import sys
sys.path.insert(0, "${HOME}")
from convdsl.page.warming import warm
from convdsl.page import answer
warm()
`;

const IDLE = 3000; // milliseconds without a question before the memory with a library is kept

let answer;
let python;
const there = new Set(); // libraries that are in memory
const unpackedToo = new Set(); // and those whose files are on Python's disk
let keeper = 0;

async function bytes(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.arrayBuffer();
}

// Pyodide's program lies here packed, for servers seldom do that by themselves.
const fetched = globalThis.fetch;
globalThis.fetch = async (what, ...more) => {
  const path = String(what.url ?? what);
  if (!path.endsWith(".asm.wasm")) return fetched(what, ...more);
  const { ok, status, body } = await fetched(`${path}.packed`);
  if (!ok) throw new Error(`${path}: ${status}`);
  return new Response(body.pipeThrough(new DecompressionStream("gzip")), { headers: { "content-type": "application/wasm" } });
};

const unpack = (zip) => python.unpackArchive(zip, "zip", { extractDir: HOME });

async function library(name) {
  unpackedToo.add(name);
  try {
    unpack(await bytes(`python/${name}.zip`));
  } catch (error) {
    unpackedToo.delete(name);
    throw error;
  }
}

// The memory that was kept, and which libraries are in it.
async function remembered() {
  try {
    const found = await (await caches.open(KEPT)).match("memory");
    if (!found) return undefined;
    for (const name of (found.headers.get("x-libraries") ?? "").split(" ")) if (name) there.add(name);
    return new Uint8Array(await found.arrayBuffer());
  } catch {
    return undefined; // no storage, or none that may be used
  }
}

async function remember() {
  try {
    answer?.destroy(); // a memory with a reference from outside in it cannot be kept
    const memory = python.makeMemorySnapshot();
    const headers = { "x-libraries": [...there].join(" ") };
    await (await caches.open(KEPT)).put("memory", new Response(memory, { headers }));
  } catch {
    // full, switched off, or a Python that cannot be kept: the next visit takes longer
  }
}

// Pyodide's module with room for a memory of that size: one with a library in it is larger than what Python begins with.
const roomy = (size) => async (settings) => {
  const { default: create } = await import("./pyodide/pyodide.asm.mjs");
  const module = await create(settings);
  if (size > module.HEAP8.length) module.growMemory(size);
  return module;
};

async function begin() {
  const core = bytes("python/convdsl.zip");
  const memory = await remembered();
  if (memory) {
    try {
      python = await loadPyodide({ indexURL: "./pyodide/", _loadSnapshot: memory, _makeSnapshot: true, createPyodideModule: roomy(memory.length) });
      unpack(await core);
    } catch {
      await caches.delete(KEPT);
      there.clear();
      python = undefined;
    }
  }
  if (!python) {
    python = await loadPyodide({ indexURL: "./pyodide/", _makeSnapshot: !memory });
    unpack(await core);
    python.runPython(WARM);
    if (!memory) await remember();
  }
  python.runPython("from convdsl.page.warming import awake; awake()");
  answer = python.globals.get("answer");
  postMessage({ ready: true, kept: Boolean(memory) });
}

async function answered(id, request) {
  clearTimeout(keeper);
  for (;;) {
    const found = answer(request);
    const needs = found.startsWith('{"needs"') ? JSON.parse(found).needs : "";
    if (!needs || unpackedToo.has(needs)) {
      keeper = setTimeout(() => (last = last.then(settle)), IDLE);
      return found;
    }
    postMessage({ id, needs });
    await library(needs);
  }
}

// When nothing is asked: the files of what is in memory, then the memory with what is new in it. What is asked meanwhile waits.
async function settle() {
  for (const name of there) {
    if (!unpackedToo.has(name)) await library(name).catch(() => {}); // without a network: when it is needed
  }
  if ([...unpackedToo].some((name) => !there.has(name))) {
    for (const name of unpackedToo) there.add(name);
    await remember();
    answer = python.globals.get("answer");
  }
}

let last = begin().catch((error) => {
  postMessage({ broken: String(error) });
  throw error;
});

onmessage = ({ data: { id, request } }) => {
  last = last
    .then(() => answered(id, request))
    .then(
      (found) => postMessage({ id, found }),
      (error) => postMessage({ id, failed: String(error) }),
    );
};
