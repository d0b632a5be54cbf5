// A training in a worker of its own: takes what the core has made and pictures, runs the steps, tells how it goes, and answers
// between two steps what is asked: a picture's classes and maps, a picture of the test, to stop.
import { Chance, Engine } from "./engine.js";

const BREATH = 40; // milliseconds without looking at what came
const TOLD = 120; // and without telling how it goes
const MOST_SEED = 2 ** 31;

let engine;
let set; // pictures and labels, for training and for the test
let stopped = false;
let began = Promise.resolve(); // and what was asked before is answered

async function unpacked(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

// A grey picture of `from` x `from` as the network takes it: in the middle where there is more room, else made smaller.
function fitted(given, from, [height, width, channels], to, at) {
  const inside = height >= from && width >= from;
  const top = Math.floor((height - from) / 2);
  const left = Math.floor((width - from) / 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let value = 0;
      if (!inside) value = between(given, from, ((y + 0.5) * from) / height - 0.5, ((x + 0.5) * from) / width - 0.5);
      else if (y >= top && y < top + from && x >= left && x < left + from) value = given[(y - top) * from + x - left];
      for (let c = 0; c < channels; c++) to[at++] = value;
    }
  }
}

// The value of a grey picture between its pixels.
function between(given, size, y, x) {
  const held = (n) => Math.min(Math.max(n, 0), size - 1);
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const pixel = (r, c) => given[held(r) * size + held(c)];
  const row = (r) => pixel(r, left) * (1 - x + left) + pixel(r, left + 1) * (x - left);
  return row(top) * (1 - y + top) + row(top + 1) * (y - top);
}

async function shipped({ path, train, test, size }, picture) {
  const all = await unpacked(path);
  const labels = { train: all.subarray(0, train), test: all.subarray(train, train + test) };
  const pixels = picture.reduce((a, b) => a * b);
  const found = { train: new Uint8Array(train * pixels), test: new Uint8Array(test * pixels) };
  let at = train + test;
  for (const part of ["train", "test"]) {
    for (let n = 0; n < labels[part].length; n++, at += size * size) fitted(all.subarray(at, at + size * size), size, picture, found[part], n * pixels);
  }
  return { train: { pictures: found.train, labels: labels.train }, test: { pictures: found.test, labels: labels.test } };
}

// Own pictures: of each class every fifth is for the test.
function parted({ pictures, labels }, picture) {
  const size = picture.reduce((a, b) => a * b);
  const seen = new Map();
  const parts = { train: [], test: [] };
  labels.forEach((label, n) => {
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    parts[count % 5 ? "train" : "test"].push(n);
  });
  const taken = (index) => {
    const found = new Uint8Array(index.length * size);
    index.forEach((n, to) => found.set(pictures.subarray(n * size, (n + 1) * size), to * size));
    return { pictures: found, labels: Uint8Array.from(index, (n) => labels[n]) };
  };
  return { train: taken(parts.train), test: taken(parts.test) };
}

const breathe = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = done;
  port2.postMessage(0);
});

// Mean loss, accuracy, and how often which class was taken for which, over the pictures of the test.
async function judged() {
  const { pictures, labels } = set.test;
  const { batch, classes } = engine.made;
  const confusion = new Int32Array(classes * classes);
  let [loss, right, breath] = [0, 0, performance.now()];
  for (let from = 0; from < labels.length; from += batch) {
    const index = Array.from({ length: Math.min(batch, labels.length - from) }, (_, n) => from + n);
    const found = engine.judge(pictures, labels, index);
    loss += found.loss * index.length;
    right += found.right;
    found.classes.forEach((answer, n) => (confusion[labels[from + n] * classes + answer] += 1));
    if (performance.now() - breath > BREATH) {
      await breathe();
      if (stopped) return null;
      breath = performance.now();
    }
  }
  return { loss: loss / labels.length, accuracy: right / labels.length, confusion };
}

const filters = () => engine.made.filters && engine.weights(engine.made.filters);

async function train() {
  const { batch, epochs, rates, least, seed } = engine.made;
  const chance = new Chance(seed + 1);
  const { pictures, labels } = set.train;
  const count = labels.length;
  const points = rates.length / epochs;
  const begun = performance.now();
  let [seen, loss, right, recent, breath, told] = [0, 0, 0, 0, begun, begun];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = chance.order(count);
    for (let from = 0; from < count; from += batch) {
      const index = [...order.subarray(from, from + batch)];
      if (index.length < least) break;
      const time = Math.floor((epoch + from / count) * points);
      const found = engine.step(pictures, labels, index, rates[time], Math.floor(chance.next() * MOST_SEED));
      if (!found.finite) return postMessage({ ended: "infinite" });
      seen += index.length;
      recent += index.length;
      loss += found.loss * index.length;
      right += found.right;
      const now = performance.now();
      if (now - breath > BREATH || stopped) {
        await breathe();
        if (stopped) return postMessage({ ended: "stopped" });
        breath = performance.now();
      }
      if (now - told > TOLD) {
        const speed = (seen / (now - begun)) * 1000;
        postMessage({ at: seen / count, epoch, loss: loss / recent, accuracy: right / recent, speed, filters: filters() });
        [loss, right, recent, told] = [0, 0, 0, now];
      }
    }
    const speed = (seen / (performance.now() - begun)) * 1000;
    const test = set.test.labels.length ? await judged() : null;
    if (stopped) return postMessage({ ended: "stopped" });
    const last = recent ? { loss: loss / recent, accuracy: right / recent } : {};
    [loss, right, recent] = [0, 0, 0];
    postMessage({ at: epoch + 1, epoch, ...last, speed, test, filters: filters() });
  }
  postMessage({ ended: "done" });
}

async function begin({ made, pictures }) {
  const data = pictures.path ? shipped(pictures, made.picture) : parted(pictures, made.picture);
  engine = await Engine.of(made);
  set = await data;
  postMessage({ began: { train: set.train.labels.length, test: set.test.labels.length }, filters: filters() });
}

// What is asked between two steps, one after the other.
async function answered(asked) {
  if (asked.sample !== undefined) {
    const part = set.test.labels.length ? set.test : set.train;
    const n = asked.sample % part.labels.length;
    const size = part.pictures.length / part.labels.length;
    return postMessage({ sample: part.pictures.slice(n * size, (n + 1) * size), label: part.labels[n] });
  }
  if (asked.maps) await engine.grow(asked.layer, asked.maps);
  if (asked.look) {
    const known = asked.layer in engine.programs;
    postMessage({ answers: engine.answers(asked.look), layer: asked.layer, maps: known ? engine.maps(asked.look, asked.layer) : null, size: engine.memory.buffer.byteLength });
  }
}

const failed = (error) => postMessage({ ended: "failed", reason: String(error?.message ?? error) });

onmessage = ({ data: asked }) => {
  if (asked.stop) stopped = true;
  else if (asked.begin) {
    began = begin(asked.begin);
    began.then(train).catch(failed);
  } else began = began.then(() => answered(asked)).catch(failed);
};
