// What is kept in the browser, where that is allowed and there is room; and a program in a link.
const MOST = 1_000_000; // characters of a program in a link
let trouble = () => {};
export const onTrouble = (told) => (trouble = told);

const memory = new Map();

function storage(kind) {
  try {
    return kind === "tab" ? window.sessionStorage : window.localStorage;
  } catch {
    return null; // switched off
  }
}

// What is kept under a name: in this tab, else in this browser, else as long as the page is open.
export function kept(name) {
  for (const kind of ["tab", "browser"]) {
    try {
      const found = storage(kind)?.getItem(`convdsl.${name}`);
      if (found !== null && found !== undefined) return found;
    } catch {
      // as good as empty
    }
  }
  return memory.get(name);
}

export function keptInBrowser(name) {
  try {
    return storage("browser").getItem(`convdsl.${name}`) ?? undefined;
  } catch {
    return memory.get(name);
  }
}

// Keeps a text; says so once where it cannot be kept.
export function keep(name, text, kinds = ["tab", "browser"]) {
  memory.set(name, text);
  let done = false;
  for (const kind of kinds) {
    try {
      const place = storage(kind);
      if (place) {
        place.setItem(`convdsl.${name}`, text);
        done = true;
      }
    } catch {
      // full
    }
  }
  if (!done) trouble();
  return done;
}

async function through(bytes, stream, most = Infinity) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const pieces = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      reader.cancel().catch(() => {});
      throw new RangeError("too long");
    }
    pieces.push(value);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

// A sum of a text's bytes (FNV-1a), for nothing else would tell that a letter of a link was lost.
function sum(bytes) {
  let found = 0x811c9dc5;
  for (const byte of bytes) found = Math.imul(found ^ byte, 0x01000193) >>> 0;
  return found.toString(16).padStart(8, "0");
}

// A text as it stands behind `#z=`: deflated, in letters that links may have, with its sum.
export async function packed(text) {
  const plain = new TextEncoder().encode(text);
  const bytes = await through(plain, new CompressionStream("deflate-raw"));
  let letters = "";
  for (let n = 0; n < bytes.length; n += 0x8000) letters += String.fromCharCode(...bytes.subarray(n, n + 0x8000));
  return `${btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}.${sum(plain)}`;
}

// The text in a link; throws where it is damaged or too long.
export async function unpacked(written) {
  const [letters, wanted] = written.split(".");
  if (!/^[\w-]+$/.test(letters)) throw new Error("letters");
  const bytes = Uint8Array.from(atob(letters.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const found = await through(bytes, new DecompressionStream("deflate-raw"), MOST);
  if (wanted !== undefined && wanted !== sum(found)) throw new Error("sum");
  return new TextDecoder("utf-8", { fatal: true }).decode(found);
}

export function download(name, text, kind = "text/plain") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${kind};charset=utf-8` }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
