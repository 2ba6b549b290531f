// Pictures of the page, for looking at. Usage: node screenshots.mjs FOLDER

import { mkdirSync } from "node:fs";
import path from "node:path";
import * as t from "./harness.mjs";

const out = process.argv[2] || "shots";
mkdirSync(out, { recursive: true });
const server = await t.start(t.newFolder());
const browser = await t.launch();
const shot = (page, name) => page.screenshot({ path: path.join(out, `${name}.png`) });
try {
  for (const [size, theme] of [["wide", "light"], ["wide", "dark"], ["narrow", "light"], ["narrow", "dark"]]) {
    const { page, context, faults } = await t.openPage(browser, server, { size, theme });
    if (size === "wide" && theme === "light") {
      await shot(page, "welcome");
      await page.click("#welcome-compose");
      await t.waitFor(page, () => window.studio.state.group.some((one) => one.piece));
      await shot(page, "writing");
      await t.waitFor(page, () => window.studio.state.group.length && window.studio.state.group.every((one) => one.node));
      await page.click(".card:first-child .primary");
      await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current)?.judgement);
      await shot(page, "kept");
      await page.click(".choice:has(input[value=infill])");
      const ruler = await page.locator("#ruler").boundingBox();
      await page.mouse.move(ruler.x + ruler.width * 0.36, ruler.y + 12);
      await page.mouse.down();
      await page.mouse.move(ruler.x + ruler.width * 0.6, ruler.y + 12, { steps: 4 });
      await page.mouse.up();
      await page.click("#make-button");
      await t.waitFor(page, () => window.studio.state.group.length === 4 && window.studio.state.group.every((one) => one.node));
      await page.click(".card:nth-child(2) .mini-button");
      await page.waitForTimeout(300);
    }
    await page.waitForTimeout(400);
    await shot(page, `compose-${size}-${theme}`);
    if (size === "narrow") await page.screenshot({ path: path.join(out, `compose-${size}-${theme}-full.png`), fullPage: true });
    for (const fault of faults) console.log(`${size} ${theme}: ${fault}`);
    await context.close();
  }
} finally {
  await browser.close();
  await t.stop(server);
}
