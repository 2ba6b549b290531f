// The tracks: colour, name, mute, solo and lock; and what is selected, in words.

import { $, h, replace, icon, plural } from "./dom.js";
import { trackName } from "./piece.js";
import { state, on, toggle } from "./state.js";
import { TRACK_COLOURS } from "./roll.js";

export function start() {
  on("piece tracks", render);
  on("selection piece", words);
}

function render() {
  const { piece } = state;
  if (!piece) return;
  replace($("#tracks"), piece.tracks.map((track, index) => {
    const name = trackName(track, index);
    return h("li", { class: "track" },
      h("span", { class: `swatch track-${index % TRACK_COLOURS}` }),
      h("span", { class: "track-name", title: name }, name),
      button("M", `Mute ${name}`, state.muted, index),
      button("S", `Solo ${name}`, state.soloed, index),
      button(icon("lock"), `Lock ${name}: it stays when music is written`, state.locked, index));
  }));
}

function button(content, label, set, index) {
  return h("button", {
    type: "button", class: "mini", "aria-label": label, title: label,
    "aria-pressed": set.has(index) ? "true" : "false",
    onclick: (event) => {
      const { parentElement } = event.currentTarget;
      const place = [...parentElement.children].indexOf(event.currentTarget);
      toggle(set, index, "tracks");
      // The list is new: the focus goes to the same button.
      $("#tracks").children[index]?.children[place]?.focus();
    },
  }, content);
}

export function barsText() {
  if (!state.bars) return null;
  const [first, last] = state.bars;
  return first === last ? `bar ${first + 1}` : `bars ${first + 1}–${last + 1}`;
}

function words() {
  if (!state.piece) return;
  const parts = [];
  if (state.bars) parts.push(barsText());
  if (state.notes.size) parts.push(plural(state.notes.size, "note"));
  $("#selection").textContent = parts.length
    ? `Selected: ${parts.join(", ")}`
    : `${plural(state.piece.bars.length, "bar")}, ${plural(state.piece.notes.length, "note")}`;
}
