#!/usr/bin/env node
// Looks at every page of the book that scripts/book.sh made, in Chromium without a network, at 390 and 1280 pixels: every formula is set, every
// picture is there, every link of the book has a page and a place on it, no page is wider than the screen or asks for anything from outside.
//
//   npm install --prefix target/pages playwright-core
//   node scripts/check_book.mjs [--shots FOLDER]        after scripts/book.sh
//
// Skips, with a printed reason, without the book, Chromium or playwright-core. COMPOSER_CHROMIUM names another browser.

import { createRequire } from "node:module";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const book = path.resolve("target/book");
const shots = process.argv[2] === "--shots" ? process.argv[3] : null;
if (shots) mkdirSync(shots, { recursive: true });

function playwright() {
  for (const folder of [process.env.COMPOSER_NODE_MODULES, "target/pages", process.cwd()].filter(Boolean)) {
    try {
      return createRequire(path.join(path.resolve(folder), "x.js"))("playwright-core");
    } catch {
      // In the next place, perhaps.
    }
  }
  return null;
}

function pagesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const where = path.join(folder, entry.name);
    if (entry.isDirectory()) return pagesIn(where);
    return entry.name.endsWith(".html") && !(["404.html", "toc.html"].includes(entry.name) || (folder === book && entry.name === "index.html")) ? [where] : [];
  });
}

// In the page: what is wrong with it, its links, its ids.
function look() {
  const wrong = [];
  for (const failed of document.querySelectorAll(".formula.failed")) wrong.push(`formula not set: ${failed.textContent}`);
  for (const code of document.querySelectorAll("code.language-math")) wrong.push(`formula left as code: ${code.textContent}`);
  const prose = document.querySelector("main").cloneNode(true);
  prose.querySelectorAll("pre, code, .formula, script, style").forEach((element) => element.remove());
  if (prose.textContent.includes("$")) wrong.push("a dollar sign is left");
  if (prose.textContent.includes("{{#")) wrong.push("code was not included");
  for (const image of document.images) {
    if (!image.complete || image.naturalWidth === 0) wrong.push(`no picture: ${image.getAttribute("src")}`);
    if (!image.alt) wrong.push(`no alternative text: ${image.getAttribute("src")}`);
  }
  const screen = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > screen) {
    const inBox = (element) => {
      for (let e = element.parentElement; e && e.tagName !== "MAIN"; e = e.parentElement) {
        if (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX)) return true;
      }
      return false;
    };
    const widest = [...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > screen + 1 && !inBox(e));
    const first = widest[0];
    wrong.push(`${document.documentElement.scrollWidth} pixels wide: ${first ? `${first.tagName} ${first.textContent.slice(0, 50)}` : "?"}`);
  }
  const links = [...document.querySelectorAll("a[href]")].map((a) => a.href);
  return { wrong, links, ids: [...document.querySelectorAll("[id]")].map((e) => e.id), formulas: document.querySelectorAll(".formula").length };
}

const found = playwright();
const browserPath = process.env.COMPOSER_CHROMIUM ?? "/usr/bin/chromium";
if (!found || !existsSync(browserPath) || !existsSync(path.join(book, "index.html"))) {
  console.log("skipped: the book (scripts/book.sh), Chromium or playwright-core is not there");
  process.exit(0);
}
const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await found.chromium.launch({ executablePath: browserPath, args });
const pages = pagesIn(book);
const seen = new Map();
const faults = [];
for (const page of pages) {
  const name = path.relative(book, page);
  for (const width of [390, 1280]) {
    const context = await browser.newContext({ viewport: { width, height: 844 }, offline: true });
    const tab = await context.newPage();
    tab.on("request", (request) => {
      if (!/^(file|data|blob):/.test(request.url())) faults.push(`${name}: asks for ${request.url()}`);
    });
    tab.on("pageerror", (error) => faults.push(`${name}: ${error}`));
    await tab.goto(pathToFileURL(page).href);
    await tab.waitForLoadState("load");
    const what = await tab.evaluate(look);
    faults.push(...what.wrong.map((wrong) => `${name}, ${width} pixels: ${wrong}`));
    seen.set(page, what);
    if (shots) await tab.screenshot({ path: path.join(shots, `${name.replaceAll("/", "-").replace(".html", "")}-${width}.png`), fullPage: true });
    await context.close();
  }
}
await browser.close();
for (const [page, { links }] of seen) {
  for (const link of links) {
    const url = new URL(link);
    if (/^(https?|mailto):$/.test(url.protocol)) continue;
    if (url.protocol !== "file:") {
      faults.push(`${path.relative(book, page)}: a link to nothing, ${link}`);
      continue;
    }
    const anchor = decodeURIComponent(url.hash.slice(1));
    url.hash = "";
    const target = fileURLToPath(url);
    const broken = !existsSync(target) || (anchor && seen.has(target) && !seen.get(target).ids.includes(anchor));
    if (broken) faults.push(`${path.relative(book, page)}: a link to nothing, ${path.relative(book, target)}#${anchor}`);
  }
}
const all = [...seen.values()];
for (const fault of new Set(faults)) console.log(fault);
console.log(`${pages.length} pages, ${all.reduce((sum, page) => sum + page.formulas, 0)} formulas, ${new Set(faults).size} faults`);
process.exit(faults.length > 0 ? 1 : 0);
