// Runs everything; the names of some tests as arguments: only those. Ends with 1 if one fails.

import { rmSync } from "node:fs";
import * as t from "./harness.mjs";
import * as compose from "./compose.mjs";
import * as keyboard from "./keyboard.mjs";
import * as restart from "./restart.mjs";
import * as learn from "./learn.mjs";
import * as accessibility from "./accessibility.mjs";
import * as midi from "./midi.mjs";
import * as windows from "./windows.mjs";
import * as speed from "./speed.mjs";
import * as sounds from "./sounds.mjs";

// Firefox: the way through the studio, by mouse and by keys. The rest is of the server, or is measured in one browser.
const FIREFOX = [[compose, ["wide", "narrow"]], [keyboard, ["wide"]], [sounds, ["wide"]]];
const ALL = t.isFirefox ? FIREFOX : [
  [compose, ["wide", "narrow"]], [keyboard, ["wide"]], [restart, ["wide"]], [learn, ["wide", "narrow"]],
  [accessibility, ["wide", "narrow"]], [windows, ["wide"]], [midi, ["wide"]], [sounds, ["wide", "narrow"]], [speed, ["wide"]],
];

const only = process.argv.slice(2);
const browser = await t.launch();
let failed = 0;
for (const [test, sizes] of ALL) {
  if (only.length && !only.some((word) => test.name.includes(word))) continue;
  for (const size of sizes) {
    const folder = t.newFolder();
    const server = await t.start(folder);
    const began = Date.now();
    try {
      await test.run(browser, server, size);
      console.log(`ok    ${test.name}, ${size} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`FAIL  ${test.name}, ${size}: ${error.stack}`);
      for (const context of browser.contexts()) {
        for (const page of context.pages()) await page.screenshot({ path: `${folder}.png` }).catch(() => {});
        await context.close();
      }
      console.log(`      see ${folder}.png`);
    }
    await t.stop(server);
    rmSync(folder, { recursive: true, force: true });
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
