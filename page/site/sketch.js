// A picture that is drawn: by mouse or finger, or by the keyboard (arrow keys go, the space bar draws), white on black.
import { bytesOf } from "./pictures.js";

const SIDE = 280;
const BRUSH = 20;
const STEP = 10;

export class Sketch {
  // `changed()` hears of every stroke.
  constructor({ element, label, changed }) {
    this.changed = changed;
    this.canvas = element("canvas", { width: SIDE, height: SIDE, className: "sketch", tabIndex: 0 });
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", label);
    this.pen = this.canvas.getContext("2d");
    this.hand = [SIDE / 2, SIDE / 2];
    this.given = null; // a picture of a set, as it is
    this.clear();
    const place = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
    };
    let down = false;
    this.canvas.onpointerdown = (event) => {
      down = true;
      this.canvas.setPointerCapture(event.pointerId);
      this.hand = place(event);
      this.stroke(this.hand);
    };
    this.canvas.onpointermove = (event) => down && this.stroke(place(event));
    this.canvas.onpointerup = this.canvas.onpointercancel = () => (down = false);
    this.canvas.onkeydown = (event) => {
      const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP], " ": [0, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      if (event.key === " ") this.drawing = !this.drawing;
      const to = this.hand.map((at, n) => Math.min(Math.max(at + step[n], 0), SIDE));
      if (this.drawing) this.stroke(to);
      else this.hand = to;
    };
    this.canvas.onblur = () => (this.drawing = false);
  }

  clear() {
    this.given = null;
    this.pen.fillStyle = "black";
    this.pen.fillRect(0, 0, SIDE, SIDE);
    this.empty = true;
  }

  stroke(to) {
    this.given = null;
    this.empty = false;
    Object.assign(this.pen, { strokeStyle: "white", lineWidth: BRUSH, lineCap: "round", lineJoin: "round" });
    this.pen.beginPath();
    this.pen.moveTo(...this.hand);
    this.pen.lineTo(to[0] + 0.01, to[1]);
    this.pen.stroke();
    this.hand = to;
    this.changed();
  }

  // A picture of a set, (H, W, C).
  show(bytes, [height, width, channels]) {
    const small = new OffscreenCanvas(width, height);
    const pen = small.getContext("2d");
    const image = pen.createImageData(width, height);
    for (let n = 0; n < height * width; n++) {
      for (let c = 0; c < 3; c++) image.data[n * 4 + c] = bytes[n * channels + (channels === 3 ? c : 0)];
      image.data[n * 4 + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
    this.pen.imageSmoothingEnabled = false;
    this.pen.drawImage(small, 0, 0, SIDE, SIDE);
    this.given = bytes;
    this.empty = false;
  }

  // What is there, as the network takes it.
  bytes([height, width, channels]) {
    if (this.given) return this.given;
    const small = new OffscreenCanvas(width, height);
    const pen = small.getContext("2d", { willReadFrequently: true });
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.canvas, 0, 0, width, height);
    return bytesOf(pen.getImageData(0, 0, width, height).data, channels);
  }
}
