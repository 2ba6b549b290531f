// Inside the network: gates and states of each unit while it reads a piece, the distribution of the next note under temperature and top-p,
// and how the gradient of one prediction flows back.

import { $, h, replace, complain, colour } from "./dom.js";
import { pitchName } from "./piece.js";
import { drawChart } from "./chart.js";
import { heat, heatOfNorms, keyboard } from "./heat.js";
import { TRACK_COLOURS } from "./roll.js";
import { state, on } from "./state.js";
import * as api from "./api.js";

const WINDOW = 64;
let found = null; // what the server told of these steps
let asked = ""; // what it was asked
let step = 0; // within the window
let note = 0; // which choice of the step
let flow = null;

const NAMES = { i: "input gate i", f: "forget gate f", g: "candidate g", o: "output gate o", r: "reset gate r", z: "update gate z", n: "candidate n", h: "candidate" };

export function start() {
  on("tab", (id) => { if (id === "tab-inside") load(0).catch(complain); });
  on("current models", () => { if (!$("#inside").hidden) load(0).catch(complain); });
  on("theme", draw);
  window.addEventListener("resize", draw);
  $("#inside-model").addEventListener("change", () => load(first()).catch(complain));
  $("#inside-step").addEventListener("input", (event) => go(Number(event.target.value)));
  $("#inside-back").addEventListener("click", () => load(first() - WINDOW).catch(complain));
  $("#inside-on").addEventListener("click", () => load(first() + WINDOW).catch(complain));
  for (const id of ["inside-temperature", "inside-top-p"]) $(`#${id}`).addEventListener("input", distribution);
  $("#inside-note").addEventListener("change", (event) => { note = Number(event.target.value); distribution(); });
  $("#inside-gradient").addEventListener("click", () => gradient().catch(complain));
  for (const canvas of document.querySelectorAll("#inside canvas[data-steps]")) seekable(canvas);
}

const first = () => found?.first ?? 0;

// A click on a picture over time chooses its step.
function seekable(canvas) {
  canvas.addEventListener("click", (event) => {
    const { left, width } = canvas.getBoundingClientRect();
    if (found) go(Math.floor(((event.clientX - left) / width) * found.nll.length));
  });
}

async function load(from) {
  const models = state.models.filter((model) => model.task === "compose" && model.frames);
  const chosen = $("#inside-model").value;
  replace($("#inside-model"), models.map((model) => h("option", { value: model.name }, `${model.name.split("/").at(-2) || model.name} – ${model.title}`)));
  if (models.some((model) => model.name === chosen)) $("#inside-model").value = chosen;
  if (state.current === null) {
    $("#inside-words").textContent = "Open or compose a piece first: then watch a network read it.";
    return;
  }
  const start = Math.max(Math.min(from, Math.max((found?.length ?? WINDOW) - 1, 0)), 0);
  const key = `${$("#inside-model").value} ${state.current} ${start}`;
  if (key !== asked) {
    asked = key;
    $("#inside-words").textContent = "Reading…";
    try {
      found = await api.post("/api/inside", { model: $("#inside-model").value, node: state.current, step: start, count: WINDOW });
    } catch (error) {
      asked = "";
      found = null;
      $("#inside-words").textContent = error.message;
      return;
    }
    flow = null;
    build();
  }
  $("#inside-step").max = found.nll.length - 1;
  go(Math.min(step, found.nll.length - 1));
}

// The rows of each layer.
function build() {
  const rows = found.layers.flatMap((layer, index) => [
    h("h3", { class: "layer-title" }, `Layer ${index + 1}: ${found.cell}, ${layer.hidden} units`),
    ...found.gates.map((gate, place) => row(NAMES[gate] || gate, layer.gates[place], layer.hidden)),
    layer.c.length ? row("cell state, tanh c", layer.c, layer.hidden) : null,
    row("output h", layer.h, layer.hidden),
  ]);
  replace($("#inside-layers"), rows);
}

function row(name, values, units) {
  const canvas = h("canvas", { class: "heat", role: "img", "aria-label": `${name} over time` });
  const mark = h("span", { class: "heat-mark" });
  const steps = found.nll.length;
  canvas.draw = () => {
    heat(canvas, values, steps, units);
    mark.style.left = `${(100 * (step + 0.5)) / steps}%`;
  };
  seekable(canvas);
  return h("div", { class: "heat-row" }, h("span", {}, name), h("div", { class: "heat-box" }, canvas, mark));
}

function go(to) {
  if (!found) return;
  step = Math.max(Math.min(to, found.nll.length - 1), 0);
  // The choice that the network was most surprised by tells most.
  const costs = found.choices[step].map(({ log_probs: all, chosen }) => (chosen === null ? 0 : -(all[chosen] ?? -1e6)));
  note = costs.indexOf(Math.max(...costs));
  $("#inside-step").value = step;
  draw();
}

const where = (global) => {
  let bar = found.bars.findLastIndex((start) => start <= global);
  bar = Math.max(bar, 0);
  return `bar ${bar + 1}, quarter ${((global - found.bars[bar]) / found.steps_per_quarter + 1).toFixed(2)}`;
};

function draw() {
  if (!found || $("#inside").hidden) return;
  const global = found.first + step;
  const sounds = found.frames[step].map(pitchName).join(" ") || "silence";
  $("#inside-words").textContent = `Step ${global + 1} of ${found.length}: ${where(global)}. The piece has ${sounds}: a loss of ${found.nll[step].toFixed(2)} nats.`;
  $("#inside-on").disabled = found.first + WINDOW >= found.length;
  $("#inside-back").disabled = found.first === 0;
  for (const canvas of document.querySelectorAll("#inside-layers canvas")) canvas.draw();
  const points = found.nll.map((nll, place) => [found.first + place + 1, nll]);
  drawChart($("#inside-nll"), [{ colour: colour("track-0"), points }, { colour: colour("cursor"), dots: true, points: [points[step]] }], { y: "nats" });
  const choices = found.choices[step];
  replace($("#inside-note"), choices.map((choice, place) => h("option", { value: place }, label(choice, place))));
  $("#inside-note").parentElement.hidden = !found.by_note;
  $("#inside-note").value = note;
  distribution();
  drawFlow();
}

function label(choice, place) {
  if (choice.chosen === null) return "all pitches at once";
  const stop = choice.chosen === choice.log_probs.length - 1;
  const pitch = found.low + (choice.chosen % found.pitches);
  const what = stop ? "no more notes" : `${pitchName(pitch)} ${choice.chosen >= found.pitches ? "struck" : found.onsets ? "held" : ""}`;
  return `${place === 0 ? "the lowest" : `after ${place}`}: the piece has ${what}`;
}

// The distribution after temperature and top-p, as decoding has it.
export function shaped(logProbs, temperature, topP) {
  const scaled = logProbs.map((value) => (value === null ? -Infinity : value / 100 / temperature));
  const most = Math.max(...scaled);
  const weights = scaled.map((value) => Math.exp(value - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  const probs = weights.map((weight) => weight / sum);
  const order = probs.map((_, place) => place).sort((a, b) => probs[b] - probs[a]);
  let kept = 0;
  const stay = new Set();
  for (const place of order) {
    stay.add(place);
    kept += probs[place];
    if (kept >= topP) break;
  }
  return probs.map((prob, place) => (stay.has(place) ? prob / kept : 0));
}

function distribution() {
  if (!found) return;
  const temperature = Number($("#inside-temperature").value);
  const topP = Number($("#inside-top-p").value);
  $("#inside-temperature-out").textContent = temperature.toFixed(2);
  $("#inside-top-p-out").textContent = found.by_note ? topP.toFixed(2) : "–";
  const choice = found.choices[step][note];
  const { pitches, low } = found;
  let [struck, held, stop] = [new Array(pitches).fill(0), new Array(pitches).fill(0), 0];
  let chosen = null;
  let words;
  if (found.by_note) {
    const probs = shaped(choice.log_probs, temperature, topP);
    stop = probs[probs.length - 1];
    for (let pitch = 0; pitch < pitches; pitch++) {
      if (found.onsets) [held[pitch], struck[pitch]] = [probs[pitch], probs[pitches + pitch]];
      else struck[pitch] = probs[pitch];
    }
    chosen = choice.chosen === probs.length - 1 ? "stop" : low + (choice.chosen % pitches);
    const entropy = probs.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
    const open = probs.filter((p) => p > 0).length;
    words = `${open} of ${probs.length} choices are open; ${entropy.toFixed(2)} bits. The piece's own choice has ${(100 * probs[choice.chosen]).toFixed(1)} %.`;
  } else {
    struck = choice.log_probs.map((logit) => 1 / (1 + Math.exp(-logit / 100 / temperature)));
    words = "Each pitch is decided for itself.";
  }
  const high = Math.max(...struck.map((p, place) => p + held[place]), stop, 0.05);
  keyboard($("#inside-keyboard"), { low, pitches, struck, held, stop, chosen, high });
  $("#inside-distribution").textContent = words;
}

async function gradient() {
  if (!found) return;
  const global = found.first + step;
  flow = await api.post("/api/inside/gradient", { model: $("#inside-model").value, node: state.current, step: global, count: Math.min(global + 1, 128) });
  flow.step = global;
  drawFlow();
}

function drawFlow() {
  const canvas = $("#inside-flow");
  for (const part of ["", "-legend", "-rows"]) $(`#inside-flow${part}`).hidden = !flow;
  if (!flow) {
    $("#inside-flow-words").textContent = "Choose a step and press the button: how much does the loss of this one prediction depend on the state of each step before it?";
    return;
  }
  // Cells without a second state have no line for it.
  const lines = flow.layers.flatMap((trace, layer) => [["output h", trace.d_h], ["cell state c", trace.d_c]]
    .map(([state, norms], place) => ({
      name: `${flow.layers.length > 1 ? `layer ${layer + 1}, ` : ""}${state}`, track: (2 * layer + place) % TRACK_COLOURS,
      points: norms.map((norm, at) => [flow.first + at + 1, norm]),
    })).filter(({ points }) => points.some(([, norm]) => norm > 0)));
  drawChart(canvas, lines.map((line) => ({ ...line, colour: colour(`track-${line.track}`) })), { log: true, y: "norm of the gradient", x: "step" });
  replace($("#inside-flow-legend"), lines.map(({ name, track }) => h("span", { class: `line-${track}` }, `gradient of the ${name}`)));
  const gates = found.gates.length;
  const rows = flow.layers.flatMap((trace, layer) => found.gates.map((gate, place) => {
    const heatCanvas = h("canvas", { class: "heat thin", role: "img", "aria-label": `Gradient of ${gate} in layer ${layer + 1}` });
    const norms = Array.from({ length: trace.d_gates.length / gates }, (_, at) => trace.d_gates[at * gates + place]);
    heatOfNorms(heatCanvas, norms, norms.length, 0);
    return h("div", { class: "heat-row" }, h("span", {}, `${layer + 1}: ${NAMES[gate] || gate}`), heatCanvas);
  }));
  replace($("#inside-flow-rows"), rows);
  const last = flow.layers.at(-1).d_h;
  const half = last.length - 1 - [...last].reverse().findIndex((norm) => norm < last.at(-1) / 10);
  const reach = half >= last.length ? `more than ${last.length}` : last.length - 1 - half;
  $("#inside-flow-words").textContent = `The loss of step ${flow.step + 1} is ${flow.nll.toFixed(2)} nats. Going back, the gradient of the top layer's output first falls below a tenth after ${reach} steps.`;
}
