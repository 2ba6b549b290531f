// Firefox by WebDriver BiDi, as far as the tests of the studio need a browser: as many of playwright's methods as they call, by the same names.
// Firefox speaks the protocol itself; playwright's own Firefox would be a download.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import WebSocket from "ws";

const START = 60000; // milliseconds
const WAIT = 60000;

const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

// Settings of a browser that only tests use.
const preferences = (downloads) => ({
  "browser.shell.checkDefaultBrowser": false, "browser.startup.homepage_override.mstone": "ignore", "datareporting.policy.dataSubmissionEnabled": false,
  "app.update.disabledForTesting": true, "browser.download.folderList": 2, "browser.download.dir": downloads, "browser.download.useDownloadDir": true,
  "browser.helperApps.deleteTempFileOnExit": false, "browser.download.alwaysOpenPanel": false, "media.autoplay.default": 0,
  "browser.safebrowsing.downloads.enabled": false, "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false,
  "extensions.getAddons.cache.enabled": false, "dom.min_background_timeout_value": 25, "remote.active-protocols": 1,
  "browser.helperApps.neverAsk.saveToDisk": "audio/midi,application/xml,audio/wav,application/zip,application/json,text/plain,application/octet-stream",
});

// A sound server whose sound goes nowhere: without any device, the audio clock of Firefox stands still.
async function soundServer(folder) {
  const socket = path.join(folder, "sound");
  const modules = ["-L", "module-null-sink", "-L", `module-native-protocol-unix socket=${socket} auth-anonymous=1`];
  const child = spawn("pulseaudio", ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", ...modules],
    { stdio: "ignore", env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder } });
  child.on("error", () => {});
  for (let tries = 0; tries < 100 && !existsSync(socket); tries++) await pause(100);
  return { child, server: `unix:${socket}` };
}

// Starts the browser of a path.
export async function launchFirefox(program) {
  const folder = mkdtempSync(path.join(tmpdir(), "composer-firefox-"));
  const downloads = path.join(folder, "downloads");
  mkdirSync(downloads);
  const lines = Object.entries(preferences(downloads)).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
  writeFileSync(path.join(folder, "user.js"), lines.join("\n"));
  const sound = await soundServer(folder);
  const child = spawn(program, ["--headless", "--no-remote", "--profile", folder, "--remote-debugging-port", "0", "about:blank"],
    { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, HOME: folder, PULSE_SERVER: sound.server } });
  let errors = "";
  const url = await new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`Firefox does not start: ${errors}`)), START);
    child.stderr.on("data", (data) => {
      errors += data;
      const found = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(errors);
      if (found) { clearTimeout(timer); done(found[1]); }
    });
    child.on("exit", (code) => fail(new Error(`Firefox ended with ${code}: ${errors}`)));
  });
  const session = await Session.open(`${url}/session`);
  return new Browser(session, child, folder, downloads, sound.child);
}

// Commands and events over one connection.
class Session {
  static async open(url) {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 512 << 20 });
    await new Promise((done, fail) => { socket.on("open", done); socket.on("error", fail); });
    const session = new Session(socket);
    await session.send("session.new", { capabilities: {} });
    await session.send("session.subscribe", { events: ["log.entryAdded"] });
    return session;
  }

  constructor(socket) {
    this.socket = socket;
    this.last = 0;
    this.waiting = new Map();
    this.listeners = new Set();
    socket.on("message", (data) => {
      const message = JSON.parse(data);
      if (message.type === "event") for (const listener of this.listeners) listener(message);
      const answer = this.waiting.get(message.id);
      if (!answer) return;
      this.waiting.delete(message.id);
      if (message.type === "error") answer.fail(new Error(`${answer.method}: ${message.error}: ${message.message}`));
      else answer.done(message.result);
    });
  }

  send(method, params) {
    const id = ++this.last;
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail, method });
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

class Browser {
  constructor(session, child, folder, downloads, sound) {
    Object.assign(this, { session, child, folder, downloads, sound, open: new Set() });
  }

  contexts() {
    return [...this.open];
  }

  async newContext({ viewport }) {
    const { userContext } = await this.session.send("browser.createUserContext", {});
    const context = new Context(this, userContext, viewport);
    this.open.add(context);
    return context;
  }

  async close() {
    const ended = new Promise((done) => { this.child.once("exit", done); });
    this.session.send("browser.close", {}).catch(() => {});
    await Promise.race([ended, pause(5000)]);
    this.child.kill("SIGKILL");
    this.sound.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Context {
  constructor(browser, id, viewport) {
    Object.assign(this, { browser, id, viewport, all: [] });
  }

  pages() {
    return this.all;
  }

  async newPage() {
    const { session } = this.browser;
    const { context } = await session.send("browsingContext.create", { type: "tab", userContext: this.id });
    await session.send("browsingContext.setViewport", { context, viewport: this.viewport });
    const page = new Page(this.browser, context);
    this.all.push(page);
    return page;
  }

  async close() {
    this.browser.open.delete(this);
    await this.browser.session.send("browser.removeUserContext", { userContext: this.id });
  }
}

// The elements that a selector finds within what an expression of the page is.
async function all(page, within, selector) {
  const found = `${within}.querySelectorAll(${JSON.stringify(selector)})`;
  const count = await page.evaluate(`${found}.length`);
  return Array.from({ length: count }, (_, place) => new Element(page, `${found}[${place}]`));
}

// An element, by an expression of the page.
class Element {
  constructor(page, expression, selector = null) {
    Object.assign(this, { page, expression, selector });
  }

  ask(what) {
    return this.page.evaluate(`(${what})(${this.expression})`);
  }

  $(selector) {
    return new Element(this.page, `${this.expression}.querySelector(${JSON.stringify(selector)})`);
  }

  $$(selector) {
    return all(this.page, this.expression, selector);
  }

  isVisible() {
    return this.ask((element) => element !== null && element.getClientRects().length > 0);
  }

  async isHidden() {
    return !(await this.isVisible());
  }

  isDisabled() {
    return this.ask((element) => element.disabled);
  }

  textContent() {
    return this.ask((element) => element.textContent);
  }

  async allTextContents() {
    return Promise.all((await this.page.$$(this.selector)).map((one) => one.textContent()));
  }

  boundingBox() {
    return this.ask((element) => { const { x, y, width, height } = element.getBoundingClientRect(); return { x, y, width, height }; });
  }

  focus() {
    return this.ask((element) => element.focus());
  }

  // Waits until the mouse can reach it, and clicks it as a person does.
  async click() {
    await this.page.waitForFunction(`() => (${reachable})(${this.expression})`, null, { timeout: 20000 });
    const { x, y, width, height } = await this.boundingBox();
    await this.page.move(x + width / 2, y + height / 2, 1);
    await this.page.point({ type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 });
  }
}

// In the page: whether an element is where the mouse hits it; if not, it is scrolled to.
function reachable(element) {
  if (!element || element.disabled || !element.getClientRects().length) return false;
  element.scrollIntoView({ block: "nearest", inline: "nearest" });
  const box = element.getBoundingClientRect();
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (hit && (element.contains(hit) || hit.contains(element))) return true;
  element.scrollIntoView({ block: "center" });
  return false;
}

const NAMED = {
  Control: "\uE009", Alt: "\uE00A", Shift: "\uE008", Enter: "\uE007", Escape: "\uE00C", Tab: "\uE004", Delete: "\uE017", Home: "\uE011", End: "\uE010",
  ArrowLeft: "\uE012", ArrowUp: "\uE013", ArrowRight: "\uE014", ArrowDown: "\uE015", PageUp: "\uE00E", Space: " ",
};

class Page {
  constructor(browser, id) {
    Object.assign(this, { browser, id });
    this.at = { x: 0, y: 0 };
    this.mouse = {
      move: (x, y, { steps = 1 } = {}) => this.move(x, y, steps),
      down: () => this.point({ type: "pointerDown", button: 0 }),
      up: () => this.point({ type: "pointerUp", button: 0 }),
      dblclick: async (x, y) => {
        await this.move(x, y, 1);
        const [down, up] = [{ type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }];
        await this.point(down, up, down, up);
      },
    };
    this.keyboard = { press: (keys) => this.press(keys) };
  }

  // "console" and "pageerror", as playwright has them.
  on(kind, listener) {
    this.browser.session.listeners.add(({ method, params }) => {
      if (method !== "log.entryAdded" || params.source.context !== this.id) return;
      if (kind === "console" && params.type === "console") listener({ type: () => params.level, text: () => params.text || "" });
      if (kind === "pageerror" && params.type === "javascript" && params.level === "error") listener({ message: params.text || "", stack: "" });
    });
  }

  async goto(url) {
    await this.browser.session.send("browsingContext.navigate", { context: this.id, url, wait: "complete" });
  }

  async addInitScript(script) {
    await this.browser.session.send("script.addPreloadScript", { functionDeclaration: String(script), contexts: [this.id] });
  }

  async evaluate(script, argument) {
    const text = typeof script === "string" ? `() => (${script}\n)` : String(script);
    const { type, result, exceptionDetails } = await this.browser.session.send("script.callFunction", {
      functionDeclaration: `async (argument) => JSON.stringify(await (${text})(JSON.parse(argument)))`,
      arguments: [{ type: "string", value: JSON.stringify(argument ?? null) }], target: { context: this.id }, awaitPromise: true, userActivation: true,
    });
    if (type === "exception") throw new Error(exceptionDetails.text);
    return result.type === "string" ? JSON.parse(result.value) : undefined;
  }

  async waitForFunction(test, argument, { timeout = WAIT, polling = 50 } = {}) {
    const end = Date.now() + timeout;
    while (!(await this.evaluate(`(${test})(${JSON.stringify(argument ?? null)}) ? 1 : 0`).catch(() => 0))) {
      if (Date.now() > end) throw new Error(`it did not come: ${test}`);
      await pause(polling);
    }
  }

  waitForSelector(selector, { timeout = WAIT } = {}) {
    return this.waitForFunction((wanted) => {
      const element = document.querySelector(wanted);
      return element !== null && element.getClientRects().length > 0;
    }, selector, { timeout });
  }

  waitForTimeout(milliseconds) {
    return pause(milliseconds);
  }

  // The next file that is downloaded, when it is there as a whole.
  async waitForEvent(kind) {
    if (kind !== "download") throw new Error(`no event ${kind}`);
    const { downloads } = this.browser;
    const before = new Set(readdirSync(downloads));
    for (const end = Date.now() + WAIT; Date.now() < end; await pause(50)) {
      const now = readdirSync(downloads);
      const name = now.find((one) => !before.has(one));
      // Until it is complete, it stands beside as a .part, and is empty.
      if (name && !now.some((one) => one.endsWith(".part")) && statSync(path.join(downloads, name)).size) return { path: async () => path.join(downloads, name) };
    }
    throw new Error("nothing was downloaded");
  }

  async screenshot({ path: file }) {
    const { data } = await this.browser.session.send("browsingContext.captureScreenshot", { context: this.id });
    writeFileSync(file, Buffer.from(data, "base64"));
  }

  locator(selector) {
    return new Element(this, `document.querySelector(${JSON.stringify(selector)})`, selector);
  }

  $$(selector) {
    return all(this, "document", selector);
  }

  focus(selector) {
    return this.locator(selector).focus();
  }

  click(selector) {
    return this.locator(selector).click();
  }

  check(selector) {
    return this.click(selector);
  }

  async reload() {
    await this.browser.session.send("browsingContext.reload", { context: this.id, wait: "complete" });
  }

  async fill(selector, value) {
    await this.evaluate(([wanted, text]) => {
      const element = document.querySelector(wanted);
      element.focus();
      element.value = text;
      element.dispatchEvent(new Event("input", { bubbles: true }));
      element.dispatchEvent(new Event("change", { bubbles: true }));
    }, [selector, value]);
  }

  selectOption(selector, value) {
    return this.fill(selector, value);
  }

  async setInputFiles(selector, { name, buffer }) {
    const file = path.join(this.browser.folder, name);
    writeFileSync(file, buffer);
    const { nodes } = await this.browser.session.send("browsingContext.locateNodes", { context: this.id, locator: { type: "css", value: selector } });
    await this.browser.session.send("input.setFiles", { context: this.id, element: { sharedId: nodes[0].sharedId }, files: [file] });
  }

  async move(x, y, steps) {
    const from = this.at;
    this.at = { x, y };
    const places = Array.from({ length: steps }, (_, step) => (step + 1) / steps);
    await this.point(...places.map((share) => ({
      type: "pointerMove", x: Math.round(from.x + share * (x - from.x)), y: Math.round(from.y + share * (y - from.y)), duration: 10,
    })));
  }

  point(...actions) {
    const source = { type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions };
    return this.browser.session.send("input.performActions", { context: this.id, actions: [source] });
  }

  press(keys) {
    const values = keys.split("+").map((key) => NAMED[key] || key);
    const actions = [...values.map((value) => ({ type: "keyDown", value })), ...values.reverse().map((value) => ({ type: "keyUp", value }))];
    return this.browser.session.send("input.performActions", { context: this.id, actions: [{ type: "key", id: "keys", actions }] });
  }
}
