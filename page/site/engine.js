// A program of the core in this browser's WebAssembly: its memory, its weights, steps of training and answers. What a pass is
// told and tells stands in two rows of numbers (convdsl/engine/slots.py); the rest the core says (convdsl/page/training.py).
const PAGE = 65536;

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const floats = (text) => new Float32Array(bytes(text).buffer);
const numbers = (text) => new Int32Array(bytes(text).buffer);

// Random numbers from a seed (mulberry32): from 0 to 1, and normal ones (Box and Muller).
export class Chance {
  constructor(seed) {
    this.state = (seed ^ 0x9e3779b9) >>> 0;
  }

  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  normal() {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  // The numbers below n in an order by chance.
  order(n) {
    const found = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.next() * (i + 1));
      [found[i], found[j]] = [found[j], found[i]];
    }
    return found;
  }
}

export class Engine {
  static async of(made) {
    const engine = new Engine();
    engine.made = made;
    engine.memory = new WebAssembly.Memory({ initial: Math.ceil(made.size / PAGE) });
    engine.put(made.contents);
    engine.programs = {};
    for (const [name, program] of Object.entries(made.programs)) await engine.add(name, program);
    engine.steps = 0;
    engine.begin(new Chance(made.seed));
    return engine;
  }

  async add(name, { module, told }) {
    const host = { memory: this.memory, log: Math.log, pow: Math.pow };
    const { instance } = await WebAssembly.instantiate(bytes(module), { host });
    this.programs[name] = { run: instance.exports.run, told };
  }

  // The program up to one layer, which came later, with memory of its own.
  async grow(number, { program, out, shape, contents, size }) {
    const missing = Math.ceil((size - this.memory.buffer.byteLength) / PAGE);
    if (missing > 0) this.memory.grow(missing);
    this.put(contents);
    await this.add(number, program);
    Object.assign(this.programs[number], { out, count: shape.reduce((a, b) => a * b) });
  }

  put(contents) {
    for (const [at, text] of contents) new Uint8Array(this.memory.buffer).set(bytes(text), at);
  }

  // The first weights: spread as the core says, or given.
  begin(chance) {
    const memory = new Float32Array(this.memory.buffer);
    for (const { at, places, spread, width, values } of this.made.weights) {
      const given = values && floats(values);
      numbers(places).forEach((place, n) => {
        const value = given ? given[given.length === 1 ? 0 : n] : spread === "normal" ? chance.normal() * width : (2 * chance.next() - 1) * width;
        memory[at / 4 + place] = value;
      });
    }
    this.run("rearrange", 1);
  }

  // Weights that stand at `places` behind an address, in the order of the public array.
  weights({ at, places }) {
    const memory = new Float32Array(this.memory.buffer);
    return Float32Array.from(numbers(places), (place) => memory[at / 4 + place]);
  }

  run(name, count) {
    const { run, told } = this.programs[name];
    const { slots, figures } = this.made;
    const found = new Float64Array(this.memory.buffer, figures, 16);
    found[slots.FINITE] = 1;
    run(...told.slice(0, 7), count, told[8]);
    return { loss: found[slots.LOSS], right: found[slots.RIGHT], finite: found[slots.FINITE] !== 0 };
  }

  // Puts pictures (bytes, one after another) and their labels where a pass finds them.
  tell(pictures, labels, index, out = 0) {
    const { slots, control, images, labels: at } = this.made;
    const size = this.made.picture.reduce((a, b) => a * b);
    const memory = new Uint8Array(this.memory.buffer);
    index.forEach((number, n) => memory.set(pictures.subarray(number * size, (number + 1) * size), images + n * size));
    if (labels) {
      const to = new BigInt64Array(this.memory.buffer, at, index.length);
      index.forEach((number, n) => (to[n] = BigInt(labels[number])));
    }
    const told = new BigInt64Array(this.memory.buffer, control, 16);
    const says = { COUNT: index.length, IMAGES: images, INDEX: 0, BYTES: 1, LABELS: labels ? at : 0, OUT: out };
    for (const [name, value] of Object.entries(says)) told[slots[name]] = BigInt(value);
  }

  // One step on the pictures of `index`, at most a batch of them: the mean loss, how many were right, and whether the loss is
  // a number. `seed` is for what is drawn in it.
  step(pictures, labels, index, rate, seed) {
    const { slots, control, figures } = this.made;
    this.tell(pictures, labels, index);
    new BigInt64Array(this.memory.buffer, control, 16)[slots.SEED] = BigInt(seed);
    const told = new Float64Array(this.memory.buffer, figures, 16);
    told[slots.RATE] = rate;
    told[slots.STEP] = this.steps + 1;
    told[slots.UPDATES] = 1;
    const found = this.run("train", index.length);
    if (found.finite) this.steps += 1;
    return found;
  }

  // The answers to pictures, as at inference: loss, how many are right, and the class of each.
  judge(pictures, labels, index) {
    this.tell(pictures, labels, index);
    const found = this.run("predict", index.length);
    const hits = new BigInt64Array(this.memory.buffer, this.made.hits, index.length);
    return { ...found, classes: Array.from(hits, Number) };
  }

  // What the network says of one picture: a number for each class.
  answers(picture) {
    const { out, classes } = this.made;
    this.tell(picture, null, [0], out);
    this.run("predict", 1);
    return new Float32Array(this.memory.buffer, out, classes).slice();
  }

  // The output of one layer for a picture, (H, W, C).
  maps(picture, number) {
    const { out, count } = this.programs[number];
    this.tell(picture, null, [0], out);
    this.run(number, 1);
    return new Float32Array(this.memory.buffer, out, count).slice();
  }
}
