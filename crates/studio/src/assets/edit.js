// Notes changed by hand. A change is shown at once and sent to the server in turn; each is a piece of its own in the history.

import { complain, plural, say } from "./dom.js";
import { placed, sameNote, Piece } from "./piece.js";
import { state, setPiece, selectNotes, remember, emit } from "./state.js";
import * as api from "./api.js";

let queue = Promise.resolve();
let waiting = 0;

export const isSaving = () => waiting > 0;

// Replaces notes by others. `what` says it in a few words; the new notes are selected.
export function change(what, gone, come, select = come) {
  if (!gone.length && !come.length) return;
  const before = state.piece;
  const removed = new Set(gone);
  const piece = before.withNotes([...before.notes.filter((note) => !removed.has(note)), ...come]);
  setPiece(piece);
  selectNotes(select);
  say(what);
  send(what, gone.map(placed), come.map(placed), piece);
}

function send(what, remove, add, piece) {
  // Changes are sent one after the other: each is made to what the one before has left.
  waiting++;
  queue = queue.then(async () => {
    try {
      const id = state.current;
      const answer = id === null
        ? await api.post("/api/new", { what, qpm: 100, numerator: 4, denominator: 4, notes: add.map(({ note }) => note) })
        : await api.post(`/api/nodes/${id}/edit`, { what, remove, add });
      const node = answer.node;
      if (id !== null && !state.nodes.get(id).kept) api.post(`/api/nodes/${id}/keep`).catch(() => {});
      state.nodes.set(node.id, node);
      remember(node.id, answer.music ? new Piece(answer.music) : piece);
      if (state.current === id) {
        state.current = node.id;
        if (answer.music && waiting === 1) setPiece(new Piece(answer.music));
      }
      emit("nodes");
      emit("current");
    } catch (error) {
      complain(error);
      emit("rejected");
    } finally {
      waiting--;
    }
  });
  return queue;
}

// Waits until everything is on the server's disk.
export const saved = () => queue;

const count = (notes) => plural(notes.length, "note");

export function removeNotes(notes) {
  change(`Deleted ${count(notes)}`, notes, []);
}

export function addNote(note) {
  change("Added a note", [], [note]);
}

// Moves notes by ticks and semitones, as far as that is possible for all of them.
export function moveNotes(notes, ticks, semitones) {
  if (!canMove(notes, ticks, semitones) || (!ticks && !semitones)) return;
  change(`Moved ${count(notes)}`, notes, moved(notes, ticks, semitones));
}

export const canMove = (notes, ticks, semitones) =>
  notes.every((note) => note.on + ticks >= 0 && note.pitch + semitones >= 0 && note.pitch + semitones <= 127);

export const moved = (notes, ticks, semitones) =>
  notes.map((note) => ({ ...note, on: note.on + ticks, pitch: note.pitch + semitones }));

export const stretched = (notes, ticks, least) =>
  notes.map((note) => ({ ...note, dur: Math.max(note.dur + ticks, Math.min(note.dur, least)) }));

export function stretchNotes(notes, ticks, least) {
  const come = stretched(notes, ticks, least);
  if (come.every((note, place) => sameNote(note, notes[place]))) return;
  change(`${ticks > 0 ? "Lengthened" : "Shortened"} ${count(notes)}`, notes, come);
}

export function louder(notes, by) {
  const come = notes.map((note) => ({ ...note, vel: Math.min(Math.max(note.vel + by, 1), 127) }));
  change(`${by > 0 ? "Louder" : "Softer"}: ${count(notes)}`, notes, come);
}
