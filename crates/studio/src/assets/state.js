// What the page shows, in one place. Parts of the page subscribe to the names of what changes.

import { Piece } from "./piece.js";
import * as api from "./api.js";

const listeners = new Map();

export function on(names, listener) {
  for (const name of names.split(" ")) {
    if (!listeners.has(name)) listeners.set(name, []);
    listeners.get(name).push(listener);
  }
}

export function emit(name, detail) {
  for (const listener of listeners.get(name) || []) listener(detail);
}

export const state = {
  nodes: new Map(),
  models: [],
  folder: "",
  current: null, // the number of the node that is shown
  piece: null, // its music
  bars: null, // selected bars [first, last], from 0
  notes: new Set(), // selected notes
  muted: new Set(),
  soloed: new Set(),
  locked: new Set(),
  jobs: new Map(),
  group: [], // candidates: { node | null, piece, seed, state }
  parent: null, // from which they come
  job: null,
};

const cache = new Map();

// The music of a node; the last ones are kept.
export async function musicOf(id) {
  if (!cache.has(id)) {
    cache.set(id, new Piece(await api.get(`/api/nodes/${id}/music`)));
    if (cache.size > 60) cache.delete(cache.keys().next().value);
  }
  return cache.get(id);
}

export function remember(id, piece) {
  cache.set(id, piece);
}

export function takeState(data) {
  state.nodes = new Map(data.nodes.map((node) => [node.id, node]));
  state.models = data.models;
  state.folder = data.folder;
  emit("nodes");
  emit("models");
}

let wanted = 0;

// Shows a node. `quietly`: another page did it, or it is only looked at, so that it is not written down.
export async function show(id, quietly = false) {
  const turn = ++wanted;
  const piece = await musicOf(id);
  if (turn !== wanted) return;
  const fit = state.current === null || rootOf(state.current) !== rootOf(id);
  state.current = id;
  setPiece(piece, fit);
  emit("current");
  if (!quietly) api.post(`/api/current/${id}`).catch(() => {});
}

export function setPiece(piece, fit = false) {
  state.piece = piece;
  state.notes = new Set();
  if (state.bars && state.bars[0] >= piece.bars.length) state.bars = null;
  else if (state.bars) state.bars = [state.bars[0], Math.min(state.bars[1], piece.bars.length - 1)];
  emit("piece", { fit });
  emit("selection");
}

export function selectBars(first, last) {
  state.bars = first === null ? null : [Math.min(first, last), Math.max(first, last)];
  emit("selection");
}

export function selectNotes(notes) {
  state.notes = new Set(notes);
  emit("selection");
}

export function toggle(set, value, name) {
  if (set.has(value)) set.delete(value);
  else set.add(value);
  emit(name);
}

// Whether a track is heard.
export function isHeard(track) {
  return state.soloed.size ? state.soloed.has(track) : !state.muted.has(track);
}

export function childrenOf(id) {
  return [...state.nodes.values()].filter((node) => (node.parent ?? null) === id);
}

// What a piece came from in the beginning.
function rootOf(id) {
  let node = state.nodes.get(id);
  while (node?.parent) node = state.nodes.get(node.parent);
  return node?.id;
}
