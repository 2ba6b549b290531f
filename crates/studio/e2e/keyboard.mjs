// A person without a mouse: everything by keys, with what a screen reader would say.

import * as t from "./harness.mjs";

export const name = "compose by keyboard alone";

// Presses Tab, or Shift and Tab, until an element has the focus.
async function tabTo(page, selector, keys = "Tab") {
  for (let presses = 0; presses < 80; presses++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press(keys);
  }
  throw new Error(`${selector} cannot be reached by Tab`);
}

export async function run(browser, server, size) {
  const { page, context, faults } = await t.openPage(browser, server, { size });
  await t.drop(page, "keys.mid", t.tune());
  await t.waitFor(page, () => window.studio.state.piece?.notes.length === 64);
  const kind = () => page.evaluate(() => window.studio.state.nodes.get(window.studio.state.current).operation);
  await page.evaluate(() => document.activeElement?.blur());

  await tabTo(page, "#roll-box");
  await page.keyboard.press("Home");
  await page.keyboard.press("n");
  t.check((await t.peek(page, () => window.studio.state.notes.size)) === 1, "a note is selected");
  t.check(/bar 1/i.test(await page.locator("#status").textContent()), "and said");
  await page.keyboard.press("ArrowUp");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.what?.startsWith("Moved"));
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Home");
  for (let press = 0; press < 3; press++) await page.keyboard.press("Shift+ArrowRight");
  t.check((await t.peek(page, () => window.studio.state.bars)).join() === "0,2", "bars 1 to 3 are selected");
  t.check((await page.locator("#status").textContent()) === "Bars 1 to 3 selected", "and said");
  await page.keyboard.press("Space");
  await t.waitFor(page, () => document.body.classList.contains("is-playing"));
  await page.keyboard.press("Space");

  await tabTo(page, "#kinds input");
  while (!(await page.evaluate(() => document.activeElement.value === "vary"))) await page.keyboard.press("ArrowRight");
  await tabTo(page, "#candidates-wanted");
  await page.keyboard.press("Home");
  await tabTo(page, "#make-button");
  await page.keyboard.press("Enter");
  await t.waitFor(page, () => window.studio.state.group.length === 1 && window.studio.state.group[0].node);
  await tabTo(page, ".card .primary", "Shift+Tab");
  await page.keyboard.press("Enter");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind === "vary");
  t.check((await kind()).bars.last === 3, "only the selected bars were varied");
  await page.keyboard.press("Control+z");
  await t.waitFor(page, () => window.studio.state.nodes.get(window.studio.state.current).operation.kind === "edit");
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  t.check(!faults.length, faults.join("\n"));
  await context.close();
}
