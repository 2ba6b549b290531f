// A person with a mouse: drop a file, select bars, infill, listen, keep, undo, edit, download, while everything is written down.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as t from "./harness.mjs";

export const name = "compose with the mouse";

async function selectBars(page, first, last) {
  const ruler = await page.locator("#ruler").boundingBox();
  const at = (bar) => page.evaluate((index) => {
    const { state, roll } = window.studio;
    return (roll.xOf(state.piece.barStart(index)) + roll.xOf(state.piece.barEnd(index))) / 2;
  }, bar - 1);
  await page.mouse.move(ruler.x + await at(first), ruler.y + 14);
  await page.mouse.down();
  await page.mouse.move(ruler.x + await at(last), ruler.y + 14, { steps: 4 });
  await page.mouse.up();
}

// The middle of a note on the screen.
async function pointOf(page, place, edge = 0.5) {
  const box = await page.locator("#roll").boundingBox();
  const at = await page.evaluate(([index, share]) => {
    const { state, roll } = window.studio;
    const note = state.piece.notes[index];
    return { x: roll.xOf(note.on + note.dur * share), y: roll.yOf(note.pitch) + roll.view.row / 2 };
  }, [place, edge]);
  return { x: box.x + at.x, y: box.y + at.y };
}

// The command makes the kept infill exactly again from its recipe.
async function again(page, server) {
  const { recipe, music } = await page.evaluate(async () => {
    const node = [...window.studio.state.nodes.values()].find(({ operation, kept }) => operation.kind === "infill" && kept);
    const { get } = await import("/assets/api.js");
    return get(`/api/nodes/${node.id}/recipe`);
  });
  const file = path.join(server.folder, "music", `${music}.mid.json`);
  writeFileSync(file, JSON.stringify(recipe));
  const out = path.join(server.folder, "again.mid");
  execFileSync(t.composer, ["again", file, "--output", out], { cwd: server.folder });
  t.check(readFileSync(out).equals(readFileSync(path.join(server.folder, "music", `${music}.mid`))), "composer again makes the same");
}

export async function run(browser, server, size) {
  const { page, context, faults } = await t.openPage(browser, server, { size });
  await t.drop(page, "tune.mid", t.tune());
  await t.waitFor(page, () => window.studio.state.piece?.notes.length === 64);
  t.check(await page.locator("#welcome").isHidden(), "the welcome goes");

  await selectBars(page, 3, 4);
  t.check((await t.peek(page, () => window.studio.state.bars)).join() === "2,3", "bars 3 and 4 are selected");
  await page.click(".choice:has(input[value=infill])");
  await page.selectOption("#candidates-wanted", "2");
  await page.selectOption("#model", "compose");
  const began = Date.now();
  await page.click("#make-button");
  await page.waitForSelector(".card");
  await t.waitFor(page, () => window.studio.state.group.length === 2 && window.studio.state.group.every((one) => one.node));
  console.log(`    two infills of two bars in ${Date.now() - began} ms`);

  await page.click(".card:nth-child(2) .small:not(.primary)");
  await t.waitFor(page, () => document.body.classList.contains("is-playing"));
  await t.waitFor(page, () => window.studio.roll.cursor() > window.studio.state.piece.ticks * 4.5);
  await page.click("#play");
  t.check(!(await t.peek(page, () => document.body.classList.contains("is-playing"))), "it pauses");
  await page.click(".card:nth-child(2) .primary");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).kept);
  const outside = await t.peek(page, () => {
    const { state } = window.studio;
    return state.piece.notes.filter((note) => note.on < state.piece.barStart(2) || note.on >= state.piece.barStart(4)).length;
  });
  t.check(outside === 48, `the notes around the bars stay: ${outside}`);

  await page.click("#undo");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind === "open");
  await page.click("#redo");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind === "infill");

  await page.evaluate(() => scrollTo(0, 0));
  // Drag the first note two semitones up, stretch it, add one by a double click, delete that.
  const before = await t.peek(page, () => ({ ...window.studio.state.piece.notes.find((note) => note.pitch === 60 && note.on === 0) }));
  const index = await t.peek(page, () => window.studio.state.piece.notes.findIndex((note) => note.pitch === 60 && note.on === 0));
  const row = await t.peek(page, () => window.studio.roll.view.row);
  let at = await pointOf(page, index, 0.3);
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x + 1, at.y - 2 * row, { steps: 4 });
  await page.mouse.up();
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind === "edit");
  const moved = await t.peek(page, () => ({ ...[...window.studio.state.notes][0] }));
  t.check(moved.pitch === before.pitch + 2 && moved.on === before.on, `moved to ${JSON.stringify(moved)}`);
  await page.keyboard.press("Alt+ArrowRight");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.what?.startsWith("Lengthened"));
  await page.evaluate(() => scrollTo(0, 0));
  const box = await page.locator("#roll").boundingBox();
  // A visible row without a note at that place.
  const free = await page.evaluate((high) => {
    const { roll } = window.studio;
    let y = high - 1.5 * roll.view.row;
    while (roll.noteAt(30, y)) y -= roll.view.row;
    return y;
  }, box.height);
  await page.mouse.dblclick(box.x + 30, box.y + free);
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.what === "Added a note");
  await page.keyboard.press("Delete");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.what?.startsWith("Deleted"));
  await page.keyboard.press("Control+z");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.what === "Added a note");

  for (const [format, begin] of [["midi", "MThd"], ["musicxml", "<?xml"], ["wav", "RIFF"], ["project", "PK"], ["recipe", "{"]]) {
    await page.click("#export summary");
    const [file] = await Promise.all([page.waitForEvent("download"), page.click(`#export [data-format=${format}]`)]);
    const bytes = readFileSync(await file.path());
    t.check(bytes.subarray(0, begin.length).toString("latin1") === begin, `${format} begins with ${begin}`);
  }

  await again(page, server);

  // A long request stops at once, and what is wrong is said in a sentence.
  await page.keyboard.press("Escape");
  await page.click(".choice:has(input[value=compose])");
  await page.fill("#bars", "200");
  await page.click("#make-button");
  await t.waitFor(page, () => window.studio.state.group[0]?.piece?.notes.length > 0);
  const stopping = Date.now();
  await page.click("#cancel");
  await t.waitFor(page, () => window.studio.state.job === null);
  console.log(`    stopped in ${Date.now() - stopping} ms`);
  await page.fill("#chords", "Xyz");
  await page.click("#make-button");
  await page.waitForSelector("#complaint:not([hidden])");
  t.check((await page.locator("#complaint span").textContent()).length > 10, "a sentence");
  await page.click("#complaint button");
  await page.fill("#chords", "");
  const wide = await t.peek(page, () => document.documentElement.scrollWidth - innerWidth);
  t.check(wide <= 0, `the page is ${wide} pixels too wide`);
  t.check(!faults.length, faults.join("\n"));
  await context.close();
}
