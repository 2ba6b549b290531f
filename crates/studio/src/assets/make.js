// The panel that asks a model for music: what to do, and how.

import { $, h, replace, complain, iconButton, say } from "./dom.js";
import { state, on, emit } from "./state.js";
import { barsText } from "./tracks.js";
import { trackName } from "./piece.js";
import * as api from "./api.js";
import * as edit from "./edit.js";

// What each way to make music needs: a selection, a piece, and which controls it has.
const KINDS = {
  compose: { label: "Compose", task: "compose", controls: "bars temperature density metre key chords style qpm polyphony" },
  continue: { label: "Continue", task: "compose", controls: "bars temperature density key chords style polyphony", piece: true },
  infill: { label: "Infill", task: "compose", frames: true, controls: "temperature keep key chords polyphony", piece: true, bars: true },
  vary: { label: "Vary", task: "compose", frames: true, controls: "amount only temperature key chords polyphony", piece: true },
  accompany: { label: "Accompany", task: "accompany", controls: "part temperature polyphony", piece: true },
  drum: { label: "Drums", task: "drum", controls: "part temperature polyphony", piece: true },
  reharmonise: { label: "Reharmonise", task: "reharmonise", controls: "style part temperature polyphony", piece: true },
  humanise: { label: "Humanise", task: "humanise", controls: "temperature", piece: true, drums: true },
};

const HINTS = {
  compose: "A new piece from nothing.",
  continue: "Goes on after the selected bars, or at the end.",
  infill: "Writes the selected bars anew, so that they follow from what is before and lead to what is after.",
  vary: "Writes some beats anew, in the selected bars or everywhere.",
  accompany: "Writes an accompaniment for the melody.",
  drum: "Writes drums for the bass line.",
  reharmonise: "Writes another accompaniment, in a style.",
  humanise: "Plays the drums as a drummer does: each note louder or softer, a little early or late. The notes stay.",
};

const KEYS = ["C", "G", "D", "A", "E", "B", "F#", "Db", "Ab", "Eb", "Bb", "F"];
let kind = "compose";

export function start() {
  const choices = $("#kinds");
  replace(choices, Object.entries(KINDS).map(([name, { label }]) =>
    h("label", { class: "choice" },
      h("input", { type: "radio", name: "kind", value: name, checked: name === kind, onchange: () => choose(name) }),
      h("span", {}, label))));
  fillSelects();
  $("#make").addEventListener("submit", (event) => { event.preventDefault(); make(); });
  $("#new-seed").addEventListener("click", () => { $("#seed").value = Math.floor(Math.random() * 1e6); });
  $("#cancel").addEventListener("click", cancel);
  for (const range of document.querySelectorAll("#make input[type=range]")) {
    range.addEventListener("input", () => { range.dataset.own = "yes"; showRange(range); });
    const reset = iconButton("undo", `The model's own ${range.dataset.label}`, () => {
      delete range.dataset.own;
      showRange(range);
    });
    reset.classList.add("reset");
    if (range.dataset.auto) range.after(reset);
    showRange(range);
  }
  $("#model").addEventListener("change", showStyles);
  on("models", () => choose(kind));
  on("piece", showTracks);
  on("selection piece jobs current", describe);
  choose(kind);
}

function fillSelects() {
  const options = (select, list) => replace(select, list.map(([value, text]) => h("option", { value }, text)));
  options($("#metre"), [["", "model's own"], ...["4/4", "3/4", "2/4", "6/8", "2/2", "9/8", "12/8", "5/4"].map((m) => [m, m])]);
  options($("#key"), [["", "any"], ...["major", "minor"].flatMap((mode) => KEYS.map((key) => [`${key} ${mode}`, `${key.replace("#", "♯").replace("b", "♭")} ${mode}`]))]);
  options($("#keep"), [["", "nothing"], ["rhythm", "rhythm"], ["pitches", "pitches"]]);
  options($("#only"), [["", "everything"], ["melody", "the melody"], ["harmony", "the harmony"], ["rhythm", "the rhythm"]]);
}

export function choose(name) {
  kind = name;
  const input = $(`#kinds input[value=${name}]`);
  if (input) input.checked = true;
  const wanted = KINDS[name];
  const models = state.models.filter((model) => model.task === wanted.task && (!wanted.frames || model.frames));
  const before = $("#model").value;
  replace($("#model"), models.map((model) => h("option", { value: model.name, title: model.title }, `${model.name.split("/").at(-2) || model.name} – ${model.title}`)));
  // Of the built-in models, the one of keyboard music is the most even.
  const usual = models.some((model) => model.name === before) ? before : "piano";
  if (models.some((model) => model.name === usual)) $("#model").value = usual;
  const controls = wanted.controls.split(" ");
  for (const field of document.querySelectorAll("#make [data-control]")) {
    field.hidden = !controls.includes(field.dataset.control);
  }
  showStyles();
  describe();
}

// The tracks that a part may be for; without a choice, the one that looks like a melody or a bass.
function showTracks() {
  const before = $("#part").value;
  const tracks = (state.piece?.tracks || []).map((track, index) => [String(index), trackName(track, index)]);
  replace($("#part"), [["", "found by itself"], ...tracks].map(([value, name]) => h("option", { value }, name)));
  $("#part").value = tracks.some(([value]) => value === before) ? before : "";
}

const modelEntry = () => state.models.find((model) => model.name === $("#model").value);

function showStyles() {
  const model = modelEntry();
  const styles = model?.styles || [];
  const any = kind === "reharmonise" ? [] : [["", "any"]];
  replace($("#style"), [...any, ...styles.map((style) => [style, style])].map(([value, text]) => h("option", { value }, text)));
  const controls = KINDS[kind].controls.split(" ");
  $("[data-control=style]").hidden = !controls.includes("style") || !styles.length;
  $("[data-control=density]").hidden = !controls.includes("density") || !model?.density;
}

function showRange(range) {
  const output = range.parentElement.querySelector("output");
  const auto = range.dataset.auto && !range.dataset.own;
  output.textContent = auto ? range.dataset.auto : `${Number(range.value).toFixed(Number(range.dataset.digits || 0))}${range.dataset.unit || ""}`;
  range.classList.toggle("is-auto", Boolean(auto));
}

function describe() {
  const wanted = KINDS[kind];
  let hint = HINTS[kind];
  let able = true;
  if (wanted.piece && state.current === null) {
    hint = "Open a file or compose a piece first.";
    able = false;
  } else if (wanted.drums && !state.piece?.notes.some((note) => note.channel === 9)) {
    hint = "The piece has no drums to humanise: write some with Drums, or open a piece with drums.";
    able = false;
  } else if (wanted.bars && !state.bars) {
    hint = "Select bars first: drag on the ruler above the notes, or press shift and an arrow.";
    able = false;
  } else if (wanted.piece && state.bars) {
    hint += ` Selected: ${barsText()}.`;
  }
  if (wanted.piece && state.locked.size && (kind === "infill" || kind === "vary")) hint += " Locked tracks stay.";
  $("#hint").textContent = hint;
  $("#make-button").disabled = !able;
  $("#cancel").hidden = state.job === null;
  const amount = Number($("#candidates-wanted").value);
  $("#make-button").textContent = state.job === null ? `Write ${amount === 1 ? "a candidate" : `${amount} candidates`}` : "Write once more";
}

const own = (id) => ($(`#${id}`).dataset.own && !$(`#${id}`).closest("[data-control]").hidden ? Number($(`#${id}`).value) : undefined);
const text = (id) => ($(`#${id}`).closest("[data-control]")?.hidden ? undefined : $(`#${id}`).value.trim() || undefined);

function steering() {
  const given = {
    temperature: own("temperature"), density: own("density"), metre: text("metre"), key: text("key"),
    chords: text("chords"), style: text("style"), qpm: text("qpm") && Number(text("qpm")), max_polyphony: own("polyphony"),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

// The operation as the server reads it: what is not given is left out.
export function operation() {
  const seed = Math.max(Math.floor(Number($("#seed").value) || 0), 0);
  const made = { kind, model: $("#model").value, steering: steering(), seed };
  const selected = state.bars && { first: state.bars[0] + 1, last: state.bars[1] + 1 };
  const lock = [...state.locked].map((track) => `track:${track}`);
  const track = text("part");
  switch (kind) {
    case "compose": made.bars = Number($("#bars").value); break;
    case "continue":
      made.bars = Number($("#bars").value);
      if (selected) made.after = selected.last;
      break;
    case "infill":
      made.bars = selected;
      if (text("keep")) made.keep = text("keep");
      if (lock.length) made.lock = lock;
      break;
    case "vary":
      made.amount = Number($("#amount").value) / 100;
      if (text("only")) made.only = text("only");
      if (selected) made.bars = selected;
      if (lock.length) made.lock = lock;
      break;
    default:
      if (selected) made.bars = selected;
      if (track) made.track = Number(track);
  }
  return made;
}

async function make() {
  await edit.saved();
  const wanted = operation();
  const parent = kind === "compose" ? null : state.current;
  const candidates = Number($("#candidates-wanted").value);
  try {
    await ask(parent, wanted, candidates);
    say(`Writing ${candidates} candidates`);
  } catch (error) {
    complain(error);
  }
}

let early = null; // events that came before the answer to the request that they are about

// Whether an event is of a request whose number is not known yet: then it is kept for later.
export function isEarly(name, data) {
  if (!early) return false;
  early.push([name, data]);
  return true;
}

// Asks for candidates; they are then the group of the page.
export async function ask(parent, wanted, candidates) {
  if (state.job !== null) await cancel();
  early = [];
  try {
    const { job } = await api.post("/api/make", { parent, operation: wanted, candidates });
    state.job = job;
    state.parent = parent;
    state.group = Array.from({ length: candidates }, (_, place) => ({ seed: wanted.seed + place, node: null, piece: null }));
    $("#seed").value = wanted.seed + candidates;
    emit("group");
    emit("jobs");
    return job;
  } finally {
    const waiting = early;
    early = null;
    for (const [name, data] of waiting) emit("server", [name, data]);
  }
}

export async function cancel() {
  const { job } = state;
  if (job === null) return;
  state.job = null;
  emit("jobs");
  emit("group");
  await api.remove(`/api/jobs/${job}`).catch(() => {});
}

// What the server says of requests.
export function onJob({ job, state: how, error }) {
  if (job !== state.job) return;
  state.job = null;
  if (how === "failed") complain(error);
  say(how === "done" ? "All candidates are written" : how === "failed" ? error : "Stopped");
  emit("jobs");
  emit("group");
}
