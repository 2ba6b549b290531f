// The keyboard: everything that the mouse does on the piano roll, and the transport everywhere.

import { $, say, plural } from "./dom.js";
import { state, selectBars, selectNotes } from "./state.js";
import * as roll from "./roll.js";
import * as edit from "./edit.js";
import * as transport from "./transport.js";
import { snap, newNote, setDrawing, isDrawing } from "./pointer.js";
import { undo, redo } from "./history.js";
import { pitchName } from "./piece.js";

export function start() {
  document.addEventListener("keydown", anywhere);
  $("#roll-box").addEventListener("keydown", onRoll);
  $("#help-button").addEventListener("click", () => $("#help").showModal());
}

const isTyping = (element) => element.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select");

function anywhere(event) {
  const control = event.ctrlKey || event.metaKey;
  if ($("dialog[open]") || isTyping(event.target)) return;
  if (control && !event.altKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    edit.saved().then(event.shiftKey ? redo : undo);
  } else if (control && event.key.toLowerCase() === "y") {
    event.preventDefault();
    edit.saved().then(redo);
  } else if (event.key === " " && !event.target.matches("button, a, summary, input")) {
    event.preventDefault();
    transport.toggle();
  } else if (event.key === "?" && !control) {
    $("#help").showModal();
  }
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function onRoll(event) {
  if (!state.piece) return;
  const control = event.ctrlKey || event.metaKey;
  const arrow = ARROWS[event.key];
  const handled = arrow ? arrows(event, arrow, control) : other(event, control);
  if (handled) event.preventDefault();
}

function arrows(event, [x, y], control) {
  const notes = [...state.notes].filter((note) => !state.locked.has(note.track));
  if (event.altKey && x) {
    if (notes.length) edit.stretchNotes(notes, x * snap(), snap());
  } else if (event.altKey) {
    if (notes.length) edit.louder(notes, 8 * y);
  } else if (control && x) {
    bars(x, false);
  } else if (event.shiftKey && x && !notes.length) {
    bars(x, true);
  } else if (notes.length) {
    edit.moveNotes(notes, x * snap(), y * (event.shiftKey ? 12 : 1));
    const [first] = state.notes;
    if (first) {
      transport.preview(first);
      roll.reveal(first.on, first.on + first.dur);
      say(`${plural(state.notes.size, "note")}, ${describe(first)}`);
    }
  } else if (x) {
    const tick = Math.min(Math.max(Math.round(roll.cursor() / snap() + x) * snap(), 0), state.piece.end);
    transport.seek(tick);
    say(where(tick));
  } else {
    return false;
  }
  return true;
}

// Moves the selected bars, or lets the selection grow and shrink.
function bars(x, grow) {
  const last = state.piece.bars.length - 1;
  const here = state.piece.barAt(Math.min(roll.cursor(), state.piece.end - 1));
  const [first, end] = state.bars || [here, grow ? here - Math.max(x, 0) : here - x];
  const fit = (bar) => Math.min(Math.max(bar, 0), last);
  if (grow) selectBars(first, Math.max(fit(end + x), first));
  else selectBars(fit(first + x), fit(end + x));
  const [from, to] = state.bars;
  roll.reveal(state.piece.barStart(from), state.piece.barEnd(to));
  transport.seek(state.piece.barStart(from));
  say(from === to ? `Bar ${from + 1} selected` : `Bars ${from + 1} to ${to + 1} selected`);
}

const where = (tick) => {
  const bar = state.piece.barAt(Math.min(tick, state.piece.end - 1));
  const beat = (tick - state.piece.barStart(bar)) / state.piece.ticks + 1;
  return `Bar ${bar + 1}, quarter ${Number(beat.toFixed(2))}`;
};

const describe = (note) => `${pitchName(note.pitch)}, ${where(note.on)}`;

function other(event, control) {
  const key = event.key.toLowerCase();
  if (control && key === "a") selectNotes(inBars());
  else if (control) return false;
  else if (key === "delete" || key === "backspace") {
    const notes = [...state.notes].filter((note) => !state.locked.has(note.track));
    if (notes.length) edit.removeNotes(notes);
  } else if (key === "escape") {
    if (state.notes.size) selectNotes([]);
    else selectBars(null);
  } else if (key === "enter") {
    const [like] = state.notes;
    const note = newNote(roll.cursor(), like ? like.pitch : 60);
    transport.preview(note);
    edit.addNote(note);
    transport.seek(note.on + note.dur);
    roll.reveal(note.on);
  } else if (key === "n" || key === "p") next(key === "n" ? 1 : -1);
  else if (key === "home") transport.seek(0);
  else if (key === "end") transport.seek(state.piece.end);
  else if (key === "+" || key === "=") roll.zoom(1.25);
  else if (key === "-") roll.zoom(0.8);
  else if (key === "0") roll.fit();
  else if (key === "d") setDrawing(!isDrawing());
  else if (key === "l") $("#loop").click();
  else return false;
  return true;
}

function inBars() {
  if (!state.bars) return state.piece.notes;
  const [from, to] = [state.piece.barStart(state.bars[0]), state.piece.barEnd(state.bars[1])];
  return state.piece.notes.filter((note) => note.on >= from && note.on < to);
}

// Goes from note to note.
function next(step) {
  const { notes } = state.piece;
  if (!notes.length) return;
  const [now] = state.notes;
  const after = notes.findIndex((note) => note.on >= roll.cursor());
  const place = now ? notes.indexOf(now) + step : Math.max(after, 0);
  const note = notes[Math.min(Math.max(place, 0), notes.length - 1)];
  selectNotes([note]);
  transport.preview(note);
  transport.seek(note.on);
  say(describe(note));
}
