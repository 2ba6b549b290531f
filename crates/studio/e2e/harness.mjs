// A server in a process of its own, and a browser without a window.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { launchFirefox } from "./bidi.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, "../../..");
export const composer = process.env.COMPOSER || path.join(root, "target/release/composer");
const browserPath = process.env.CHROMIUM || "/usr/bin/chromium";
export const isFirefox = process.env.BROWSER === "firefox";
// While the page is being written: its files come from the sources, and not from the program.
const fromSources = process.env.STUDIO_SOURCES === "1";

export const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };

export function newFolder() {
  return mkdtempSync(path.join(tmpdir(), "composer-studio-"));
}

// Starts a studio; port 0 is any that is free.
export async function start(folder, port = 0) {
  const child = spawn(composer, ["studio", folder, "--port", String(port), "--no-browser"], { stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (data) => { errors += data; });
  const url = await new Promise((done, fail) => {
    child.stdout.on("data", (data) => { const found = /http:\/\/\S+/.exec(String(data)); if (found) done(found[0]); });
    child.on("exit", (code) => fail(new Error(`the studio ended with ${code}: ${errors}`)));
  });
  return { child, url, port: Number(new URL(url).port), folder };
}

export async function stop(server, signal = "SIGTERM") {
  const ended = new Promise((done) => { server.child.once("exit", (code) => done(code)); });
  server.child.kill(signal);
  return ended;
}

export async function launch() {
  if (isFirefox) return launchFirefox(process.env.FIREFOX || "/usr/bin/firefox-esr");
  return chromium.launch({
    executablePath: browserPath,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
  });
}

// A page that remembers what goes wrong; `expected` are texts of errors that belong to a test, `init` is run before the scripts of the page.
export async function openPage(browser, server, { size = "wide", theme = "light", expected = [], init = null } = {}) {
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme: theme, acceptDownloads: true });
  const page = await context.newPage();
  const faults = [];
  const note = (text) => { if (!expected.some((known) => text.includes(known))) faults.push(text); };
  page.on("console", (message) => { if (message.type() === "error") note(message.text()); });
  page.on("pageerror", (error) => note(`${error.message}\n${error.stack}`));
  if (init) await page.addInitScript(init);
  if (fromSources && !isFirefox) await serveSources(page);
  await page.goto(server.url);
  await page.waitForSelector("body.is-ready", { timeout: 20000 });
  return { page, context, faults };
}

async function serveSources(page) {
  const folder = path.join(here, "../src/assets");
  const types = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
  await page.route("**/assets/*", async (route) => {
    const name = new URL(route.request().url()).pathname.split("/").pop();
    const file = path.join(folder, name);
    if (!existsSync(file)) return route.continue();
    return route.fulfill({ body: readFileSync(file), contentType: types[name.split(".").pop()] });
  });
  await page.route((url) => url.pathname === "/", async (route) => {
    const response = await route.fetch();
    const token = /composer-token" content="([^"]+)"/.exec(await response.text())[1];
    const html = readFileSync(path.join(folder, "index.html"), "utf8").replace("{{token}}", token);
    return route.fulfill({ response, body: html });
  });
}

export function check(condition, text) {
  if (!condition) throw new Error(text);
}

// The state that the page's modules share.
export const peek = (page, what) => page.evaluate(what);

export async function waitFor(page, test, argument, timeout = 60000) {
  await page.waitForFunction(test, argument, { timeout, polling: 50 });
}

// A small MIDI file: a scale of quarters over a bass, eight bars of 4/4.
export function tune(bars = 8, perBar = 4) {
  const track = [];
  const push = (...bytes) => track.push(...bytes);
  const delta = (ticks) => (ticks < 128 ? [ticks] : [0x80 | (ticks >> 7), ticks & 127]);
  const scale = [60, 62, 64, 65, 67, 69, 71, 72];
  const length = 1920 / perBar;
  for (let note = 0; note < bars * perBar; note++) {
    const pitch = scale[note % 8];
    push(...delta(0), 0x90, pitch, 80, ...delta(0), 0x90, 48, 60);
    push(...delta(length), 0x80, pitch, 0, ...delta(0), 0x80, 48, 0);
  }
  push(0, 0xff, 0x2f, 0);
  const size = (value) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
  return Buffer.from([..."MThd"].map((c) => c.charCodeAt(0)).concat(size(6), [0, 0, 0, 1, 480 >> 8, 480 & 255],
    [..."MTrk"].map((c) => c.charCodeAt(0)), size(track.length), track));
}

// Drops a file on the page, as a person does from a folder.
export async function drop(page, name, bytes) {
  await page.evaluate(([fileName, data]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(data)], fileName));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, [name, [...bytes]]);
}
