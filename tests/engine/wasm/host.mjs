// Runs a program's module in this JavaScript engine: reads what memory.bin holds, runs `run` so many times, writes memory back
// and prints milliseconds for each. Arguments: a folder, the numbers that `run` takes, and how many times.
import { readFileSync, writeFileSync } from "node:fs";

const [folder, told, times] = process.argv.slice(2);
const before = readFileSync(`${folder}/memory.bin`);
const memory = new WebAssembly.Memory({ initial: before.length / 65536, maximum: 65536 });
new Uint8Array(memory.buffer).set(before);
const module = await WebAssembly.compile(readFileSync(`${folder}/module.wasm`));
const { exports } = await WebAssembly.instantiate(module, { host: { memory, log: Math.log, pow: Math.pow } });
const taken = [];
for (let n = 0; n < Number(times); n++) {
  const begun = performance.now();
  exports.run(...JSON.parse(told));
  taken.push(performance.now() - begun);
}
writeFileSync(`${folder}/memory.bin`, new Uint8Array(memory.buffer));
console.log(JSON.stringify(taken));
