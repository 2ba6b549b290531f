// axe-core finds no serious fault, on every page, in both themes.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as t from "./harness.mjs";

export const name = "accessibility (axe-core)";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function run(browser, server, size) {
  for (const theme of ["light", "dark"]) {
    const { page, context } = await t.openPage(browser, server, { size, theme });
    await page.evaluate(axe);
    for (const tab of ["compose", "learn", "inside"]) {
      await page.click(`#tab-${tab}`);
      await page.waitForTimeout(300);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const words = serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
      t.check(!serious.length, `${size} ${theme} ${tab}:\n${words.join("\n")}`);
    }
    await context.close();
  }
}
