// The page: starts its parts, and hands them what the server tells.

import { $, complain, setPressed } from "./dom.js";
import { state, on, emit, show, takeState, setPiece } from "./state.js";
import { Piece } from "./piece.js";
import * as api from "./api.js";
import * as roll from "./roll.js";
import * as pointer from "./pointer.js";
import * as keys from "./keys.js";
import * as transport from "./transport.js";
import * as tracks from "./tracks.js";
import * as make from "./make.js";
import * as candidates from "./candidates.js";
import * as history from "./history.js";
import * as findings from "./findings.js";
import * as files from "./files.js";
import * as learn from "./learn.js";
import * as inside from "./inside.js";
import * as midi from "./midi-in.js";
import * as sound from "./sound.js";
import * as samples from "./samples.js";

function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = (value) => {
    document.documentElement.dataset.theme = value || (dark.matches ? "dark" : "light");
    roll.forgetColours();
    emit("theme");
  };
  apply(localStorage.getItem("theme"));
  dark.addEventListener("change", () => apply(localStorage.getItem("theme")));
  $("#theme").addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", next);
    apply(next);
  });
}

function tabs() {
  const buttons = [...document.querySelectorAll("[role=tab]")];
  const choose = (button) => {
    for (const other of buttons) {
      const chosen = other === button;
      other.setAttribute("aria-selected", chosen ? "true" : "false");
      other.tabIndex = chosen ? 0 : -1;
      $(`#${other.getAttribute("aria-controls")}`).hidden = !chosen;
    }
    emit("tab", button.id);
  };
  for (const [place, button] of buttons.entries()) {
    button.addEventListener("click", () => choose(button));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = buttons[(place + step + buttons.length) % buttons.length];
      next.focus();
      choose(next);
    });
  }
}

function onEvent(name, data) {
  if (data.job && make.isEarly(name, data)) return;
  switch (name) {
    case "node": candidates.onNode(data.node, data.job).catch(complain); break;
    case "draft": candidates.onDraft(data); break;
    case "job": make.onJob(data); break;
    case "judged": {
      const node = state.nodes.get(data.id);
      if (node) node.judgement = data.judgement;
      emit("judged", data);
      break;
    }
    case "kept": {
      const node = state.nodes.get(data.id);
      if (node && !node.kept) {
        node.kept = true;
        emit("nodes");
      }
      break;
    }
    default: emit(name, data);
  }
}

// Menus close by Escape, and by a click elsewhere.
function menus() {
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("pointerdown", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      $("summary", menu).focus();
    }
  });
}

let opened = false;

async function connect() {
  const data = await api.get("/api/state");
  takeState(data);
  $("#offline").hidden = true;
  if (opened) return;
  opened = true;
  document.title = `${data.folder} – composer studio`;
  $("#project").textContent = data.folder;
  if (data.current) await show(data.current, true);
  else setPiece(Piece.empty(), true);
  $("#welcome").hidden = data.current !== null;
  document.body.classList.add("is-ready");
  window.studioMeasures = { ...window.studioMeasures, ready: performance.now() };
}

window.studio = { state, roll, transport, midi }; // For tests and the console.
roll.start();
for (const part of [pointer, keys, transport, tracks, make, candidates, history, findings, files, learn, inside, midi, sound, samples]) part.start();
menus();
theme();
tabs();
on("server", ([name, data]) => onEvent(name, data));
on("current", () => { $("#welcome").hidden = state.current !== null; });
on("rejected", () => { if (state.current !== null) show(state.current, true).catch(complain); });
$("#complaint button").addEventListener("click", () => { $("#complaint").hidden = true; });
$("#welcome-compose").addEventListener("click", () => { make.choose("compose"); $("#make-button").click(); });
$("#zoom-in").addEventListener("click", () => roll.zoom(1.3));
$("#zoom-out").addEventListener("click", () => roll.zoom(1 / 1.3));
$("#fit").addEventListener("click", roll.fit);
setPressed($("#loop"), false);
setPressed($("#draw"), false);
api.listen(onEvent, connect, () => { $("#offline").hidden = false; });
