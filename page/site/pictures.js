// Pictures of people's own: files that were dropped or chosen, sorted by the folders they lie in, as bytes of the size that the
// network takes. They stay in this browser.
const ENDINGS = /\.(png|jpe?g|gif|webp|bmp|avif)$/i;
const MOST_FILES = 20_000;
const MOST_PIXELS = 50e6; // of one picture: what a browser can unpack
const MOST_BYTES = 500e6; // of all of them, unpacked
const HEAD = 400_000; // bytes of a file in which its size stands

// Files with their paths, of what was dropped; folders are gone through.
export async function dropped(items) {
  const found = [];
  const entries = [...items].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile?.());
  const inside = async (entry, path) => {
    if (found.length > MOST_FILES) return;
    if (entry instanceof File) found.push({ path: entry.name, file: entry });
    else if (entry?.isFile) found.push({ path: path + entry.name, file: await new Promise((done, failed) => entry.file(done, failed)) });
    else if (entry?.isDirectory) {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((done, failed) => reader.readEntries(done, failed));
        if (!some.length) break;
        for (const one of some) await inside(one, `${path}${entry.name}/`);
      }
    }
  };
  for (const entry of entries) await inside(entry, "");
  return found;
}

export const chosen = (files) => [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

// Pictures by their classes: the name of the folder that a file lies in.
export function sorted(files) {
  const classes = new Map();
  let left = 0;
  for (const { path, file } of files) {
    const folders = path.split("/").slice(0, -1);
    if (!ENDINGS.test(path) || path.split("/").at(-1).startsWith(".")) left += 1;
    else {
      const name = folders.at(-1) ?? "";
      classes.set(name, [...(classes.get(name) ?? []), file]);
    }
  }
  const names = [...classes.keys()].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  return { names, files: names.map((name) => classes.get(name)), left, many: files.length > MOST_FILES };
}

// Width and height as the file says them, without unpacking it; nothing where it does not say so in a way known here.
export function told(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at, n) => String.fromCharCode(...bytes.subarray(at, at + n));
  if (bytes.length < 30) return null;
  if (text(1, 3) === "PNG") return [view.getUint32(16), view.getUint32(20)];
  if (text(0, 3) === "GIF") return [view.getUint16(6, true), view.getUint16(8, true)];
  if (text(0, 2) === "BM") return [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
  if (text(8, 4) === "WEBP" && text(12, 4) === "VP8X") return [1 + (view.getUint32(24, true) & 0xffffff), 1 + (view.getUint32(27, true) & 0xffffff)];
  if (view.getUint16(0) === 0xffd8) {
    for (let at = 2; at + 9 < bytes.length; ) {
      if (bytes[at] !== 0xff) return null;
      const kind = bytes[at + 1];
      if (kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind)) return [view.getUint16(at + 7), view.getUint16(at + 5)];
      at += 2 + view.getUint16(at + 2);
    }
  }
  return null;
}

// All pictures as bytes, (n, H, W, C), with their classes. `progress` hears how many are done, and stops where it says true;
// pictures that cannot be read, or are too large, are named.
export async function read({ names, files }, [height, width, channels], progress) {
  const count = files.reduce((n, some) => n + some.length, 0);
  const size = height * width * channels;
  if (count * size > MOST_BYTES) return { much: Math.floor(MOST_BYTES / size) };
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.imageSmoothingQuality = "high";
  const pictures = new Uint8Array(count * size);
  const labels = [];
  const bad = [];
  let seen = 0;
  for (const [label, some] of files.entries()) {
    for (const file of some) {
      try {
        const head = told(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
        if (head && head[0] * head[1] > MOST_PIXELS) throw new RangeError("large");
        const image = await createImageBitmap(file);
        pen.fillStyle = "white";
        pen.fillRect(0, 0, width, height);
        pen.drawImage(image, 0, 0, width, height);
        image.close();
        bytesOf(pen.getImageData(0, 0, width, height).data, channels, pictures, labels.length * size);
        labels.push(label);
      } catch (error) {
        bad.push({ name: `${names[label]}/${file.name}`.replace(/^\//, ""), large: error instanceof RangeError });
      }
      seen += 1;
      if (progress(seen, count)) return null;
    }
  }
  return { pictures: pictures.slice(0, labels.length * size), labels: Uint8Array.from(labels), names, bad };
}

// What stands on a canvas as the network takes it: grey by the weights of ITU-R BT.601, or three colours.
export function bytesOf(data, channels, to = new Uint8Array((data.length / 4) * channels), at = 0) {
  for (let n = 0; n < data.length; n += 4) {
    if (channels === 1) to[at++] = Math.round(0.299 * data[n] + 0.587 * data[n + 1] + 0.114 * data[n + 2]);
    else for (let c = 0; c < 3; c++) to[at++] = data[n + c];
  }
  return to;
}
