// With what pieces are played: the synthesiser of the page, a SoundFont that the server renders them with, or a MIDI instrument.

import { $, h, replace, complain, say } from "./dom.js";
import { state, on, emit, isHeard } from "./state.js";
import * as api from "./api.js";
import * as edit from "./edit.js";
import * as midi from "./midi-out.js";

const BUILT_IN = "";
const MAX_FONT = 256 << 20;
const KEPT = 4; // sounds of whole pieces in memory

let chosen = BUILT_IN; // "", "font:NAME" or "midi:ID"
let fonts = [];
const buffers = new Map();

export function start() {
  const input = $("#font-file");
  $("#add-font").addEventListener("click", () => input.click());
  input.addEventListener("change", () => { if (input.files[0]) add(input.files[0]); input.value = ""; });
  $("#find-midi").hidden = !navigator.requestMIDIAccess;
  $("#find-midi").addEventListener("click", () => midi.open().then(render).catch(complain));
  $("#sound-menu").addEventListener("toggle", () => { if ($("#sound-menu").open) refresh(); });
  midi.onChange(render);
  chosen = localStorage.getItem("sound")?.startsWith("font:") ? localStorage.getItem("sound") : BUILT_IN;
  on("models", refresh);
  render();
}

async function refresh() {
  try {
    fonts = (await api.get("/api/sounds")).sounds;
    // The choice of another project, or a file that was removed.
    if (chosen.startsWith("font:") && !fonts.includes(chosen.slice(5))) chosen = BUILT_IN;
    render();
  } catch { /* The page says elsewhere that the studio does not answer. */ }
}

export const isFont = (file) => /\.sf2$/i.test(file.name);

// Sends a SoundFont to the project, and plays with it.
export async function add(file) {
  if (file.size > MAX_FONT) {
    complain(`${file.name} is larger than 256 MB: put it into the folder sounds of the project instead`);
    return;
  }
  say(`Reading ${file.name}…`);
  try {
    const { name } = await api.send(`/api/sounds?name=${encodeURIComponent(file.name)}`, file);
    await refresh();
    choose(`font:${name}`);
  } catch (error) {
    complain(error);
    say("");
  }
}

function choose(value) {
  chosen = value;
  localStorage.setItem("sound", value);
  buffers.clear();
  render();
  say(`Playing with ${nameOf(value)}`);
  emit("sound");
}

const nameOf = (value) => {
  const [kind, name] = [value.slice(0, value.indexOf(":")), value.slice(value.indexOf(":") + 1)];
  if (kind === "font") return name;
  return kind === "midi" ? midi.nameOf(name) : "the built-in synthesiser";
};

function render() {
  const choices = [[BUILT_IN, "Built-in synthesiser"], ...fonts.map((name) => [`font:${name}`, name]),
    ...midi.outputs().map(({ id, name }) => [`midi:${id}`, name])];
  // What is gone, such as an instrument that was unplugged, does not play.
  const known = choices.some(([value]) => value === chosen);
  if (!known && chosen.startsWith("midi:")) chosen = BUILT_IN;
  replace($("#sound-choices"), choices.map(([value, text]) => h("label", { class: "menu-choice" },
    h("input", { type: "radio", name: "sound", value, checked: value === chosen, onchange: () => choose(value) }),
    h("span", {}, text))));
  const label = `Sound: ${nameOf(chosen)}`;
  const button = $("#sound-menu summary");
  button.title = label;
  button.setAttribute("aria-label", label);
  button.classList.toggle("is-on", chosen !== BUILT_IN);
}

// The MIDI instrument that notes go to, or null.
export const instrument = () => (chosen.startsWith("midi:") ? chosen.slice(5) : null);

export const instrumentName = () => (instrument() === null ? null : midi.nameOf(instrument()));

// The sound of the whole piece that is shown, as a promise; null where notes are played one by one.
export function rendered(piece, context) {
  if (!chosen.startsWith("font:") || piece !== state.piece || state.current === null) return null;
  const font = chosen.slice(5);
  return (async () => {
    await edit.saved();
    const heard = state.piece.tracks.map((_, track) => track).filter(isHeard);
    if (!heard.length) return context.createBuffer(1, 1, context.sampleRate);
    const tracks = heard.length === state.piece.tracks.length ? "" : `&tracks=${heard.join(",")}`;
    const path = `/api/nodes/${state.current}/sound?font=${encodeURIComponent(font)}${tracks}`;
    if (!buffers.has(path)) {
      buffers.set(path, await context.decodeAudioData(await api.bytes(path)));
      if (buffers.size > KEPT) buffers.delete(buffers.keys().next().value);
    }
    return buffers.get(path);
  })();
}

// What a route that makes sound is asked with.
export const query = () => (chosen.startsWith("font:") ? `?font=${encodeURIComponent(chosen.slice(5))}` : "");
