// The piano roll: draws the bars, the notes that are visible, the selection and the cursor. The canvas stays in place while its box scrolls.

import { $, clamp, colour } from "./dom.js";
import { pitchName } from "./piece.js";
import { state, on, isHeard } from "./state.js";

export const TRACK_COLOURS = 8;
const KEYS = 44; // width of the keyboard
const RULER = 40; // height of the ruler with the lane of findings
const BLACK = [1, 3, 6, 8, 10];

export const view = { perTick: 0.1, row: 12 };

let box, canvas, ruler, keys, size;
let dirty = true;
let before = 0; // the height of the box
let palette = null;
export const overlay = { marquee: null, ghost: null, hover: null, changed: null };
let cursorTick = 0;

export function start() {
  box = $("#roll-box");
  canvas = $("#roll");
  ruler = $("#ruler");
  keys = $("#keys");
  size = $("#roll-size");
  box.addEventListener("scroll", redraw, { passive: true });
  new ResizeObserver(resize).observe(box);
  on("piece", (detail) => { layOut(); if (detail.fit) fit(); redraw(); });
  on("selection tracks current judged theme", redraw);
  frame();
}

export function redraw() {
  dirty = true;
}

export function forgetColours() {
  palette = null;
  redraw();
}

function frame() {
  if (dirty && state.piece) {
    dirty = false;
    draw();
  }
  requestAnimationFrame(frame);
}

function resize() {
  const ratio = window.devicePixelRatio || 1;
  const set = (element, width, height) => {
    element.width = Math.max(Math.round(width * ratio), 1);
    element.height = Math.max(Math.round(height * ratio), 1);
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
    element.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
  };
  // What was in the middle stays there.
  const lost = (before - box.clientHeight) / 2;
  if (before) box.scrollTop += lost;
  before = box.clientHeight;
  set(canvas, box.clientWidth, box.clientHeight);
  set(ruler, box.clientWidth, RULER);
  set(keys, KEYS, box.clientHeight);
  layOut();
  redraw();
}

// The size of the whole piece in pixels, for the scroll bars.
export function layOut() {
  if (!state.piece) return;
  size.style.width = `${Math.max(state.piece.end * view.perTick + 60, 1)}px`;
  size.style.height = `${128 * view.row}px`;
}

// Shows eight bars or so, and the pitches that occur.
export function fit() {
  const { piece } = state;
  const bars = Math.min(piece.bars.length, box.clientWidth < 600 ? 4 : 12);
  view.perTick = box.clientWidth / Math.max(piece.barStart(bars), 1);
  const pitches = clamp(piece.high - piece.low + 7, 24, 80);
  view.row = clamp(Math.floor(box.clientHeight / pitches), 5, 18);
  layOut();
  box.scrollLeft = 0;
  const middle = piece.notes.length ? (piece.low + piece.high) / 2 : 60;
  box.scrollTop = (127.5 - middle) * view.row - box.clientHeight / 2;
  redraw();
}

// Zooms around a place of the box.
export function zoom(factor, at = box.clientWidth / 2) {
  const tick = tickAt(at);
  const least = Math.min(box.clientWidth / Math.max(state.piece.end, 1), 0.02);
  view.perTick = clamp(view.perTick * factor, least, 2000 / state.piece.ticks);
  layOut();
  box.scrollLeft = tick * view.perTick - at;
  redraw();
}

export function zoomRows(factor) {
  const middle = pitchAt(box.clientHeight / 2);
  view.row = clamp(Math.round(view.row * factor), 4, 32);
  layOut();
  box.scrollTop = (127.5 - middle) * view.row - box.clientHeight / 2;
  redraw();
}

export const tickAt = (x) => (x + box.scrollLeft) / view.perTick;
export const pitchAt = (y) => 127 - Math.floor((y + box.scrollTop) / view.row);
export const xOf = (tick) => tick * view.perTick - box.scrollLeft;
export const yOf = (pitch) => (127 - pitch) * view.row - box.scrollTop;
export const width = () => box.clientWidth;

// Brings ticks into view.
export function reveal(from, to = from) {
  const left = from * view.perTick;
  const right = to * view.perTick;
  if (left < box.scrollLeft || right > box.scrollLeft + box.clientWidth) {
    box.scrollLeft = Math.max(left - box.clientWidth * 0.2, 0);
  }
}

export function setCursor(tick, follow = false) {
  cursorTick = tick;
  if (follow) {
    const x = xOf(tick);
    if (x > box.clientWidth - 40 || x < 0) box.scrollLeft = Math.max(tick * view.perTick - 60, 0);
  }
  redraw();
}

export const cursor = () => cursorTick;

// The topmost note at a place, and whether the place is its right edge.
export function noteAt(x, y) {
  const [tick, pitch] = [tickAt(x), pitchAt(y)];
  const slack = 3 / view.perTick;
  let found = null;
  state.piece.between(tick - slack, tick + slack, (note) => {
    if (note.pitch === pitch && (!found || note.on >= found.on)) found = note;
  });
  if (!found) return null;
  const edge = xOf(found.on + found.dur) - x;
  const wide = found.dur * view.perTick;
  return { note: found, edge: edge < Math.min(7, wide / 3) };
}

function colours() {
  const names = ["grid", "grid-bar", "row-black", "row-line", "text", "text-quiet", "surface", "surface-2", "accent",
    "accent-soft", "warning", "cursor", "key-white", "key-black"];
  palette = Object.fromEntries(names.map((name) => [name, colour(name)]));
  palette.tracks = Array.from({ length: TRACK_COLOURS }, (_, index) => colour(`track-${index}`));
  return palette;
}

export const trackColour = (index) => (palette || colours()).tracks[index % TRACK_COLOURS];

function draw() {
  const c = palette || colours();
  const context = canvas.getContext("2d");
  const [w, h] = [box.clientWidth, box.clientHeight];
  const from = tickAt(0);
  const to = tickAt(w);
  context.fillStyle = c.surface;
  context.fillRect(0, 0, w, h);
  drawRows(context, c, w, h);
  drawBars(context, c, from, to, h);
  drawSelection(context, c, h);
  drawNotes(context, c, from, to, h);
  drawOverlay(context, c, h);
  drawRuler(c, from, to, w);
  drawKeys(c, h);
}

function drawRows(context, c, w, h) {
  const top = pitchAt(0);
  const bottom = pitchAt(h);
  for (let pitch = top; pitch >= Math.max(bottom, 0); pitch--) {
    const y = yOf(pitch);
    if (BLACK.includes(pitch % 12)) {
      context.fillStyle = c["row-black"];
      context.fillRect(0, y, w, view.row);
    }
    if (pitch % 12 === 0) {
      context.fillStyle = c["row-line"];
      context.fillRect(0, Math.round(y + view.row) - 1, w, 1);
    }
  }
}

function drawBars(context, c, from, to, h) {
  const { piece } = state;
  const last = piece.barAt(to);
  for (let bar = piece.barAt(from); bar <= last; bar++) {
    const [start, end] = [piece.barStart(bar), piece.barEnd(bar)];
    const beat = piece.beat(bar);
    if (beat * view.perTick > 9) {
      context.fillStyle = c.grid;
      for (let tick = start + beat; tick < end - 1; tick += beat) context.fillRect(Math.round(xOf(tick)), 0, 1, h);
    }
    if ((end - start) * view.perTick > 3) {
      context.fillStyle = c["grid-bar"];
      context.fillRect(Math.round(xOf(start)), 0, 1, h);
    }
  }
  context.fillStyle = c["grid-bar"];
  context.fillRect(Math.round(xOf(piece.end)), 0, 2, h);
}

function drawSelection(context, c, h) {
  if (!state.bars) return;
  const [x, end] = [xOf(state.piece.barStart(state.bars[0])), xOf(state.piece.barEnd(state.bars[1]))];
  context.globalAlpha = 0.13;
  context.fillStyle = c.accent;
  context.fillRect(x, 0, end - x, h);
  context.globalAlpha = 1;
  context.fillRect(x, 0, 1, h);
  context.fillRect(end, 0, 1, h);
}

function drawNotes(context, c, from, to, h) {
  const { piece, notes, locked } = state;
  const row = view.row;
  const gap = row > 7 ? 1 : 0;
  const radius = row > 8 ? 2 : 0;
  const selected = [];
  piece.between(from, to, (note) => {
    const y = (127 - note.pitch) * row - box.scrollTop;
    if (y < -row || y > h) return;
    if (notes.has(note)) {
      selected.push(note);
      return;
    }
    const x = note.on * view.perTick - box.scrollLeft;
    const wide = Math.max(note.dur * view.perTick - 1, 2);
    const dim = !isHeard(note.track) ? 0.22 : overlay.changed && !overlay.changed.has(key(note)) ? 0.45 : 1;
    context.globalAlpha = dim * (0.55 + (0.45 * note.vel) / 127);
    context.fillStyle = trackColour(note.track);
    shape(context, x, y + gap, wide, row - 2 * gap, radius);
    if (locked.has(note.track) && row > 8 && wide > 8) {
      context.fillStyle = c.surface;
      context.fillRect(x + 2, y + row / 2 - 0.5, 5, 1);
    }
  });
  context.globalAlpha = 1;
  for (const note of selected) {
    const [x, y] = [xOf(note.on), yOf(note.pitch)];
    const wide = Math.max(note.dur * view.perTick - 1, 3);
    context.fillStyle = trackColour(note.track);
    shape(context, x, y + gap, wide, row - 2 * gap, radius);
    context.strokeStyle = c.text;
    context.lineWidth = 2;
    context.strokeRect(x, y + gap, wide, row - 2 * gap);
  }
}

export const key = (note) => `${note.on},${note.dur},${note.pitch}`;

function shape(context, x, y, wide, high, radius) {
  if (radius && wide > 5 && context.roundRect) {
    context.beginPath();
    context.roundRect(x, y, wide, high, radius);
    context.fill();
  } else {
    context.fillRect(x, y, wide, high);
  }
}

function drawOverlay(context, c, h) {
  if (overlay.ghost) {
    context.globalAlpha = 0.6;
    for (const note of overlay.ghost) {
      context.fillStyle = trackColour(note.track);
      shape(context, xOf(note.on), yOf(note.pitch) + 1, Math.max(note.dur * view.perTick - 1, 3), view.row - 2, 2);
    }
    context.globalAlpha = 1;
  }
  if (overlay.marquee) {
    const { x, y, wide, high } = overlay.marquee;
    context.strokeStyle = c.accent;
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, wide, high);
  }
  context.fillStyle = c.cursor;
  context.fillRect(Math.round(xOf(cursorTick)) - 1, 0, 2, h);
}

function drawRuler(c, from, to, w) {
  const { piece } = state;
  const context = ruler.getContext("2d");
  context.fillStyle = c["surface-2"];
  context.fillRect(0, 0, w, RULER);
  if (state.bars) {
    const [x, end] = [xOf(piece.barStart(state.bars[0])), xOf(piece.barEnd(state.bars[1]))];
    context.fillStyle = c["accent-soft"];
    context.fillRect(x, 0, end - x, RULER - 10);
  }
  drawFindings(context, c);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  const wide = (piece.barEnd(0) - piece.barStart(0)) * view.perTick;
  const every = [1, 2, 4, 8, 16, 32, 64, 128].find((step) => step * wide > 30) || 256;
  const last = piece.barAt(to);
  for (let bar = piece.barAt(from); bar <= last; bar++) {
    if (bar % every) continue;
    const x = Math.round(xOf(piece.barStart(bar)));
    context.fillStyle = c["grid-bar"];
    context.fillRect(x, 16, 1, RULER - 26);
    context.fillStyle = c.text;
    context.fillText(String(bar + 1), x + 5, 15);
    const metre = `${piece.bars[bar][1]}/${piece.bars[bar][2]}`;
    const before = bar > 0 ? `${piece.bars[bar - 1][1]}/${piece.bars[bar - 1][2]}` : "";
    if (metre !== before && wide * every > 56) {
      context.fillStyle = c["text-quiet"];
      context.fillText(metre, x + 11 + context.measureText(String(bar + 1)).width, 15);
    }
  }
  const x = xOf(cursorTick);
  context.fillStyle = c.cursor;
  context.beginPath();
  context.moveTo(x - 5, RULER - 17);
  context.lineTo(x + 5, RULER - 17);
  context.lineTo(x, RULER - 10);
  context.fill();
}

// The findings of the judge, below the bars that they are about.
function drawFindings(context, c) {
  const node = state.nodes.get(state.current);
  for (const finding of node?.judgement?.findings || []) {
    context.fillStyle = c.warning;
    for (const [first, end] of finding.bars) {
      const [x, right] = [xOf(state.piece.barStart(first)), xOf(state.piece.barStart(end))];
      context.fillRect(x + 1, RULER - 7, Math.max(right - x - 2, 3), 4);
    }
  }
}

function drawKeys(c, h) {
  const context = keys.getContext("2d");
  context.fillStyle = c["key-white"];
  context.fillRect(0, 0, KEYS, h);
  context.font = "10px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (let pitch = pitchAt(0); pitch >= Math.max(pitchAt(h), 0); pitch--) {
    const y = yOf(pitch);
    if (BLACK.includes(pitch % 12)) {
      context.fillStyle = c["key-black"];
      context.fillRect(0, y, KEYS * 0.6, view.row);
    } else if ([0, 5].includes(pitch % 12)) {
      context.fillStyle = c["grid-bar"];
      context.fillRect(0, Math.round(y + view.row) - 1, KEYS, 1);
    }
    if (pitch % 12 === 0 && view.row >= 5) {
      context.fillStyle = "#2c3340";
      context.fillText(pitchName(pitch), KEYS - 16, y + view.row / 2);
    }
    if (overlay.hover === pitch) {
      context.fillStyle = c.accent;
      context.fillRect(KEYS - 3, y, 3, view.row);
    }
  }
}

// Milliseconds that a picture takes, on average: for measurements.
export function timeOfDrawing(times) {
  const began = performance.now();
  for (let time = 0; time < times; time++) draw();
  return (performance.now() - began) / times;
}
