// Pictures of the page in its states, for looking at and for docs/studio.md. Usage: node screenshots.mjs FOLDER

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as t from "./harness.mjs";
import { sine } from "./soundfont.mjs";

// Pictures of the documentation are below 100 kB.
const DOCS = { width: 1040, height: 660 };

const out = process.argv[2] || "shots";
mkdirSync(out, { recursive: true });
const server = await t.start(t.newFolder());
mkdirSync(path.join(server.folder, "sounds"));
writeFileSync(path.join(server.folder, "sounds", "Concert grand.sf2"), sine());
const browser = await t.launch();
const shot = (page, name, options) => page.screenshot({ path: path.join(out, `${name}.png`), ...options });

// A piece, an infill of four bars of it, and one of the candidates shown.
async function compose(page) {
  await shot(page, "welcome");
  await page.selectOption("#key", "G major");
  await page.click("#welcome-compose");
  await t.waitFor(page, () => window.studio.state.group.some((one) => one.piece));
  await shot(page, "writing");
  await t.waitFor(page, () => window.studio.state.group.length && window.studio.state.group.every((one) => one.node));
  await page.click(".card:nth-child(2) .primary");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current)?.judgement);
  await shot(page, "kept");
  await page.click(".choice:has(input[value=infill])");
  const ruler = await page.locator("#ruler").boundingBox();
  await page.mouse.move(ruler.x + ruler.width * 0.36, ruler.y + 12);
  await page.mouse.down();
  await page.mouse.move(ruler.x + ruler.width * 0.6, ruler.y + 12, { steps: 4 });
  await page.mouse.up();
  await page.click("#make-button");
  await t.waitFor(page, () => window.studio.state.group.some((one) => !one.node));
  await t.waitFor(page, () => window.studio.state.group.length === 4 && window.studio.state.group.every((one) => one.node));
  await page.click("#sound-menu summary");
  await shot(page, "sound-menu");
  await page.keyboard.press("Escape");
  await page.click("#export summary");
  await shot(page, "download-menu");
  await page.keyboard.press("Escape");
  await page.click(".card:nth-child(2) .mini-button");
  await t.waitFor(page, () => window.studio.state.group.every((one) => one.node.judgement));
  await page.waitForTimeout(500);
  await page.setViewportSize(DOCS);
  await page.waitForTimeout(300);
  await shot(page, "docs-compose");
  await page.setViewportSize(t.SIZES.wide);
}

async function train(page) {
  await page.click("#tab-learn");
  await t.waitFor(page, () => document.querySelectorAll("#train-preset option").length > 0);
  await page.fill("#train-epochs", "4");
  await page.fill("#train-hidden", "24");
  await page.click("#train-button");
  await page.waitForSelector("#samples .card .button:not([disabled])");
  await page.click("#samples .card .button");
  await page.waitForTimeout(900);
  await shot(page, "training");
  await page.click("#samples .card .button");
  await t.waitFor(page, () => /Finished/.test(document.querySelector("#train-state").textContent), undefined, 280000);
}

async function inside(page) {
  await page.click("#tab-inside");
  await page.waitForSelector("#inside-layers canvas");
  await page.fill("#inside-step", "34");
  await page.fill("#inside-temperature", "1.5");
  await page.click("#inside-gradient");
  await t.waitFor(page, () => /Going back/.test(document.querySelector("#inside-flow-words").textContent));
  await page.evaluate(() => { document.querySelector("#inside").scrollTop = 0; });
  await page.waitForTimeout(300);
}

try {
  for (const [size, theme] of [["wide", "light"], ["wide", "dark"], ["narrow", "light"], ["narrow", "dark"]]) {
    const { page, context, faults } = await t.openPage(browser, server, { size, theme });
    const fullPage = size === "narrow";
    if (size === "wide" && theme === "light") await compose(page);
    await page.waitForTimeout(400);
    await shot(page, `compose-${size}-${theme}`, { fullPage });
    if (size === "wide" && theme === "light") await train(page);
    await page.click("#tab-learn");
    await page.waitForTimeout(500);
    if (size === "wide") await page.click("#runs .link");
    await page.waitForTimeout(300);
    await shot(page, `learn-${size}-${theme}`, { fullPage });
    await inside(page);
    await shot(page, `inside-${size}-${theme}`, { fullPage });
    if (size === "wide" && theme === "light") {
      await page.setViewportSize(DOCS);
      await page.waitForTimeout(300);
      await shot(page, "docs-inside");
      await page.setViewportSize(t.SIZES.wide);
    }
    if (size === "wide") {
      await page.evaluate(() => { document.querySelector("#inside").scrollTop = 1e6; });
      await page.waitForTimeout(200);
      await shot(page, `inside-below-${theme}`);
    }
    for (const fault of faults) console.log(`${size} ${theme}: ${fault}`);
    await context.close();
  }
} finally {
  await browser.close();
  await t.stop(server);
}
