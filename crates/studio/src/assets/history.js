// Undo and redo to any piece, and the tree of everything that was made.

import { $, h, replace, complain, plural } from "./dom.js";
import { state, on, show, childrenOf } from "./state.js";

const lastChild = new Map(); // for redo: where each piece was left

export function start() {
  on("nodes current kept judged", render);
  $("#undo").addEventListener("click", undo);
  $("#redo").addEventListener("click", redo);
}

const currentNode = () => state.nodes.get(state.current);

export function undo() {
  const parent = currentNode()?.parent;
  if (!parent) return;
  lastChild.set(parent, state.current);
  show(parent).catch(complain);
}

export function redo() {
  const next = lastChild.get(state.current) ?? childrenOf(state.current).filter((node) => node.kept).at(-1)?.id;
  if (next) show(next).catch(complain);
}

const NAMES = {
  compose: "Composed", continue: "Continued", infill: "Infilled", vary: "Varied", accompany: "Accompaniment",
  drum: "Drums", reharmonise: "Reharmonised", humanise: "Humanised",
};

export function titleOf(node) {
  const { operation } = node;
  switch (operation.kind) {
    case "open": return operation.name;
    case "edit": return operation.what;
    case "compose": return `Composed ${plural(operation.bars, "bar")}`;
    case "continue": return `Continued by ${plural(operation.bars, "bar")}`;
    default: {
      const bars = operation.bars ? `, ${barsText(operation.bars)}` : "";
      return `${NAMES[operation.kind] || operation.kind}${bars}`;
    }
  }
}

const barsText = ({ first, last }) => (first === last ? `bar ${first}` : `bars ${first}–${last}`);

function detailOf(node) {
  const { operation } = node;
  const words = [];
  if (operation.model) words.push(operation.model.replace(/^runs\/(.*)\/model.safetensors$/, "$1"));
  if (operation.seed !== undefined) words.push(`seed ${operation.seed}`);
  if (operation.steering?.style) words.push(operation.steering.style);
  words.push(plural(node.notes, "note"));
  return words.join(" · ");
}

// Kept pieces and what leads to the one that is shown; a chain of changes by hand is one row.
function shown() {
  const visible = new Set([...state.nodes.values()].filter((node) => node.kept).map((node) => node.id));
  for (let node = currentNode(); node; node = state.nodes.get(node.parent)) visible.add(node.id);
  return visible;
}

function render() {
  const visible = shown();
  const list = $("#history");
  const roots = childrenOf(null).filter((node) => visible.has(node.id));
  replace(list, roots.reverse().map((root) => branch(root, visible)));
  if (!roots.length) replace(list, h("li", { class: "empty" }, "Everything that you make is kept here."));
  $("#undo").disabled = !currentNode()?.parent;
  $("#redo").disabled = !lastChild.has(state.current) && !childrenOf(state.current).some((node) => node.kept);
  // A judgement must not scroll the list under the pointer.
  if (list.dataset.current !== String(state.current)) {
    list.dataset.current = String(state.current);
    const row = list.querySelector("[aria-current]");
    // The list alone scrolls, not the panel around it.
    if (row) list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2;
  }
}

function branch(node, visible) {
  const rows = [];
  let next = node;
  for (;;) {
    const children = childrenOf(next.id).filter((child) => visible.has(child.id));
    const isEdit = next.operation.kind === "edit";
    const goesOn = children.length === 1 && children[0].operation.kind === "edit" && isEdit;
    if (!goesOn || next.id === state.current) rows.push(row(next));
    if (children.length !== 1) {
      if (children.length) rows.push(h("ul", {}, children.map((child) => branch(child, visible))));
      break;
    }
    next = children[0];
  }
  return h("li", {}, rows);
}

function row(node) {
  const current = node.id === state.current;
  const score = node.judgement?.score;
  return h("button", {
    type: "button", class: `node kind-${node.operation.kind}`, "aria-current": current ? "true" : null,
    title: detailOf(node), onclick: () => show(node.id).catch(complain),
  },
  h("span", { class: "node-dot" }),
  h("span", { class: "node-title" }, titleOf(node)),
  h("span", { class: "node-detail" }, detailOf(node)),
  score === undefined || score === null ? null : h("span", { class: "score" }, String(Math.round(score))));
}
