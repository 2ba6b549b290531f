// Two windows of one project: each sees what the other makes, and changes in both at once are both kept.

import * as t from "./harness.mjs";

export const name = "two windows";

export async function run(browser, server) {
  const first = await t.openPage(browser, server);
  await t.drop(first.page, "shared.mid", t.tune());
  await t.waitFor(first.page, () => window.studio.state.piece?.notes.length === 64);
  const second = await t.openPage(browser, server);
  await t.waitFor(second.page, () => window.studio.state.current === 1);
  const pages = [first.page, second.page];
  for (const page of pages) {
    await page.focus("#roll-box");
    await page.keyboard.press("Home");
    await page.keyboard.press("n");
  }
  await Promise.all(pages.map((page, place) => page.keyboard.press(place ? "ArrowUp" : "ArrowDown")));
  for (const page of pages) {
    await t.waitFor(page, () => [...window.studio.state.nodes.values()].filter(({ parent }) => parent === 1).length === 2);
  }
  const [a, b] = await Promise.all(pages.map((page) => t.peek(page, () => window.studio.state.current)));
  t.check(a !== b, "each window goes on from its own change");
  await second.context.close();
  await first.page.click("#history .node >> nth=-1");
  t.check(![...first.faults, ...second.faults].length, [...first.faults, ...second.faults].join("\n"));
  await first.context.close();
}
