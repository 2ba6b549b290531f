// Candidates side by side: each as a small roll, to listen to one by one, and to keep one.

import { $, h, replace, complain, icon, emptyCanvas } from "./dom.js";
import { Piece } from "./piece.js";
import { state, on, emit, musicOf, remember, show } from "./state.js";
import { key, overlay, redraw, trackColour } from "./roll.js";
import * as roll from "./roll.js";
import * as transport from "./transport.js";
import * as api from "./api.js";

let cards = [];
let shown = null; // the group that the cards are of
let before = null; // notes of the piece that candidates come from

export function start() {
  on("group", render);
  on("judged", scores);
  on("current", mark);
  on("theme", () => cards.forEach((card, place) => drawMini(card.canvas, state.group[place].piece, before)));
}

// A candidate is complete.
export async function onNode(node, job) {
  state.nodes.set(node.id, node);
  if (job !== null && job === state.job) {
    const candidate = state.group.find((one) => one.seed === node.operation.seed && !one.node);
    if (candidate) {
      candidate.node = node;
      const old = candidate.piece;
      candidate.piece = await musicOf(node.id);
      if (old) transport.extend(old, candidate.piece);
      if (candidate.shown) show(node.id).catch(complain);
      update(state.group.indexOf(candidate));
    }
  }
  emit("nodes");
}

// A candidate as far as it is written.
export function onDraft({ job, candidate, music }) {
  if (job !== state.job || !state.group[candidate] || state.group[candidate].node) return;
  const old = state.group[candidate].piece;
  const piece = new Piece(music);
  state.group[candidate].piece = piece;
  if (old) transport.extend(old, piece);
  emit("draft", { job, piece });
  update(candidate);
}

function render() {
  const box = $("#candidates");
  const section = $("#candidates-section");
  section.hidden = !state.group.length;
  // The same cards stay, with the focus that one of them may have.
  if (shown === state.group) {
    cards.forEach((_, place) => update(place));
    mark();
    return;
  }
  shown = state.group;
  before = null;
  if (state.parent !== null && state.group.length) {
    musicOf(state.parent).then((piece) => { before = new Set(piece.notes.map(key)); cards.forEach((_, place) => update(place)); });
  }
  cards = state.group.map((candidate, place) => {
    const canvas = h("canvas", { class: "mini-roll", "aria-hidden": "true" });
    const listen = h("button", { type: "button", class: "button small", onclick: () => listenTo(place) }, icon("play"), "Listen");
    const keep = h("button", { type: "button", class: "button small primary", onclick: () => keepOne(place) }, "Keep");
    const info = h("p", { class: "card-info" });
    const title = h("h3", {}, `Candidate ${place + 1}`);
    const look = h("button", { type: "button", class: "mini-button", "aria-label": `Show candidate ${place + 1}`, onclick: () => look_at(place) }, canvas);
    const element = h("li", { class: "card" }, h("div", { class: "card-head" }, title, info), look, h("div", { class: "card-buttons" }, listen, keep));
    return { element, canvas, info, listen, keep, look };
  });
  replace(box, cards.map((card) => card.element));
  cards.forEach((_, place) => update(place));
  mark();
}

function update(place) {
  const [card, candidate] = [cards[place], state.group[place]];
  if (!card) return;
  const waits = !candidate.node && state.job === null;
  card.element.classList.toggle("is-writing", !candidate.node && state.job !== null);
  card.keep.disabled = !candidate.node || candidate.node.kept;
  card.keep.textContent = candidate.node?.kept ? "Kept" : "Keep";
  card.listen.disabled = !candidate.piece;
  card.look.disabled = !candidate.node;
  const score = candidate.node?.judgement?.score;
  const findings = candidate.node?.judgement?.findings.length;
  const words = candidate.node
    ? [score === null || score === undefined ? null : `${Math.round(score)} of 100`, findings ? `${findings} marked` : null, `seed ${candidate.seed}`]
    : [waits ? "not written" : candidate.piece ? `${candidate.piece.notes.length} notes …` : "waiting"];
  card.info.textContent = words.filter(Boolean).join(" · ");
  drawMini(card.canvas, candidate.piece, before);
}

function scores({ id }) {
  const place = state.group.findIndex((candidate) => candidate.node?.id === id);
  if (place < 0) return;
  state.group[place].node = state.nodes.get(id);
  update(place);
}

// A piece as a small roll; notes in `pale`, by their keys, are paler than the others.
export function drawMini(canvas, piece, pale = null) {
  const [context, w, high] = emptyCanvas(canvas, canvas.clientWidth || 200, canvas.clientHeight || 64);
  if (!piece || !piece.notes.length) return;
  const range = Math.max(piece.high - piece.low, 12);
  const row = (high - 6) / range;
  for (const note of piece.notes) {
    context.globalAlpha = pale?.has(key(note)) ? 0.3 : 1;
    context.fillStyle = trackColour(note.track);
    context.fillRect((note.on / piece.end) * w, 3 + (piece.high - note.pitch) * row, Math.max((note.dur / piece.end) * w - 0.5, 1), Math.max(row, 1.5));
  }
}

// Shows a candidate in the large roll, its new notes strong.
async function look_at(place) {
  const { node } = state.group[place];
  if (!node) return;
  await show(node.id, true).catch(complain);
}

async function listenTo(place) {
  const candidate = state.group[place];
  const began = performance.now();
  if (candidate.node) await look_at(place);
  else candidate.shown = true;
  const bars = candidate.node && state.bars && state.parent !== null ? state.bars : null;
  const from = bars ? candidate.piece.barStart(Math.max(bars[0] - 1, 0)) : 0;
  transport.play(candidate.node ? state.piece : candidate.piece, from);
  roll.reveal(from);
  window.studioMeasures = { ...window.studioMeasures, listen: performance.now() - began };
}

async function keepOne(place) {
  const candidate = state.group[place];
  try {
    const node = await api.post(`/api/nodes/${candidate.node.id}/keep`);
    candidate.node = node;
    state.nodes.set(node.id, node);
    remember(node.id, candidate.piece);
    await show(node.id);
    emit("kept");
    update(place);
    // Where the page is one column, the roll may be out of sight.
    if (innerWidth <= 900) $(".stage").scrollIntoView({ block: "start" });
  } catch (error) {
    complain(error);
  }
}

// Which card is in the large roll, and which of its notes are new.
function mark() {
  const current = state.group.findIndex((candidate) => candidate.node?.id === state.current);
  cards.forEach((card, place) => card.element.classList.toggle("is-shown", place === current));
  overlay.changed = null;
  if (current >= 0 && before && !state.group[current].node.kept) {
    overlay.changed = new Set(state.piece.notes.map(key).filter((one) => !before.has(one)));
    if (!overlay.changed.size) overlay.changed = null;
  }
  redraw();
}
