// The mouse, the pen and fingers on the piano roll and its ruler.

import { $, clamp, setPressed } from "./dom.js";
import { state, on, selectBars, selectNotes } from "./state.js";
import * as roll from "./roll.js";
import * as edit from "./edit.js";
import { preview, seek } from "./transport.js";
import { pitchName } from "./piece.js";

let drag = null;
let drawing = false;

export function start() {
  const canvas = $("#roll");
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", cancel);
  canvas.addEventListener("dblclick", (event) => { if (!drawing) addAt(place(event)); });
  canvas.addEventListener("pointerleave", () => { roll.overlay.hover = null; roll.redraw(); });
  const ruler = $("#ruler");
  ruler.addEventListener("pointerdown", rulerDown);
  ruler.addEventListener("pointermove", rulerMove);
  ruler.addEventListener("pointerup", () => { drag = null; });
  $("#keys").addEventListener("pointerdown", (event) => {
    const pitch = roll.pitchAt(event.offsetY);
    preview({ pitch, vel: 80, channel: 0, program: state.piece?.tracks[target()]?.program || 0 }, 0.5);
  });
  $("#roll-box").addEventListener("wheel", wheel, { passive: false });
  $("#draw").addEventListener("click", () => setDrawing(!drawing));
  on("current", () => { drag = null; });
}

export function setDrawing(on) {
  drawing = on;
  setPressed($("#draw"), drawing);
  $("#roll-box").classList.toggle("is-drawing", drawing);
}

export const isDrawing = () => drawing;

// The grid that notes go to, in ticks.
export function snap() {
  const value = Number($("#snap").value);
  return value ? (state.piece.ticks * 4) / value : 1;
}

const snapped = (tick) => Math.max(Math.round(tick / snap()) * snap(), 0);

function place(event) {
  const { left, top } = $("#roll").getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

// The track of new notes: that of the selection, or the first that is not locked.
export function target() {
  const [note] = state.notes;
  if (note) return note.track;
  const free = state.piece.tracks.findIndex((_, index) => !state.locked.has(index));
  return Math.max(free, 0);
}

export function newNote(tick, pitch) {
  const track = target();
  const like = state.piece.tracks[track] || { channel: 0, program: 0 };
  const on = Math.floor(tick / snap() + 0.001) * snap();
  const least = state.piece.ticks / 4;
  return { track, on: Math.max(Math.round(on), 0), dur: Math.max(Math.round(snap()), least), pitch, vel: 80, channel: like.channel, program: like.program };
}

function addAt({ x, y }) {
  if (roll.noteAt(x, y)) return;
  const note = newNote(roll.tickAt(x), roll.pitchAt(y));
  preview(note);
  edit.addNote(note);
}

const unlocked = (notes) => [...notes].filter((note) => !state.locked.has(note.track));

function down(event) {
  if (event.button !== 0 || !state.piece) return;
  $("#roll-box").focus({ preventScroll: true });
  const at = place(event);
  const hit = roll.noteAt(at.x, at.y);
  // A finger scrolls, unless it draws or holds a note.
  if (event.pointerType === "touch" && !hit && !drawing) return;
  $("#roll").setPointerCapture(event.pointerId);
  if (hit) {
    const { note } = hit;
    if (event.shiftKey) {
      const notes = new Set(state.notes);
      if (!notes.delete(note)) notes.add(note);
      selectNotes(notes);
    } else if (!state.notes.has(note)) {
      selectNotes([note]);
    }
    preview(note);
    const notes = unlocked(state.notes);
    if (notes.length) drag = { kind: hit.edge ? "stretch" : "move", at, notes, note, ticks: 0, semitones: 0 };
  } else if (drawing) {
    const note = newNote(roll.tickAt(at.x), roll.pitchAt(at.y));
    preview(note);
    drag = { kind: "draw", at, note };
    roll.overlay.ghost = [note];
    roll.redraw();
  } else {
    drag = { kind: "marquee", at, add: event.shiftKey };
  }
}

function move(event) {
  const at = place(event);
  if (!drag) {
    hover(at);
    return;
  }
  const ticks = (at.x - drag.at.x) / roll.view.perTick;
  if (drag.kind === "move") {
    const step = snapped(drag.note.on + ticks) - drag.note.on;
    const semitones = Math.round((drag.at.y - at.y) / roll.view.row);
    const wanted = Math.abs(at.x - drag.at.x) < 4 ? 0 : step;
    if (!edit.canMove(drag.notes, wanted, semitones)) return;
    if (semitones !== drag.semitones) preview({ ...drag.note, pitch: drag.note.pitch + semitones });
    [drag.ticks, drag.semitones] = [wanted, semitones];
    roll.overlay.ghost = edit.moved(drag.notes, wanted, semitones);
  } else if (drag.kind === "stretch") {
    drag.ticks = snapped(drag.note.on + drag.note.dur + ticks) - drag.note.on - drag.note.dur;
    roll.overlay.ghost = edit.stretched(drag.notes, drag.ticks, snap());
  } else if (drag.kind === "draw") {
    const end = Math.ceil(roll.tickAt(at.x) / snap()) * snap();
    drag.note.dur = Math.max(Math.round(end - drag.note.on), Math.round(snap()), 1);
  } else {
    const [x, y] = [Math.min(at.x, drag.at.x), Math.min(at.y, drag.at.y)];
    roll.overlay.marquee = { x, y, wide: Math.abs(at.x - drag.at.x), high: Math.abs(at.y - drag.at.y) };
  }
  roll.redraw();
}

function hover(at) {
  const pitch = clamp(roll.pitchAt(at.y), 0, 127);
  const hit = roll.noteAt(at.x, at.y);
  $("#roll").style.cursor = hit ? (hit.edge ? "ew-resize" : "grab") : drawing ? "crosshair" : "default";
  if (pitch !== roll.overlay.hover) {
    roll.overlay.hover = pitch;
    $("#pointer").textContent = pitchName(pitch);
    roll.redraw();
  }
}

function up(event) {
  if (!drag) {
    // A tap without a drag puts the cursor there.
    return;
  }
  const done = drag;
  cancel();
  if (done.kind === "move") edit.moveNotes(done.notes, done.ticks, done.semitones);
  else if (done.kind === "stretch") edit.stretchNotes(done.notes, done.ticks, snap());
  else if (done.kind === "draw") edit.addNote(done.note);
  else finishMarquee(done, place(event));
}

function finishMarquee(done, at) {
  if (Math.abs(at.x - done.at.x) < 4 && Math.abs(at.y - done.at.y) < 4) {
    selectNotes([]);
    seek(snapped(roll.tickAt(at.x)));
    return;
  }
  const [from, to] = [roll.tickAt(Math.min(at.x, done.at.x)), roll.tickAt(Math.max(at.x, done.at.x))];
  const [high, low] = [roll.pitchAt(Math.min(at.y, done.at.y)), roll.pitchAt(Math.max(at.y, done.at.y))];
  const found = done.add ? new Set(state.notes) : new Set();
  state.piece.between(from, to, (note) => { if (note.pitch >= low && note.pitch <= high) found.add(note); });
  selectNotes(found);
}

function cancel() {
  drag = null;
  roll.overlay.ghost = null;
  roll.overlay.marquee = null;
  roll.redraw();
}

function rulerDown(event) {
  if (!state.piece) return;
  event.currentTarget.setPointerCapture(event.pointerId);
  const bar = state.piece.barAt(clamp(roll.tickAt(event.offsetX), 0, state.piece.end - 1));
  const from = event.shiftKey && state.bars ? state.bars[0] : bar;
  drag = { kind: "bars", from };
  const alone = state.bars && state.bars[0] === bar && state.bars[1] === bar && !event.shiftKey;
  if (alone) {
    selectBars(null);
    drag = null;
  } else {
    selectBars(from, bar);
  }
  seek(state.piece.barStart(Math.min(from, bar)));
}

function rulerMove(event) {
  if (drag?.kind !== "bars") return;
  const { left } = event.currentTarget.getBoundingClientRect();
  const tick = roll.tickAt(event.clientX - left);
  selectBars(drag.from, state.piece.barAt(clamp(tick, 0, state.piece.end - 1)));
}

function wheel(event) {
  if (!event.ctrlKey && !event.metaKey && !event.altKey) return;
  event.preventDefault();
  const factor = Math.exp(-event.deltaY / 300);
  if (event.altKey) roll.zoomRows(factor);
  else roll.zoom(factor, place(event).x);
}
