// A student: trains a small network, stops and resumes it, and looks inside one.

import * as t from "./harness.mjs";

export const name = "train, and look inside";

export async function run(browser, server, size) {
  const { page, context, faults } = await t.openPage(browser, server, { size });
  await t.drop(page, "inside.mid", t.tune());
  await t.waitFor(page, () => window.studio.state.piece?.notes.length === 64);
  if (size === "wide") await train(page);
  await page.click("#tab-inside");
  await page.waitForSelector("#inside-layers canvas");
  t.check(/nats/.test(await page.locator("#inside-words").textContent()), "it says how unlikely the step was");
  const words = () => page.locator("#inside-distribution").textContent();
  const open = await words();
  await page.fill("#inside-top-p", "0.5");
  t.check((await words()) !== open, "top-p leaves fewer choices");
  await page.fill("#inside-temperature", "3");
  await page.fill("#inside-step", "20");
  await page.click("#inside-gradient");
  await t.waitFor(page, () => /Going back/.test(document.querySelector("#inside-flow-words").textContent));
  t.check(!faults.length, faults.join("\n"));
  await context.close();
}

async function train(page) {
  await page.click("#tab-learn");
  await t.waitFor(page, () => document.querySelectorAll("#train-preset option").length > 0);
  await page.fill("#train-epochs", "3");
  await page.fill("#train-hidden", "8");
  await page.click("#train-button");
  await t.waitFor(page, () => /update/.test(document.querySelector("#train-state").textContent));
  await page.click("#train-stop");
  await t.waitFor(page, () => /resumed/.test(document.querySelector("#train-state").textContent));
  await page.click("#runs .button");
  await page.waitForSelector("#samples .card .button:not([disabled])");
  t.check(await page.locator("#train-stop").isVisible(), "music comes while the network is trained");
  await page.click("#samples .card .button");
  await t.waitFor(page, () => document.body.classList.contains("is-playing") && document.querySelector(".mini-cursor").style.left > "0%");
  await page.click("#samples .card .button");
  t.check(!(await t.peek(page, () => document.body.classList.contains("is-playing"))), "it stops");
  await t.waitFor(page, () => /Finished/.test(document.querySelector("#train-state").textContent), undefined, 120000);
  t.check(/3 epochs/.test(await page.locator("#train-best").textContent()), "three epochs");
  await t.waitFor(page, () => document.querySelectorAll("#samples .card").length === 4);
  const titles = await page.locator("#samples h3").allTextContents();
  t.check(titles.join() === "Epoch 1,Epoch 2,Composition 1,Composition 2", titles.join());
  await t.waitFor(page, () => window.studio.state.models.some((model) => model.name.startsWith("runs/")));
  await page.click("#samples .card:last-child .button:last-child");
  await t.waitFor(page, () => /composition-2/.test(window.studio.state.nodes.get(window.studio.state.current).operation.name));
  t.check(await page.locator("#compose").isVisible(), "it is opened to be edited");
}
