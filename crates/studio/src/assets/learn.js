// Training: choose music and a preset, watch the losses, stop, resume; the model is then among those that compose.

import { $, h, replace, complain, colour, say, plural } from "./dom.js";
import { state, on, emit } from "./state.js";
import { drawChart } from "./chart.js";
import * as api from "./api.js";

let watched = null; // the name of the training that is shown
let updates = []; // [[epoch, nll]…] since the page was opened
let epochs = []; // reports
let running = null;
let total = 0;

// The training that is shown, and what it wrote.
async function load(name) {
  const { epochs: reports, samples } = await api.get(`/api/trainings/${encodeURIComponent(name)}`);
  if (name === watched) emit("samples", { name, samples, epochs: reports });
  return reports;
}

export function start() {
  on("tab", (id) => { if (id === "tab-learn") refresh().then(draw); });
  on("training", onTraining);
  on("theme", draw);
  window.addEventListener("resize", draw);
  $("#train").addEventListener("submit", (event) => { event.preventDefault(); begin(); });
  $("#train-stop").addEventListener("click", stop);
}

async function refresh() {
  try {
    const data = await api.get("/api/trainings");
    const music = $("#train-music").value;
    replace($("#train-music"), [h("option", { value: "" }, "The built-in corpus"), ...data.music.map(({ name }) => h("option", { value: name }, name))]);
    $("#train-music").value = music;
    if (!$("#train-preset").options.length) {
      replace($("#train-preset"), data.presets.map(({ name, time }) => h("option", { value: name }, `${name} – ${time}`)));
    }
    running = data.running;
    if (running && watched !== running) await watch(running);
    else if (!watched && data.runs.length) await watch(data.runs[0].name, data.runs[0]);
    renderRuns(data.runs);
    show();
  } catch (error) {
    complain(error);
  }
}

// Shows a training; `run` is what the list says of one that is not running.
async function watch(name, run) {
  watched = name;
  updates = [];
  $("#train-note").textContent = "";
  epochs = await load(name);
  show(run && name !== running ? `${run.music.split("/").pop()}, ${run.cell} ${run.layers}×${run.hidden}: ${STATES[run.state]} after ${plural(run.epochs, "epoch")}.` : undefined);
  draw();
}

async function begin() {
  const wanted = {
    music: $("#train-music").value, preset: $("#train-preset").value, cell: $("#train-cell").value || null,
    epochs: Number($("#train-epochs").value) || null, hidden: Number($("#train-hidden").value) || null,
    seed: Number($("#train-seed").value) || 1,
  };
  try {
    const { name } = await api.post("/api/trainings", wanted);
    [watched, running, updates, epochs] = [name, name, [], []];
    emit("samples", { name, samples: [], epochs: [] });
    say(`Training ${name} has begun`);
    show("Reading the music…");
    draw();
  } catch (error) {
    complain(error);
  }
}

async function stop() {
  $("#train-stop").disabled = true;
  show("Stopping: the training is being saved…");
  await api.post("/api/trainings/stop").catch(complain);
}

function onTraining({ name, kind, data }) {
  if (name !== watched && kind === "state" && data.state === "running") watch(name).catch(complain);
  if (name !== watched) return;
  if (kind === "update") {
    total = data.total_updates;
    // Where in its epoch an update is, from the number of updates of all epochs.
    const before = epochs.at(-1)?.updates || 0;
    const per = epochs.length ? before / epochs.length : Math.max(total / (Number($("#train-epochs").value) || 16), 1);
    updates.push([data.epoch - 1 + Math.min((data.update - before) / per, 1), data.nll]);
    if (updates.length > 4000) updates = updates.filter((_, place) => place % 2);
    show(`Epoch ${data.epoch}, update ${data.update} of at most ${total}: ${data.nll.toFixed(3)} nats per step`);
    draw();
  } else if (kind === "epoch") {
    epochs.push(data.report);
    draw();
    load(name).catch(complain);
  } else if (kind === "note") {
    $("#train-note").textContent = data;
  } else if (kind === "state") {
    ended(data);
  }
}

async function ended(data) {
  if (data.state === "running") {
    running = watched;
    show();
    return;
  }
  running = null;
  if (data.state === "failed") complain(data.error);
  const words = { finished: `Finished in ${Math.round(data.seconds)} seconds. The model is now among those that compose.`, stopped: "Stopped and saved: it can be resumed.", failed: data.error };
  await refresh();
  if (watched) load(watched).catch(complain);
  show(words[data.state]);
  say(words[data.state]);
  state.models = await api.get("/api/models").catch(() => state.models);
  emit("models");
}

function show(text) {
  $("#train-stop").hidden = running === null;
  $("#train-stop").disabled = false;
  $("#train-button").disabled = running !== null;
  $("#train-title").textContent = watched ? `Training ${watched}` : "No training yet";
  if (text) $("#train-state").textContent = text;
  const best = epochs.reduce((least, report) => Math.min(least, report.valid_nll), Infinity);
  $("#train-best").textContent = epochs.length ? `${plural(epochs.length, "epoch")}; best validation ${best.toFixed(3)} nats per step` : "";
}

function draw() {
  if ($("#learn").hidden) return;
  const isEmpty = !updates.length && !epochs.length;
  $("#train-chart").hidden = isEmpty;
  $("#train-legend").hidden = isEmpty;
  if (isEmpty) return;
  const lines = [
    { name: "updates", colour: colour("track-0"), thin: true, points: updates },
    { name: "training", colour: colour("track-0"), points: epochs.map((report) => [report.epoch, report.train_nll]) },
    { name: "validation", colour: colour("track-1"), dots: true, points: epochs.map((report) => [report.epoch, report.valid_nll]) },
  ];
  drawChart($("#train-chart"), lines, { x: "epoch", y: "nats per step", from: 0 });
}

const STATES = { finished: "finished", stopped: "stopped", "without-checkpoint": "no checkpoint", started: "begun", damaged: "damaged" };

function renderRuns(runs) {
  replace($("#runs"), runs.map((run) => h("li", { class: "run" },
    h("button", { type: "button", class: "link", onclick: () => watch(run.name, run).catch(complain) }, run.name),
    h("span", {}, `${run.cell} ${run.layers}×${run.hidden}, ${run.music.split("/").pop()}`),
    h("span", { class: "quiet" }, `${run.epochs} of ${plural(run.most_epochs, "epoch")}${run.valid_nll === null ? "" : `, ${run.valid_nll.toFixed(3)} nats`}`),
    h("span", { class: "quiet" }, run.name === running ? "running" : STATES[run.state]),
    run.state === "stopped" && run.name !== running
      ? h("button", { type: "button", class: "button small", onclick: () => resume(run.name) }, "Resume") : null)));
  if (!runs.length) replace($("#runs"), h("li", { class: "empty" }, "Trainings are kept in the folder of the project."));
}

async function resume(name) {
  try {
    await watch(name);
    await api.post(`/api/trainings/${encodeURIComponent(name)}/resume`);
    running = name;
    show("Resuming…");
  } catch (error) {
    complain(error);
  }
}
