// The music that a training wrote along the way: each sample as a small roll with a player.

import { $, h, replace, complain, icon, say } from "./dom.js";
import { Piece } from "./piece.js";
import { state, on, emit, show } from "./state.js";
import { drawMini } from "./candidates.js";
import * as api from "./api.js";
import * as transport from "./transport.js";

let training = null; // the name
let cards = []; // { file, piece, element, canvas, cursor, button }

export function start() {
  on("samples", take);
  on("theme", drawAll);
  on("tab", (id) => { if (id === "tab-learn") drawAll(); });
  on("time", ({ piece, share }) => {
    const card = cards.find((one) => one.piece === piece);
    if (card) card.cursor.style.left = `${100 * share}%`;
  });
  on("playing", ({ piece }) => cards.forEach((card) => mark(card, card.piece !== null && card.piece === piece)));
  window.addEventListener("resize", drawAll);
}

function drawAll() {
  if ($("#learn").hidden) return;
  for (const card of cards) drawMini(card.canvas, card.piece);
}

// New samples come behind those that are there, so that what plays goes on.
function take({ name, samples, epochs }) {
  if (name !== training || samples.length < cards.length) {
    if (cards.some((card) => card.playing)) transport.stop();
    [training, cards] = [name, []];
  }
  const known = new Set(cards.map((card) => card.file));
  for (const sample of samples) if (!known.has(sample.file)) cards.push(newCard(name, sample, epochs));
  replace($("#samples"), cards.map((card) => card.element));
  if (!cards.length) replace($("#samples"), h("li", { class: "empty" }, "The first music comes after the first epoch."));
  drawAll();
}

function newCard(name, { file, epoch }, epochs) {
  const path = `/api/trainings/${encodeURIComponent(name)}/samples/${encodeURIComponent(file)}`;
  const title = epoch === null ? `Composition ${/\d+/.exec(file)}` : `Epoch ${epoch}`;
  const report = epochs.find((one) => one.epoch === epoch);
  const words = report ? `${report.valid_nll.toFixed(3)} nats` : epoch === null ? "at the end" : "";
  const card = { file, title, piece: null, playing: false };
  card.canvas = h("canvas", { class: "mini-roll", "aria-hidden": "true" });
  card.cursor = h("span", { class: "mini-cursor", hidden: true });
  card.button = h("button", { type: "button", class: "button small", disabled: true, onclick: () => toggle(card) });
  const open = h("button", { type: "button", class: "button small", "aria-label": `Open ${title} in Compose`, onclick: () => openIn(path) }, "Open");
  card.element = h("li", { class: "card" },
    h("div", { class: "card-head" }, h("h3", {}, title), h("p", { class: "card-info", title: report ? "Validation loss, in nats per step" : null }, words)),
    h("div", { class: "mini-box" }, card.canvas, card.cursor),
    h("div", { class: "card-buttons" }, card.button, open));
  mark(card, false);
  api.get(path).then((music) => {
    card.piece = new Piece(music);
    card.button.disabled = !card.piece.notes.length;
    if (!card.piece.notes.length) card.element.querySelector(".card-info").textContent = "silence";
    drawMini(card.canvas, card.piece);
  }, complain);
  return card;
}

function mark(card, playing) {
  card.playing = playing;
  card.cursor.hidden = !playing;
  replace(card.button, icon(playing ? "stop" : "play"), playing ? "Stop" : "Listen");
  card.button.setAttribute("aria-label", `${playing ? "Stop" : "Listen to"} ${card.title}`);
}

function toggle(card) {
  if (card.playing) transport.stop();
  else transport.play(card.piece);
}

// As a piece of the project, to edit and to go on from.
async function openIn(path) {
  try {
    const node = await api.post(path);
    state.nodes.set(node.id, node);
    emit("nodes");
    await show(node.id);
    $("#tab-compose").click();
    say("Opened");
  } catch (error) {
    complain(error);
  }
}
