// axe-core finds no serious fault, on every page, in both themes: empty, and with a piece, candidates, an open menu, a training.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as t from "./harness.mjs";

export const name = "accessibility (axe-core)";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function audit(page, what) {
  await page.waitForTimeout(300);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const words = serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
  t.check(!serious.length, `${what}:\n${words.join("\n")}`);
  const wide = await t.peek(page, () => document.documentElement.scrollWidth - innerWidth);
  t.check(wide <= 0, `${what}: the page is ${wide} pixels too wide`);
}

// Two candidates, and a finished training, once for all themes.
async function work(page) {
  await t.drop(page, "tune.mid", t.tune());
  await t.waitFor(page, () => window.studio.state.piece?.notes.length === 64);
  await page.click("#tab-learn");
  await t.waitFor(page, () => document.querySelectorAll("#train-preset option").length > 0);
  await page.fill("#train-epochs", "1");
  await page.fill("#train-hidden", "8");
  await page.click("#train-button");
  await t.waitFor(page, () => /Finished/.test(document.querySelector("#train-state").textContent), undefined, 180000);
}

export async function run(browser, server, size) {
  for (const theme of ["light", "dark"]) {
    const { page, context } = await t.openPage(browser, server, { size, theme });
    await page.evaluate(axe);
    const words = (part) => `${size} ${theme} ${part}`;
    for (const tab of ["compose", "learn", "inside"]) {
      await page.click(`#tab-${tab}`);
      await audit(page, words(tab));
    }
    if (theme === "light") await work(page);
    await page.click("#tab-learn");
    await page.click("#runs .link");
    await page.waitForSelector("#samples .card .button:not([disabled])");
    await audit(page, words("learn, with samples"));
    await page.click("#tab-compose");
    await page.click(".choice:has(input[value=vary])");
    await page.selectOption("#candidates-wanted", "2");
    await page.click("#make-button");
    await t.waitFor(page, () => window.studio.state.group.length === 2 && window.studio.state.group.every((one) => one.node));
    await audit(page, words("compose, with candidates"));
    await page.click("#sound-menu summary");
    await audit(page, words("the menu of sounds"));
    await page.keyboard.press("Escape");
    await page.click("#help-button");
    await audit(page, words("keys"));
    await context.close();
  }
}
