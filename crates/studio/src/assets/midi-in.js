// A MIDI keyboard: what is played sounds at once; a phrase that has ended becomes a piece, which a model continues in time.

import { $, complain, say, setPressed } from "./dom.js";
import { Piece } from "./piece.js";
import { state, on, show, remember, emit } from "./state.js";
import * as api from "./api.js";
import * as sound from "./sound.js";
import * as transport from "./transport.js";
import { ask } from "./make.js";

const TICKS = 480;
const QPM = 100;
const PAUSE = 700; // milliseconds without a note after which a phrase has ended
const BARS = 4; // that the model adds

let access = null;
let sounding = new Map(); // pitch → note
let phrase = [];
let began = 0;
let timer = 0;
let answer = null; // { ended, heard, end: the end of the phrase in ticks }

export function start() {
  const button = $("#midi");
  if (!navigator.requestMIDIAccess) {
    button.hidden = true;
    return;
  }
  setPressed(button, false);
  button.addEventListener("click", () => (access ? close() : open()).catch(complain));
  on("draft", onDraft);
}

async function open() {
  try {
    access = await navigator.requestMIDIAccess();
  } catch {
    throw new Error("The browser gives no MIDI keyboard: allow it for this page.");
  }
  const listen = () => { for (const input of access.inputs.values()) input.onmidimessage = ({ data }) => receive(data, performance.now(), input.name); };
  listen();
  access.onstatechange = listen;
  setPressed($("#midi"), true);
  const names = [...access.inputs.values()].map((input) => input.name);
  say(names.length ? `Play a phrase on ${names.join(", ")}: it is continued when you pause.` : "Connect a MIDI keyboard and play a phrase: it is continued when you pause.");
}

async function close() {
  for (const input of access.inputs.values()) input.onmidimessage = null;
  access = null;
  setPressed($("#midi"), false);
}

// A message of the keyboard `from`; also called by tests.
export function receive([status, pitch, velocity], now = performance.now(), from = null) {
  const isOn = (status & 0xf0) === 0x90 && velocity > 0;
  const isOff = (status & 0xf0) === 0x80 || ((status & 0xf0) === 0x90 && velocity === 0);
  if (!isOn && !isOff) return;
  clearTimeout(timer);
  if (isOn) {
    if (!phrase.length) {
      began = now;
      transport.stop();
    }
    const note = { on: now, dur: 0, pitch, vel: velocity };
    // A piano that is played with, and that plays what is written, sounds by itself.
    if (from === null || from !== sound.instrumentName()) transport.preview({ ...note, channel: 0, program: 0 }, 0.6);
    sounding.set(pitch, note);
    phrase.push(note);
  } else if (sounding.has(pitch)) {
    sounding.get(pitch).dur = now - sounding.get(pitch).on;
    sounding.delete(pitch);
  }
  if (!sounding.size) timer = setTimeout(() => finish().catch(complain), PAUSE);
}

// Milliseconds as ticks at the tempo of the phrase.
const ticks = (time) => Math.round((time * QPM * TICKS) / 60000);

async function finish() {
  const played = phrase;
  [phrase, sounding] = [[], new Map()];
  if (played.length < 2) return;
  const ended = performance.now();
  const notes = played.map(({ on, dur, pitch, vel }) => [ticks(on - began), Math.max(ticks(dur), 60), pitch, vel, 0, 0]);
  const { node, music } = await api.post("/api/new", { what: `Played ${played.length} notes`, qpm: QPM, numerator: 4, denominator: 4, notes });
  state.nodes.set(node.id, node);
  const models = state.models.filter((model) => model.task === "compose" && model.frames);
  const model = models.find(({ name }) => name === $("#model").value) || models.find(({ name }) => name === "piano") || models[0];
  const seed = Math.floor(Number($("#seed").value)) || 1;
  const operation = { kind: "continue", model: model.name, bars: BARS, steering: {}, seed };
  if (music) remember(node.id, new Piece(music));
  answer = { ended, heard: false, end: Math.max(...notes.map(([at, length]) => at + length)) };
  emit("nodes");
  await Promise.all([show(node.id, true), ask(node.id, operation, 1)]);
}

// The first notes of the answer are there: they are played from the end of the phrase on, and what follows as it comes.
function onDraft({ job, piece }) {
  if (!answer || answer.heard || job !== state.job || !piece) return;
  const next = piece.notes.find((note) => note.on * TICKS >= answer.end * piece.ticks);
  if (!next) return;
  answer.heard = true;
  transport.play(piece, next.on, 0.01);
  window.studioMeasures = { ...window.studioMeasures, answer: performance.now() - answer.ended };
  say("Continuing");
}
