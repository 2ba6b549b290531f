// Listening tests as participants take them: 20 answers with a reload and a killed server in between, every kind of study by keyboard,
// and axe-core on every page, wide and narrow, light and dark. Run by scripts/listen_e2e.sh.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import * as t from "./harness.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env.SHOTS;
const assets = path.join(t.root, "crates/studio/src/assets/listen");

// A study of a kind of small tunes.
function newStudy(folder, kind, pieces, change = (text) => text) {
  for (const [place, system] of ["people", "machine", "other"].entries()) {
    mkdirSync(path.join(folder, system), { recursive: true });
    for (let piece = 0; piece < pieces; piece++) {
      writeFileSync(path.join(folder, system, `tune-${piece}.mid`), t.tune(4, 4 + place * 2 + (piece % 3)));
    }
  }
  const systems = kind === "mushra" ? ["people", "machine", "other"] : ["people", "machine"];
  execFileSync(t.composer, ["listen", "new", ...systems.map((system) => path.join(folder, system)), "--kind", kind, "--seconds", "2",
    "-o", path.join(folder, kind), "--quiet"]);
  const file = path.join(folder, kind, "STUDY.toml");
  writeFileSync(file, change(readFileSync(file, "utf8").replace(/minimum_seconds = .*/, "minimum_seconds = 0.3")));
  return file;
}

async function serve(file, port = 0, args = []) {
  const child = spawn(t.composer, ["listen", "serve", file, "--port", String(port), "--json", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (data) => { errors += data; });
  const said = await new Promise((done, fail) => {
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
      try { done(JSON.parse(text)); } catch { /* There is more. */ }
    });
    child.on("exit", (code) => fail(new Error(`the server ended with ${code}: ${errors}`)));
  });
  return { child, ...said, port: Number(new URL(said.url).port) };
}

async function open(browser, url, { size = "wide", theme = "light", expected = [] } = {}) {
  const context = await browser.newContext({ viewport: t.SIZES[size], colorScheme: theme });
  const page = await context.newPage();
  const faults = [];
  const note = (text) => { if (!expected.some((known) => text.includes(known))) faults.push(text); };
  page.on("console", (message) => { if (message.type() === "error") note(message.text()); });
  page.on("pageerror", (error) => note(`${error.message}\n${error.stack}`));
  // While the page is being written, its files come from the sources, and not from the program.
  if (process.env.STUDIO_SOURCES === "1") {
    await page.route("**/assets/*", (route) => {
      const file = path.join(assets, new URL(route.request().url()).pathname.split("/").pop());
      return existsSync(file) ? route.fulfill({ path: file }) : route.continue();
    });
  }
  await page.goto(url);
  return { page, context, faults };
}

const stage = (page, name) => page.waitForFunction((wanted) => document.body.dataset.stage === wanted, name, { timeout: 30000 });
const trialNumber = (page) => page.evaluate(() => Number(document.body.dataset.trial));

// Everything of a page that a check or a picture needs; `name` is what it shows.
async function look(page, name, { size, theme }, done) {
  if (done.has(`${name}`)) return;
  done.add(name);
  const fits = await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  t.check(fits, `${name} ${size}: the page is wider than the window`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const words = violations.map(({ id, impact, help, nodes }) => `${id} (${impact}): ${help}: ${nodes.slice(0, 3).map((node) => node.target).join("; ")}`);
  t.check(!violations.length, `${name} ${size} ${theme}:\n${words.join("\n")}`);
  if (shots) await page.screenshot({ path: path.join(shots, `${name}-${size}-${theme}.png`), fullPage: true });
}

// From the first page to the first trial.
async function begin(page, seen = async () => {}) {
  await stage(page, "consent");
  await seen("consent");
  await page.check("#agree");
  await page.click("button.primary");
  await stage(page, "volume");
  await page.click(".play");
  await page.waitForSelector(".heard.is-enough", { timeout: 30000 });
  await seen("volume");
  await page.click("button.primary");
  await stage(page, "questionnaire");
  for (const box of await page.$$("fieldset")) await (await box.$("label")).click();
  await seen("questionnaire");
  await page.click("button.primary");
  await stage(page, "trial");
}

// Hears every sound.
async function hear(page) {
  const buttons = await page.$$("main .play");
  for (const [place, button] of buttons.entries()) {
    await button.click();
    await page.waitForFunction((at) => document.querySelectorAll("main .play")[at]?.closest(".sound, .grade").querySelector(".heard").classList.contains("is-enough"),
      place, { timeout: 30000 });
  }
}

async function next(page) {
  const before = await page.evaluate(() => document.body.dataset.trial);
  await page.click("button.primary");
  await page.waitForFunction((was) => document.body.dataset.trial !== was, before, { timeout: 60000 });
}

// Chooses something in every group of a trial.
async function choose(page, place) {
  for (const box of await page.$$("main fieldset")) {
    const labels = await box.$$("label");
    await labels[place % labels.length].click();
  }
  for (const slider of await page.$$(".grade input")) {
    await slider.focus();
    await page.keyboard.press(place % 2 ? "ArrowRight" : "PageUp");
  }
}

const TESTS = {
  async "20 answers, a reload and a killed server in between"(browser, folder) {
    const file = newStudy(folder, "pairs", 16);
    let server = await serve(file);
    const { page, context, faults } = await open(browser, server.url, { expected: ["Failed to load resource", "ERR_"] });
    await begin(page);
    const given = [];
    while (given.length < 20) {
      t.check(await trialNumber(page) === given.length + 1, `trial ${given.length + 1} is next`);
      if (given.length === 6) {
        await page.reload();
        await stage(page, "trial");
        t.check(await trialNumber(page) === 7, "a reload goes on at the same trial");
      }
      await hear(page);
      await choose(page, given.length);
      given.push(await page.evaluate(() => document.querySelector("input[name=answer]:checked").value));
      if (given.length === 12) {
        // The answer meets no server, is kept by the page, and is sent when there is one again.
        await t.stop(server, "SIGKILL");
        await page.click("button.primary");
        await page.waitForSelector("#offline:not([hidden])", { timeout: 20000 });
        server = await serve(file, server.port);
        await page.waitForFunction(() => document.body.dataset.trial === "13", undefined, { timeout: 30000 });
        t.check(await page.evaluate(() => document.querySelector("#offline").hidden), "the page is back");
      } else {
        await next(page);
      }
    }
    await stage(page, "end");
    t.check(!faults.length, faults.join("\n"));
    t.check(await t.stop(server) === 0, "SIGTERM ends it cleanly");
    const lines = readFileSync(path.join(folder, "pairs/answers.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
    const kept = lines.filter(({ kind }) => kind === "pair").sort((a, b) => a.trial - b.trial);
    t.check(JSON.stringify(kept.map(({ answer }) => answer)) === JSON.stringify(given), `kept: ${kept.map(({ answer }) => answer)}, given: ${given}`);
    t.check(kept.filter((line) => line.catch).length === 2 && kept.filter((line) => line.repeat_of).length === 2, "catch trials and repeats");
    const summary = JSON.parse(execFileSync(t.composer, ["listening", path.join(folder, "pairs"), "--json", "--html", path.join(folder, "results.html")]));
    t.check(summary.quality.listeners.length === 1 && summary.left_out.catches === 2, "it is analysed");
    if (shots) {
      const results = await context.newPage();
      await results.goto(`file://${path.join(folder, "results.html")}`);
      await results.screenshot({ path: path.join(shots, "results.png"), fullPage: true });
    }
    await context.close();
  },

  async "every page of every kind: axe-core, wide and narrow, light and dark"(browser, folder) {
    const kinds = ["pairs", "human-or-machine", "rating", "abx", "mushra"];
    const files = kinds.map((kind) => newStudy(folder, kind, 2));
    for (const [size, theme] of [["wide", "light"], ["wide", "dark"], ["narrow", "light"], ["narrow", "dark"]]) {
      const done = new Set();
      for (const [place, kind] of kinds.entries()) {
        const server = await serve(files[place]);
        const { page, context, faults } = await open(browser, server.url, { size, theme });
        const seen = (name) => look(page, name, { size, theme }, done);
        await begin(page, seen);
        await page.click("button.primary");
        await page.waitForSelector(".missing.is-urgent");
        await seen(`${kind}-missing`);
        await hear(page);
        await choose(page, 1);
        await seen(kind);
        await next(page);
        if (kind === "human-or-machine" && size === "wide") {
          while (await page.evaluate(() => document.body.dataset.stage) === "trial") {
            await hear(page);
            await choose(page, 0);
            await next(page);
          }
          await seen("end");
        }
        t.check(!faults.length, faults.join("\n"));
        await context.close();
        await t.stop(server);
      }
    }
  },

  async "by keyboard alone"(browser, folder) {
    const server = await serve(newStudy(folder, "rating", 2));
    const { page, context, faults } = await open(browser, server.url);
    const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
    const tabTo = async (test) => {
      for (let steps = 0; steps < 60; steps++) {
        if (await page.evaluate(test)) return;
        await press("Tab");
      }
      throw new Error(`not reached by Tab: ${test}`);
    };
    await stage(page, "consent");
    await tabTo(() => document.activeElement.id === "agree");
    await press("Space", "Enter");
    await stage(page, "volume");
    await press("1");
    await page.waitForSelector(".heard.is-enough", { timeout: 30000 });
    await tabTo(() => document.activeElement.matches("button.primary"));
    await press("Enter");
    await stage(page, "questionnaire");
    for (let question = 0; question < 3; question++) {
      await page.evaluate(() => 0);
      await tabTo(`document.activeElement.name === "question-${question}"`);
      await press("Space");
    }
    await press("Enter");
    await stage(page, "trial");
    await press("1");
    await page.waitForSelector(".heard.is-enough", { timeout: 30000 });
    for (let scale = 0; scale < 4; scale++) {
      await tabTo(`document.activeElement.name === "scale-${scale}"`);
      await press("Space", "ArrowRight", "ArrowRight");
    }
    await tabTo(() => document.activeElement.id === "known");
    await press("Space", "Enter");
    await page.waitForFunction(() => document.body.dataset.trial === "2", undefined, { timeout: 30000 });
    const line = readFileSync(path.join(folder, "rating/answers.jsonl"), "utf8").trim().split("\n").map((text) => JSON.parse(text)).at(-1);
    t.check(line.known && Object.values(line.answer).every((value) => value === 3), JSON.stringify(line));
    t.check(!faults.length, faults.join("\n"));
    await context.close();
    await t.stop(server);
  },

  async "links for participants in a room"(browser, folder) {
    const server = await serve(newStudy(folder, "human-or-machine", 2), 0, ["--tokens"]);
    const { page, context } = await open(browser, server.url, { expected: ["403"] });
    await page.waitForSelector("h2");
    await page.waitForFunction(() => document.querySelector("main").textContent.includes("link of your own"), undefined, { timeout: 20000 });
    await context.close();
    const first = await open(browser, server.links[0]);
    await begin(first.page);
    t.check(!first.page.url().includes("#"), "the token leaves the address");
    // Before the first answer, the volume is set again.
    await first.page.reload();
    await stage(first.page, "volume");
    const again = await open(browser, server.links[0]);
    await again.page.waitForFunction(() => document.body.dataset.stage === "volume", undefined, { timeout: 20000 });
    t.check(!first.faults.length && !again.faults.length, [...first.faults, ...again.faults].join("\n"));
    const text = readFileSync(path.join(folder, "human-or-machine/answers.jsonl"), "utf8");
    t.check(text.split("\n").filter((line) => line.includes('"participant"')).length === 1, "one participant");
    await first.context.close();
    await again.context.close();
    await t.stop(server);
  },
};

const only = process.argv.slice(2);
const browser = await t.launch();
let failed = 0;
for (const [name, run] of Object.entries(TESTS)) {
  if (only.length && !only.some((word) => name.includes(word))) continue;
  // Of the others, what is of the page is looked at in one browser.
  if (t.isFirefox && !name.startsWith("20 answers")) continue;
  const folder = t.newFolder();
  const began = Date.now();
  try {
    await run(browser, folder);
    console.log(`ok    ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${error.stack}`);
    for (const context of browser.contexts()) {
      for (const page of context.pages()) await page.screenshot({ path: `${folder}.png` }).catch(() => {});
      await context.close();
    }
    console.log(`      see ${folder}.png`);
  }
  rmSync(folder, { recursive: true, force: true });
}
await browser.close();
process.exit(failed ? 1 : 0);
