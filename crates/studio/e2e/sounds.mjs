// A musician with sounds of his own: a SoundFont, a MIDI instrument that the test imitates, and drums that are humanised.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import * as t from "./harness.mjs";
import { sine } from "./soundfont.mjs";

export const name = "SoundFont, MIDI out and humanise";

// What a browser with one MIDI instrument has; the page gets it before its own scripts.
function imitateMidi() {
  window.sent = [];
  const output = {
    id: "synth", name: "Test synthesiser", state: "connected",
    send: (data, time = performance.now()) => window.sent.push({ data: [...data], time, at: performance.now() }),
  };
  navigator.requestMIDIAccess = async () => ({ inputs: new Map(), outputs: new Map([[output.id, output]]), onstatechange: null });
}

const kind = (page) => t.peek(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind);

const choice = (value) => `.menu-choice:has(input[value="${value}"])`;

async function choose(page, value) {
  await page.click("#sound-menu summary");
  await page.click(choice(value));
  await page.keyboard.press("Escape");
}

async function midiOut(page) {
  await page.click("#sound-menu summary");
  await page.click("#find-midi");
  await page.waitForSelector(choice("midi:synth"));
  await page.keyboard.press("Escape");
  await choose(page, "midi:synth");
  await page.click("#to-start");
  await page.click("#play");
  await t.waitFor(page, () => window.sent.filter(({ data }) => data[0] === 0x90).length >= 8);
  await page.click("#play");
  const atStop = await t.peek(page, () => window.sent.length);
  await page.waitForTimeout(400);
  const sent = await t.peek(page, () => window.sent);
  t.check(sent.length === atStop, "nothing is sent after the stop");
  const starts = [...new Set(sent.filter(({ data }) => data[0] === 0x90).map(({ time }) => time))];
  for (let place = 1; place < starts.length; place++) {
    const gap = starts[place] - starts[place - 1];
    t.check(Math.abs(gap - 500) < 8, `quarters at 120 come every 500 ms: ${gap}`);
  }
  t.check(sent.filter(({ data }) => data[0] === 0x90).every(({ time, at }) => time >= at - 20), "notes are sent before their time");
  for (const { data, time } of sent.filter(({ data: [status] }) => status === 0x90)) {
    t.check(sent.some((off) => off.data[0] === 0x80 && off.data[1] === data[1] && off.time >= time), `note ${data[1]} ends`);
  }
  const last = sent.slice(-4).map(({ data }) => data.slice(0, 2).join());
  t.check(last.includes("176,123") && last.includes("176,64"), `all notes off, pedal up: ${last}`);
}

async function soundFont(page, server) {
  await page.setInputFiles("#font-file", { name: "letter.sf2", mimeType: "application/octet-stream", buffer: Buffer.from("a letter") });
  await page.waitForSelector("#complaint:not([hidden])");
  t.check(/no SoundFont/.test(await page.locator("#complaint span").textContent()), "a sentence");
  await page.click("#complaint button");
  await page.setInputFiles("#font-file", { name: "sine.sf2", mimeType: "application/octet-stream", buffer: sine() });
  await t.waitFor(page, () => document.querySelector("#sound-menu summary").title === "Sound: sine.sf2");
  t.check(readdirSync(path.join(server.folder, "sounds")).join() === "sine.sf2", "it is in the folder of the project");
  const before = await t.peek(page, () => window.sent.length);
  await page.click("#to-start");
  await page.click("#play");
  await t.waitFor(page, () => document.body.classList.contains("is-playing"));
  await t.waitFor(page, () => window.studio.roll.cursor() > window.studio.state.piece.ticks / 2);
  // It goes on while a track is muted, and while a note is changed.
  await page.click("#tracks .mini");
  await page.waitForTimeout(300);
  t.check(await t.peek(page, () => document.body.classList.contains("is-playing")), "it plays on");
  await page.click("#tracks .mini");
  await page.click("#play");
  t.check(await t.peek(page, () => window.sent.length) === before, "the MIDI instrument is silent");
  await page.click("#export summary");
  const [file] = await Promise.all([page.waitForEvent("download"), page.click("#export [data-format=wav]")]);
  t.check(readFileSync(await file.path()).subarray(0, 4).toString("latin1") === "RIFF", "sound with the SoundFont");
  await choose(page, "");
}

async function humanise(page) {
  await page.click(".choice:has(input[value=humanise])");
  t.check(await page.locator("#make-button").isDisabled(), "there are no drums yet");
  t.check(/drums/.test(await page.locator("#hint").textContent()), "and it says so");
  await page.selectOption("#candidates-wanted", "1");
  await page.click(".choice:has(input[value=drum])");
  await page.click("#make-button");
  await t.waitFor(page, () => window.studio.state.group.length === 1 && window.studio.state.group[0].node);
  await page.click(".card .primary");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind === "drum");
  const drums = () => t.peek(page, () => window.studio.state.piece.notes.filter(({ channel }) => channel === 9).map(({ vel }) => vel));
  const before = await drums();
  await page.click(".choice:has(input[value=humanise])");
  await page.click("#make-button");
  await t.waitFor(page, () => window.studio.state.group[0]?.node?.operation.kind === "humanise");
  await page.click(".card .primary");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind === "humanise");
  const after = await drums();
  t.check(before.length > 0 && after.length === before.length, `${before.length} drums, then ${after.length}`);
  t.check(new Set(after).size > new Set(before).size, "they have velocities of their own");
  await page.click("#undo");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind === "drum");
}

export async function run(browser, server, size) {
  // What is no SoundFont is refused, which the browser writes into its console.
  const { page, context, faults } = await t.openPage(browser, server, { size, init: imitateMidi, expected: ["400 (Bad Request)"] });
  await t.drop(page, "tune.mid", t.tune());
  await t.waitFor(page, () => window.studio.state.piece?.notes.length === 64);
  await midiOut(page);
  await soundFont(page, server);
  await humanise(page);
  t.check(await kind(page) === "drum", "the drums are shown");
  t.check(!faults.length, faults.join("\n"));
  await context.close();
}
