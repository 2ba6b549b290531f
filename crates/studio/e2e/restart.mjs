// The server is killed while it works: nothing that was kept is lost, and the page goes on by itself.

import * as t from "./harness.mjs";

export const name = "kill the server and restart it";

export async function run(browser) {
  const folder = t.newFolder();
  let server = await t.start(folder);
  const { page, context, faults } = await t.openPage(browser, server, { expected: ["Failed to load resource", "ERR_"] });
  await t.drop(page, "kept.mid", t.tune());
  await t.waitFor(page, () => window.studio.state.piece?.notes.length === 64);
  await page.focus("#roll-box");
  const kept = [];
  for (let round = 0; round < 5; round++) {
    await page.keyboard.press("n");
    await page.keyboard.press("ArrowUp");
    await page.evaluate(() => new Promise((done) => { setTimeout(done, 150); }));
    await t.waitFor(page, (count) => [...window.studio.state.nodes.values()].length >= count, round + 2);
    kept.push(...await t.peek(page, () => [...window.studio.state.nodes.values()].map(({ id, music, kept: chosen }) => ({ id, music, chosen }))));
    // In the middle of a request.
    await page.click(".choice:has(input[value=compose])");
    await page.click("#make-button");
    await page.waitForTimeout(60 * round);
    await t.stop(server, "SIGKILL");
    server = await t.start(folder, server.port);
    await t.waitFor(page, () => document.querySelector("#offline").hidden, undefined, 20000);
    await page.focus("#roll-box");
  }
  await page.waitForTimeout(500);
  const now = await t.peek(page, () => [...window.studio.state.nodes.values()].map(({ id, music, kept: chosen }) => ({ id, music, chosen })));
  const ids = now.map(({ id }) => id);
  t.check(new Set(ids).size === ids.length, "nothing is doubled");
  for (const { id, music, chosen } of kept) {
    const found = now.find((node) => node.id === id);
    t.check(found && found.music === music && (!chosen || found.chosen), `piece ${id} is lost`);
  }
  const shown = await t.peek(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind);
  t.check(shown === "edit", `the last edit is shown: ${shown}`);
  t.check(!faults.length, faults.join("\n"));
  await context.close();
  t.check(await t.stop(server) === 0, "SIGTERM ends it cleanly");
}
