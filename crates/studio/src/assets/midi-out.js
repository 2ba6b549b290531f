// MIDI instruments by Web MIDI: notes with their times, and silence at once.

const ALL_NOTES_OFF = 123;
const SUSTAIN = 64;
const GAP = 1; // Milliseconds between the end of a note and the next of its pitch.

let access = null;
let changed = () => {};
let programs = new Map(); // by output and channel
let used = new Set(); // channels
let pending = new Map(); // notes that may sound: by output, channel and pitch, until when, and of which track
let last = 0; // the latest time that was handed over

export function onChange(listener) {
  changed = listener;
}

export async function open() {
  try {
    access = await navigator.requestMIDIAccess();
  } catch {
    throw new Error("The browser gives no MIDI instruments: allow MIDI for this page.");
  }
  access.onstatechange = changed;
  if (!outputs().length) throw new Error("No MIDI instrument is connected: connect one, and choose it here.");
}

const usable = (port) => port.state !== "disconnected";

export const outputs = () => (access ? [...access.outputs.values()].filter(usable).map(({ id, name }) => ({ id, name: name || "MIDI instrument" })) : []);

export const nameOf = (id) => outputs().find((output) => output.id === id)?.name || "a MIDI instrument";

const port = (id) => access?.outputs.get(id);

function send(id, message, time) {
  try {
    port(id)?.send(message, time);
    last = Math.max(last, time);
  } catch { /* The instrument was unplugged: what plays goes on silently. */ }
}

// A note from `at` on, in milliseconds of performance.now(), and its program where that changes.
export function note(id, { pitch, vel, channel, program, track }, at, duration) {
  const place = `${id} ${channel}`;
  used.add(channel);
  if (channel !== 9 && programs.get(place) !== program) {
    programs.set(place, program);
    send(id, [0xc0 | channel, program], at);
  }
  send(id, [0x90 | channel, pitch, vel], at);
  const end = Math.max(at + duration - GAP, at + GAP);
  send(id, [0x80 | channel, pitch, 0], end);
  pending.set(`${place} ${pitch}`, { id, channel, pitch, track, end });
  const now = performance.now();
  for (const [key, sounding] of pending) if (sounding.end < now) pending.delete(key);
}

// The pedal of a channel.
export function pedal(id, channel, value, at) {
  used.add(channel);
  send(id, [0xb0 | channel, SUSTAIN, value], at);
}

// Ends the notes of some tracks now, and those that were handed over for later as they come: messages cannot be taken back everywhere.
export function silence(id, tracks = () => true) {
  port(id)?.clear?.();
  const now = performance.now();
  for (const [key, sounding] of pending) {
    if (sounding.id !== id || !tracks(sounding.track)) continue;
    const off = [0x80 | sounding.channel, sounding.pitch, 0];
    send(id, off, now);
    send(id, off, Math.max(last, now) + GAP);
    pending.delete(key);
  }
}

// Ends everything: all notes, and the pedals.
export function stop(id) {
  const now = performance.now();
  const later = Math.max(last, now) + GAP;
  silence(id);
  for (const channel of used) {
    for (const time of [now, later]) {
      send(id, [0xb0 | channel, SUSTAIN, 0], time);
      send(id, [0xb0 | channel, ALL_NOTES_OFF, 0], time);
    }
  }
  // Another piece may have changed the programs meanwhile.
  programs = new Map();
  used = new Set();
  last = 0;
}
