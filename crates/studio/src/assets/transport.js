// Plays the piece that is shown, or a candidate, with Web Audio: cursor, loop, mute and solo while it plays.

import { $, setPressed, icon, replace } from "./dom.js";
import { state, on, isHeard } from "./state.js";
import * as roll from "./roll.js";

// The synthesiser of the report pages: plays one note at a time of the audio clock.
const synthesiser = () => window.composerPlayer;
const DRUMS = 128;
const TAIL = 0.4;

let context = null;
let master = null;
let playing = null; // { piece, from, began, next, outs, timer, loop }
let looping = false;

export function start() {
  $("#play").addEventListener("click", toggle);
  $("#to-start").addEventListener("click", () => seek(0));
  $("#loop").addEventListener("click", () => { looping = !looping; setPressed($("#loop"), looping); restart(); });
  $("#volume").addEventListener("input", () => { if (master) master.gain.value = volume(); });
  on("tracks", mix);
  on("piece", follow);
  showTime(0);
}

const volume = () => Number($("#volume").value) ** 2;

function audio() {
  if (!context) {
    context = new AudioContext({ latencyHint: "interactive" });
    const limiter = context.createDynamicsCompressor();
    master = context.createGain();
    master.gain.value = volume();
    limiter.connect(master).connect(context.destination);
    context.studioOut = limiter;
  }
  context.resume();
  return context;
}

export const isPlaying = () => playing !== null;

export function toggle() {
  if (playing) stop();
  else play(state.piece, roll.cursor());
}

// The ticks between which a loop goes, or null.
function loopOf(piece) {
  if (!looping) return null;
  if (state.bars) return [piece.barStart(state.bars[0]), piece.barEnd(state.bars[1])];
  return [0, piece.end];
}

// Plays from a tick on; `delay` is the time until the first note, in seconds.
export function play(piece, fromTick = 0, delay = 0.06) {
  stop();
  if (!piece) return;
  audio();
  const loop = loopOf(piece);
  let from = fromTick >= piece.end - 1 ? 0 : fromTick;
  if (loop && (from < loop[0] || from >= loop[1])) from = loop[0];
  playing = { piece, loop, outs: new Map() };
  begin(from, context.currentTime + delay);
  playing.timer = setInterval(ahead, 25);
  ahead();
  requestAnimationFrame(frame);
  showPlaying();
}

// Sets the clock: from `tick` on at the time `at` of the audio clock.
function begin(tick, at) {
  playing.zero = at - playing.piece.seconds(tick);
  playing.next = playing.piece.notes.findIndex((note) => note.on >= tick - 0.5);
  if (playing.next < 0) playing.next = playing.piece.notes.length;
}

function outOf(track) {
  let out = playing.outs.get(track);
  if (!out) {
    out = context.createGain();
    out.gain.value = isHeard(track) ? 1 : 0;
    out.connect(context.studioOut);
    playing.outs.set(track, out);
  }
  return out;
}

// Hands the notes of the next moments to the audio clock.
function ahead() {
  if (!playing) return;
  const { piece, loop } = playing;
  // A page in the background is woken once a second.
  const until = context.currentTime + (document.hidden ? 2.5 : 0.2);
  const end = loop ? loop[1] : Infinity;
  for (;;) {
    const note = piece.notes[playing.next];
    if (note && note.on < end) {
      const at = playing.zero + piece.seconds(note.on);
      if (at > until) break;
      sound(note, Math.max(at, context.currentTime));
      playing.next++;
      continue;
    }
    const seam = playing.zero + piece.seconds(Math.min(end, piece.end));
    if (!loop || seam > until) break;
    begin(loop[0], seam);
  }
}

function sound(note, at) {
  const { piece } = playing;
  const end = playing.loop ? Math.min(note.on + note.dur, playing.loop[1]) : note.on + note.dur;
  const duration = piece.seconds(end) - piece.seconds(note.on);
  voice(note, at, duration, outOf(note.track));
}

function voice(note, at, duration, out) {
  const program = note.channel === 9 ? DRUMS : note.program;
  synthesiser().schedule(context, { pitch: note.pitch, velocity: note.vel, program, duration }, at, out);
}

// A note that was just made or touched.
export function preview(note, duration = 0.25) {
  audio();
  voice(note, context.currentTime, duration, context.studioOut);
}

export function stop() {
  if (!playing) return;
  clearInterval(playing.timer);
  for (const out of playing.outs.values()) {
    out.gain.setTargetAtTime(0, context.currentTime, 0.015);
    setTimeout(() => out.disconnect(), 300);
  }
  playing = null;
  showPlaying();
}

function frame() {
  if (!playing) return;
  const { piece } = playing;
  const tick = positionTick();
  if (!playing.loop && context.currentTime > playing.zero + piece.seconds(piece.end) + TAIL) {
    stop();
    roll.setCursor(0, true);
    showTime(0);
    return;
  }
  if (piece === state.piece) roll.setCursor(Math.min(tick, piece.end), true);
  showTime(tick);
  requestAnimationFrame(frame);
}

function positionTick() {
  const { piece, loop } = playing;
  let seconds = context.currentTime - playing.zero;
  // Notes of the next round are scheduled before this one has ended.
  if (loop && seconds < piece.seconds(loop[0])) seconds += piece.seconds(loop[1]) - piece.seconds(loop[0]);
  return Math.max(piece.tickAt(Math.max(seconds, 0)), 0);
}

// Seconds of audio that the system holds back, for measurements.
export const latency = () => (context ? context.baseLatency + (context.outputLatency || 0) : 0);

export function seek(tick) {
  const was = playing;
  if (was) stop();
  roll.setCursor(tick);
  roll.reveal(tick);
  showTime(tick);
  if (was) play(state.piece, tick);
}

function restart() {
  if (playing) play(playing.piece, positionTick());
}

function mix() {
  if (!playing) return;
  for (const [track, out] of playing.outs) {
    out.gain.setTargetAtTime(isHeard(track) ? 1 : 0, context.currentTime, 0.015);
  }
}

// The piece that plays was changed: what is not handed to the clock yet comes from the new one.
function follow() {
  if (!playing || !state.piece || playing.piece === state.piece) return;
  const tick = positionTick();
  if (tick >= state.piece.end) stop();
  else {
    const at = playing.zero + playing.piece.seconds(tick);
    playing.piece = state.piece;
    playing.loop = loopOf(state.piece);
    const ahead = context.currentTime + 0.2 - at;
    begin(tick, at);
    const from = state.piece.tickAt(state.piece.seconds(tick) + Math.max(ahead, 0));
    playing.next = state.piece.notes.findIndex((note) => note.on >= from);
    if (playing.next < 0) playing.next = state.piece.notes.length;
  }
}

// Music that is still being written is heard as it comes.
export function extend(before, piece) {
  if (playing && playing.piece === before) {
    playing.piece = piece;
    const last = before.notes[playing.next - 1];
    playing.next = last ? piece.notes.filter((note) => note.on <= last.on).length : 0;
  }
}

function showPlaying() {
  const button = $("#play");
  replace(button, icon(playing ? "pause" : "play"));
  button.setAttribute("aria-label", playing ? "Pause" : "Play");
  document.body.classList.toggle("is-playing", playing !== null);
}

function showTime(tick) {
  const piece = playing?.piece || state.piece;
  if (!piece) return;
  const bar = piece.barAt(Math.min(tick, piece.end - 1));
  const [, , denominator] = piece.bars[bar];
  const beat = Math.floor((tick - piece.barStart(bar)) / ((piece.ticks * 4) / denominator)) + 1;
  const seconds = piece.seconds(tick);
  const clock = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  $("#time").textContent = `${bar + 1}.${Math.max(beat, 1)}  ${clock}`;
}
