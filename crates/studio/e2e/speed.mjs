// First paint, and 10,000 notes that scroll. Prints what it measures; the limits are generous, because other programs may run.

import * as t from "./harness.mjs";

export const name = "speed";

export async function run(browser, server) {
  const { page, context, faults } = await t.openPage(browser, server);
  const paint = await t.peek(page, () => performance.getEntriesByType("paint").find(({ name: kind }) => kind === "first-contentful-paint")?.startTime);
  const ready = await t.peek(page, () => window.studioMeasures.ready);
  console.log(`    first paint ${Math.round(paint)} ms, ready ${Math.round(ready)} ms`);
  await t.drop(page, "long.mid", t.tune(313, 16));
  await t.waitFor(page, () => window.studio.state.piece?.notes.length > 10000);
  const measured = await page.evaluate(() => new Promise((done) => {
    const box = document.querySelector("#roll-box");
    const times = [];
    let before = performance.now();
    let frames = 0;
    const frame = (now) => {
      times.push(now - before);
      before = now;
      box.scrollLeft += 40;
      if (++frames < 180) requestAnimationFrame(frame);
      else done(times.slice(10).sort((a, b) => a - b));
    };
    requestAnimationFrame(frame);
  }));
  const at = (share) => measured[Math.floor(share * (measured.length - 1))];
  const drawing = await page.evaluate(() => {
    const { roll } = window.studio;
    return roll.timeOfDrawing(60);
  });
  console.log(`    10,000 notes: a frame every ${at(0.5).toFixed(1)} ms (median), ${at(0.95).toFixed(1)} ms (95 %); drawing takes ${drawing.toFixed(2)} ms`);
  t.check(paint < 3000 && at(0.5) < 40, "it is slow");
  t.check(!faults.length, faults.join("\n"));
  await context.close();
}
