// What the judge found in the piece that is shown: in which bars, why it may be so, what to try.

import { $, h, replace } from "./dom.js";
import { state, on, selectBars } from "./state.js";
import * as roll from "./roll.js";
import * as api from "./api.js";

export function start() {
  on("current judged nodes", render);
}

function barsOf([first, end]) {
  return end - first === 1 ? `bar ${end}` : `bars ${first + 1}–${end}`;
}

function render() {
  const node = state.nodes.get(state.current);
  const list = $("#findings");
  if (!node) {
    replace(list);
    return;
  }
  const { judgement } = node;
  if (!judgement) {
    const ask = h("button", { type: "button", class: "button small", onclick: () => api.post(`/api/nodes/${node.id}/judge`).catch(() => {}) }, "Ask the judge");
    replace(list, h("li", { class: "empty" }, ask));
    return;
  }
  const score = judgement.score === null ? null
    : h("li", { class: "judge-score" }, `${Math.round(judgement.score)} of 100: how much it is like real music, where 50 is usual`);
  const found = judgement.findings.map((finding) => h("li", { class: "finding" },
    h("p", { class: "finding-title" }, finding.sentence),
    finding.bars.length ? h("p", { class: "finding-bars" }, finding.bars.slice(0, 6).map((bars) =>
      h("button", { type: "button", class: "link", onclick: () => choose(bars) }, barsOf(bars)))) : null,
    h("details", {}, h("summary", {}, "Why, and what to try"), h("p", {}, finding.cause), h("p", {}, finding.remedy))));
  const nothing = judgement.nothing ? h("li", { class: "empty" }, judgement.nothing) : null;
  replace(list, [score, ...found, nothing, ...(node.remarks || []).map((remark) => h("li", { class: "remark" }, remark))]);
}

function choose([first, end]) {
  selectBars(first, end - 1);
  roll.reveal(state.piece.barStart(first), state.piece.barEnd(end - 1));
}
