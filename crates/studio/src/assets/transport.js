// Plays the piece that is shown, a candidate or a sample: cursor, loop, mute and solo while it plays. Notes are handed to the synthesiser of
// the page or to a MIDI instrument a moment ahead; of a SoundFont, the server gives the sound of the whole piece. All go by the audio clock.

import { $, setPressed, icon, replace, complain, say } from "./dom.js";
import { state, on, emit, isHeard } from "./state.js";
import * as roll from "./roll.js";
import * as sounds from "./sound.js";
import * as midi from "./midi-out.js";

// The synthesiser of the report pages: plays one note at a time of the audio clock.
const synthesiser = () => window.composerPlayer;
const DRUMS = 128;
const TAIL = 0.4;
// Seconds ahead that notes are handed over; what a MIDI instrument has got cannot be taken back. A page in the background is woken once a second.
const AHEAD = 0.2;
const AHEAD_MIDI = 0.08;
const AHEAD_HIDDEN = 2.5;
const MOST_APART = 25;
const SILENT = 3000; // milliseconds after which a browser that plays nothing is complained of

let context = null;
let master = null;
let playing = null; // { piece, zero, next, outs, timer, loop, instrument, buffer, source }
let pending = null; // a piece whose sound is not there yet
let looping = false;

export function start() {
  $("#play").addEventListener("click", toggle);
  $("#to-start").addEventListener("click", () => seek(0));
  $("#loop").addEventListener("click", () => { looping = !looping; setPressed($("#loop"), looping); restart(); });
  $("#volume").addEventListener("input", () => { if (master) master.gain.value = volume(); });
  on("tracks", mix);
  on("piece", follow);
  on("sound", restart);
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
  if (playing || pending) stop();
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
  setTimeout(() => {
    if ((playing || pending) && context.state !== "running") complain("The browser plays no sound: is there a sound device, and may this page use it?");
  }, SILENT);
  // The clock of the first note must run before the note is sent.
  const clock = sounds.instrument() !== null && context.state !== "running" ? context.resume().then(() => null) : null;
  const sound = sounds.rendered(piece, context) || clock;
  if (!sound) {
    launch(piece, fromTick, delay, null);
    return;
  }
  const mine = { piece };
  pending = mine;
  const slow = setTimeout(() => say("Preparing the sound…"), 300);
  showPlaying();
  sound.then((buffer) => {
    if (pending !== mine) return;
    pending = null;
    say("");
    launch(buffer ? state.piece : piece, fromTick, delay, buffer);
  }, (error) => {
    if (pending !== mine) return;
    pending = null;
    showPlaying();
    complain(error);
  }).finally(() => clearTimeout(slow));
}

function launch(piece, fromTick, delay, buffer) {
  const loop = loopOf(piece);
  let from = fromTick >= piece.end - 1 ? 0 : fromTick;
  if (loop && (from < loop[0] || from >= loop[1])) from = loop[0];
  playing = { piece, loop, buffer, outs: new Map(), instrument: buffer ? null : sounds.instrument() };
  begin(from, context.currentTime + delay);
  playing.timer = setInterval(ahead, 25);
  ahead();
  requestAnimationFrame(frame);
  showPlaying();
}

// Sets the clock: from `tick` on at the time `at` of the audio clock.
function begin(tick, at) {
  const { piece, buffer, instrument } = playing;
  playing.zero = at - piece.seconds(tick);
  playing.next = piece.notes.findIndex((note) => note.on >= tick - 0.5);
  if (playing.next < 0) playing.next = piece.notes.length;
  if (buffer) sourceFrom(tick, at);
  if (instrument) {
    const held = new Map();
    playing.nextPedal = piece.pedals.findIndex(([on, channel, value]) => {
      if (on < tick) held.set(channel, value);
      return on >= tick;
    });
    if (playing.nextPedal < 0) playing.nextPedal = piece.pedals.length;
    for (const [channel, value] of held) midi.pedal(instrument, channel, value, milliseconds(at));
  }
}

let apart = NaN; // of performance.now() and the audio clock, in milliseconds

// A time of the audio clock as one of performance.now(). Each of them is read in steps of some milliseconds, so that the distance is kept until it
// is clearly another one: notes that begin together are sent with one time.
function milliseconds(at) {
  const now = performance.now() - context.currentTime * 1000;
  if (!(Math.abs(now - apart) < MOST_APART)) apart = now;
  return apart + at * 1000;
}

// The sound of the piece from a tick on; the one before ends where this one begins.
function sourceFrom(tick, at) {
  playing.source?.stop(at);
  const source = context.createBufferSource();
  source.buffer = playing.buffer;
  source.connect(outOf("all"));
  source.start(at, Math.min(playing.piece.seconds(tick), playing.buffer.duration));
  playing.source = source;
}

function outOf(track) {
  let out = playing.outs.get(track);
  if (!out) {
    out = context.createGain();
    out.gain.value = track === "all" || isHeard(track) ? 1 : 0;
    out.connect(context.studioOut);
    playing.outs.set(track, out);
  }
  return out;
}

// Hands the notes of the next moments to the audio clock.
function ahead() {
  if (!playing) return;
  const { piece, loop, instrument, buffer } = playing;
  const until = context.currentTime + (document.hidden ? AHEAD_HIDDEN : instrument ? AHEAD_MIDI : AHEAD);
  const end = loop ? loop[1] : Infinity;
  for (;;) {
    const note = piece.notes[playing.next];
    if (note && note.on < end && !buffer) {
      const at = playing.zero + piece.seconds(note.on);
      if (at > until) break;
      pedalsUntil(note.on);
      sound(note, Math.max(at, context.currentTime));
      playing.next++;
      continue;
    }
    const seam = playing.zero + piece.seconds(Math.min(end, piece.end));
    if (!loop || seam > until) {
      pedalsUntil(piece.tickAt(Math.max(until - playing.zero, 0)));
      break;
    }
    pedalsUntil(end);
    begin(loop[0], seam);
  }
}

// Hands pedals over that come before or at a tick.
function pedalsUntil(tick) {
  const { piece, instrument, loop } = playing;
  if (!instrument) return;
  for (; playing.nextPedal < piece.pedals.length; playing.nextPedal++) {
    const [on, channel, value] = piece.pedals[playing.nextPedal];
    if (on > tick || (loop && on >= loop[1])) break;
    midi.pedal(instrument, channel, value, milliseconds(playing.zero + piece.seconds(on)));
  }
}

function sound(note, at) {
  const { piece } = playing;
  const end = playing.loop ? Math.min(note.on + note.dur, playing.loop[1]) : note.on + note.dur;
  const duration = piece.seconds(end) - piece.seconds(note.on);
  if (playing.instrument) {
    if (isHeard(note.track)) midi.note(playing.instrument, note, milliseconds(at), duration * 1000);
  } else voice(note, at, duration, outOf(note.track));
}

function voice(note, at, duration, out) {
  const program = note.channel === 9 ? DRUMS : note.program;
  synthesiser().schedule(context, { pitch: note.pitch, velocity: note.vel, program, duration }, at, out);
}

// A note that was just made or touched.
export function preview(note, duration = 0.25) {
  audio();
  const instrument = sounds.instrument();
  if (instrument) {
    midi.note(instrument, note, performance.now(), duration * 1000);
    return;
  }
  voice(note, context.currentTime, duration, context.studioOut);
}

export function stop() {
  if (pending) {
    pending = null;
    say("");
    showPlaying();
  }
  if (!playing) return;
  clearInterval(playing.timer);
  if (playing.instrument) midi.stop(playing.instrument);
  const { source } = playing;
  source?.stop(context.currentTime + 0.2);
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
    if (piece === state.piece) roll.setCursor(0, true);
    showTime(0);
    return;
  }
  if (piece === state.piece) roll.setCursor(Math.min(tick, piece.end), true);
  showTime(tick);
  emit("time", { piece, share: Math.min(tick / piece.end, 1) });
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
  else if (pending) play(pending.piece, roll.cursor());
}

function mix() {
  if (!playing) return;
  if (playing.instrument) midi.silence(playing.instrument, (track) => !isHeard(track));
  if (playing.buffer) {
    exchange();
    return;
  }
  for (const [track, out] of playing.outs) {
    out.gain.setTargetAtTime(isHeard(track) ? 1 : 0, context.currentTime, 0.015);
  }
}

// The sound of the piece was made anew: it goes on with that, and until then with the old one.
function exchange() {
  const mine = playing;
  sounds.rendered(state.piece, context)?.then((buffer) => {
    if (playing !== mine) return;
    const tick = positionTick();
    if (tick >= state.piece.end) {
      stop();
      return;
    }
    Object.assign(playing, { buffer, piece: state.piece, loop: loopOf(state.piece) });
    begin(tick, context.currentTime + 0.01);
  }, complain);
}

// The piece that plays was changed: what is not handed to the clock yet comes from the new one.
function follow() {
  if (!playing || !state.piece || playing.piece === state.piece) return;
  if (playing.buffer) {
    exchange();
    return;
  }
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
  const busy = playing || pending;
  replace(button, icon(busy ? "pause" : "play"));
  button.setAttribute("aria-label", busy ? "Pause" : "Play");
  document.body.classList.toggle("is-playing", playing !== null);
  document.body.classList.toggle("is-preparing", pending !== null);
  emit("playing", { piece: playing?.piece || pending?.piece || null });
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
