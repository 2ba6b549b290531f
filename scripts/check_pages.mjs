#!/usr/bin/env node
// Looks at pages as people do: at 390 and 1280 pixels, light and dark. No page may be wider than the screen, need a network, or break a rule of
// axe-core (contrast, names, headings …); none is larger than 3 MB.
//
//   npm install --prefix target/pages playwright-core axe-core
//   node scripts/check_pages.mjs [--shots FOLDER] PAGE.html …
//
// Skips, with a printed reason, without Chromium or without these two packages. COMPOSER_CHROMIUM names another browser.

import { createRequire } from "node:module";
import { existsSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const pages = process.argv.slice(2);
let shots = null;
if (pages[0] === "--shots") {
  [, shots] = pages.splice(0, 2);
  mkdirSync(shots, { recursive: true });
}

function need(name) {
  for (const folder of [process.env.COMPOSER_NODE_MODULES, "target/pages", process.cwd()].filter(Boolean)) {
    try {
      return createRequire(path.join(path.resolve(folder), "x.js"))(name);
    } catch {
      // In the next place, perhaps.
    }
  }
  return null;
}

const playwright = need("playwright-core");
const axe = need("axe-core");
const browserPath = process.env.COMPOSER_CHROMIUM ?? "/usr/bin/chromium";
if (!playwright || !axe || !existsSync(browserPath)) {
  console.log("skipped: Chromium, playwright-core or axe-core is not there (see the top of scripts/check_pages.mjs)");
  process.exit(0);
}

const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await playwright.chromium.launch({ executablePath: browserPath, args });
const faults = [];
for (const page of pages) {
  const bytes = statSync(page).size;
  if (bytes >= 3_000_000) faults.push(`${page}: ${bytes} bytes`);
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [390, 1280]) {
      const where = `${page}, ${width} pixels, ${colorScheme}`;
      const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme });
      const tab = await context.newPage();
      tab.on("request", (request) => {
        if (!/^(file|data|blob):/.test(request.url())) faults.push(`${where}: asks for ${request.url()}`);
      });
      tab.on("pageerror", (error) => faults.push(`${where}: ${error}`));
      await tab.goto(pathToFileURL(path.resolve(page)).href);
      await tab.waitForLoadState("load");
      const wide = await tab.evaluate(() => {
        const screen = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= screen) return [];
        // What sticks out and is in no box that scrolls on its own.
        const scrolls = (element) => element && (/(auto|scroll|hidden)/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
        return [...document.body.querySelectorAll("*")]
          .filter((element) => element.getBoundingClientRect().right > screen + 1 && !scrolls(element))
          .slice(0, 3).map((element) => element.outerHTML.slice(0, 90));
      });
      if (wide.length) faults.push(`${where}: wider than the screen: ${wide.join("   ")}`);
      await tab.addScriptTag({ content: axe.source });
      const found = await tab.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
      for (const violation of found.violations) {
        const places = violation.nodes.slice(0, 2).map((node) => `${node.html.slice(0, 100)} ${node.any[0]?.message?.slice(0, 140) ?? ""}`);
        faults.push(`${where}: ${violation.id} (${violation.nodes.length}): ${places.join("   ")}`);
      }
      if (shots) await tab.screenshot({ path: path.join(shots, `${path.basename(page, ".html")}-${width}-${colorScheme}.png`), fullPage: true });
      await context.close();
    }
  }
}
await browser.close();
console.log(faults.length ? faults.join("\n") : `${pages.length} pages: nothing to complain of`);
process.exit(faults.length ? 1 : 0);
