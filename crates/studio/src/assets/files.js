// Files: dropped on the page or chosen, and downloads.

import { $, complain, say } from "./dom.js";
import { state, emit, show } from "./state.js";
import * as api from "./api.js";
import * as edit from "./edit.js";
import * as sound from "./sound.js";

const MAX_FILE = 16 << 20;

export function start() {
  const input = $("#file");
  $("#open").addEventListener("click", () => input.click());
  $("#open-first").addEventListener("click", () => input.click());
  input.addEventListener("change", () => { openAll(input.files); input.value = ""; });
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("is-dropping"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("is-dropping"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("is-dropping");
    openAll(event.dataTransfer.files);
  });
  for (const button of document.querySelectorAll("#export [data-format]")) {
    button.addEventListener("click", () => download(button.dataset.format));
  }
}

async function openAll(files) {
  for (const file of files) {
    if (sound.isFont(file)) {
      await sound.add(file);
      continue;
    }
    if (file.size > MAX_FILE) {
      complain(`${file.name} is larger than 16 MB, which the studio does not open`);
      continue;
    }
    try {
      const node = await api.open(file);
      state.nodes.set(node.id, node);
      emit("nodes");
      await show(node.id);
      emit("opened");
      say(`Opened ${file.name}`);
    } catch (error) {
      complain(error);
    }
  }
}

async function download(format) {
  $("#export").open = false;
  try {
    await edit.saved();
    if (format === "project") await api.download("/api/project.zip");
    else if (state.current === null) complain("There is no piece to download yet.");
    else if (format === "recipe") {
      const recipe = await api.get(`/api/nodes/${state.current}/recipe`);
      api.save(new Blob([JSON.stringify(recipe, null, 2)], { type: "application/json" }), `piece-${state.current}.json`);
    } else await api.download(`/api/nodes/${state.current}/export/${format}${format === "wav" ? sound.query() : ""}`);
    say(`Downloaded as ${format}`);
  } catch (error) {
    complain(error);
  }
}
