// A chart of lines on a canvas: losses over epochs, gradients over time.

import { colour, emptyCanvas } from "./dom.js";

const LEFT = 46;
const BOTTOM = 24;
const TOP = 10;

// lines: [{ name, colour, points: [[x, y]…], dots, thin }]
export function drawChart(canvas, lines, { x: xLabel, y: yLabel, from, to, log = false } = {}) {
  const [context, w, h] = emptyCanvas(canvas);
  const all = lines.flatMap((line) => line.points).filter(([, y]) => Number.isFinite(y) && (!log || y > 0));
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = colour("text-quiet");
  if (!all.length) return;
  const value = log ? Math.log10 : (y) => y;
  const xs = all.map(([x]) => x);
  const ys = all.map(([, y]) => value(y));
  const [x0, x1] = [from ?? Math.min(...xs), Math.max(to ?? Math.max(...xs), (from ?? Math.min(...xs)) + 1e-9)];
  let [y0, y1] = [Math.min(...ys), Math.max(...ys)];
  if (y1 - y0 < 1e-6) [y0, y1] = [y0 - 0.5, y1 + 0.5];
  const px = (x) => LEFT + ((x - x0) / (x1 - x0)) * (w - LEFT - 12);
  const py = (y) => TOP + (1 - (value(y) - y0) / (y1 - y0)) * (h - TOP - BOTTOM - 8);
  axes();
  for (const line of lines) {
    context.strokeStyle = context.fillStyle = line.colour;
    context.lineWidth = line.thin ? 1 : 2;
    context.globalAlpha = line.thin ? 0.45 : 1;
    context.beginPath();
    for (const [x, y] of line.points) {
      if (Number.isFinite(y) && (!log || y > 0)) context.lineTo(px(x), py(y));
    }
    context.stroke();
    if (line.dots) {
      for (const [x, y] of line.points) {
        context.beginPath();
        context.arc(px(x), py(y), 3, 0, 7);
        context.fill();
      }
    }
    context.globalAlpha = 1;
  }

  function axes() {
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const tick of ticks(y0, y1, 4)) {
      const y = TOP + (1 - (tick - y0) / (y1 - y0)) * (h - TOP - BOTTOM - 8);
      context.fillStyle = colour("grid-bar");
      context.fillRect(LEFT, Math.round(y), w - LEFT - 12, 1);
      context.fillStyle = colour("text-quiet");
      context.fillText(Number((log ? 10 ** tick : tick).toPrecision(2)), LEFT - 6, y);
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const tick of ticks(x0, x1, 6)) context.fillText(Number(tick.toPrecision(4)), px(tick), h - BOTTOM);
    context.textAlign = "right";
    if (xLabel) context.fillText(xLabel, w - 12, h - 12);
    context.textAlign = "left";
    if (yLabel) context.fillText(yLabel, LEFT + 4, 0);
  }
}

function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((size) => size >= raw) || raw;
  const list = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) list.push(tick);
  return list;
}
