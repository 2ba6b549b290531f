// Pictures of numbers: heat maps over time, and the distribution of the next note on a keyboard.

import { colour, clamp, emptyCanvas } from "./dom.js";
import { pitchName } from "./piece.js";

const BLACK = [1, 3, 6, 8, 10];

function rgb(text) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data];
}

// A colour for each hundredth from −1 to 1: blue below, orange above, the surface in the middle.
function scale() {
  const [low, middle, high] = [rgb(colour("track-0")), rgb(colour("surface-2")), rgb(colour("track-1"))];
  return Array.from({ length: 201 }, (_, place) => {
    const value = (place - 100) / 100;
    const end = value < 0 ? low : high;
    const share = Math.abs(value) ** 0.8;
    return middle.map((part, index) => part + (end[index] - part) * share);
  });
}

// Values in hundredths, [steps × units], a column for each step.
export function heat(canvas, values, steps, units) {
  const colours = scale();
  canvas.width = steps;
  canvas.height = units;
  const context = canvas.getContext("2d");
  const image = context.createImageData(steps, units);
  for (let step = 0; step < steps; step++) {
    for (let unit = 0; unit < units; unit++) {
      const [r, g, b] = colours[clamp(values[step * units + unit] + 100, 0, 200)];
      const at = 4 * (unit * steps + step);
      image.data.set([r, g, b, 255], at);
    }
  }
  context.putImageData(image, 0, 0);
}

// Norms as one row, the largest dark, on a logarithmic scale of four powers of ten.
export function heatOfNorms(canvas, norms, total, first) {
  const largest = Math.max(...norms, 1e-30);
  const values = new Array(total).fill(0);
  norms.forEach((norm, step) => {
    values[first + step] = Math.round(100 * clamp(1 + Math.log10(Math.max(norm, 1e-30) / largest) / 4, 0, 1));
  });
  heat(canvas, values, total, 1);
}

// Probabilities of pitches as bars above a keyboard: struck, held; `chosen` is what the piece has.
export function keyboard(canvas, { low, pitches, struck, held, stop, chosen, high }) {
  const [context, w, h] = emptyCanvas(canvas);
  const keys = 34;
  const top = 16;
  const tall = h - keys - top;
  const wide = (w - 56) / pitches;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (let pitch = 0; pitch < pitches; pitch++) {
    const x = pitch * wide;
    const midi = low + pitch;
    context.fillStyle = BLACK.includes(midi % 12) ? colour("key-black") : colour("key-white");
    context.fillRect(x + 0.5, h - keys, Math.max(wide - 1, 1), BLACK.includes(midi % 12) ? keys * 0.62 : keys);
    if (midi % 12 === 0) {
      context.fillStyle = colour("grid");
      context.fillRect(Math.round(x), top, 1, tall);
    }
    bar(x, wide, struck[pitch], held[pitch], chosen === midi);
  }
  // Names over all keys: a key is narrower than its name.
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = "left";
  for (let pitch = (12 - (low % 12)) % 12; pitch < pitches; pitch += 12) {
    const [x, name] = [pitch * wide + 1, pitchName(low + pitch)];
    const width = context.measureText(name).width;
    if (x + width > pitches * wide) continue;
    context.fillStyle = colour("key-white");
    context.fillRect(x, h - 13, width + 2, 13);
    context.fillStyle = "#2c3340";
    context.fillText(name, x + 1, h - 6);
  }
  context.font = "11px system-ui, sans-serif";
  bar(w - 42, 34, stop, 0, chosen === "stop");
  context.fillStyle = colour("text-quiet");
  context.textAlign = "center";
  context.fillText("no more", w - 25, h - keys + 12);
  context.textAlign = "right";
  context.fillText(`${Math.round(100 * high)} %`, w - 52, 8);

  function bar(x, width, first, second, isChosen) {
    const [a, b] = [Math.min(first / high, 1) * tall, Math.min(second / high, 1) * tall];
    const y = h - keys - 2;
    context.fillStyle = colour("track-1");
    context.fillRect(x + 0.5, y - a, Math.max(width - 1, 1), a);
    context.fillStyle = colour("track-0");
    context.fillRect(x + 0.5, y - a - b, Math.max(width - 1, 1), b);
    if (isChosen) {
      context.strokeStyle = colour("cursor");
      context.lineWidth = 2;
      context.strokeRect(x, top, Math.max(width, 3), h - top - 1);
    }
  }
}
