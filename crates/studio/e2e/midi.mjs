// A phrase on a MIDI keyboard is continued in time. The keyboard is a test's: browsers without a window have none.

import * as t from "./harness.mjs";

export const name = "MIDI keyboard";

export async function run(browser, server) {
  const { page, context, faults } = await t.openPage(browser, server);
  const phrase = async () => {
    for (const pitch of [60, 64, 67, 72]) {
      await page.evaluate((key) => window.studio.midi.receive([0x90, key, 90]), pitch);
      await page.waitForTimeout(140);
      await page.evaluate((key) => window.studio.midi.receive([0x80, key, 0]), pitch);
    }
  };
  const times = [];
  for (let round = 0; round < 3; round++) {
    await page.evaluate(() => { window.studioMeasures = {}; });
    await phrase();
    await t.waitFor(page, () => window.studioMeasures.answer !== undefined);
    times.push(Math.round(await t.peek(page, () => window.studioMeasures.answer)));
    await t.waitFor(page, () => window.studio.state.group[0].node);
    t.check(await t.peek(page, () => document.body.classList.contains("is-playing")), "it plays");
    await page.click("#play");
  }
  console.log(`    from the end of the phrase to the first note: ${times.join(", ")} ms`);
  t.check(!faults.length, faults.join("\n"));
  await context.close();
}
