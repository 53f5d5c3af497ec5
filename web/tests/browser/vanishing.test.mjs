// Rooms whose messages have a lifetime: `event:` rooms, 30 s by default.

import assert from "node:assert/strict";
import { test } from "node:test";
import { enter, launch, newRoom, URL_A, URL_B } from "./people.mjs";

test("a message vanishes in front of its readers when its time is over, and a younger one stays", async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const room = newRoom("event:");
  const alex = await enter(browser, { url: URL_A, name: "Alex", room });
  const bea = await enter(browser, { url: URL_B, name: "Bea", room });
  await alex.page.getByText("Messages vanish after 30 s").waitFor();
  await alex.write("goal!");
  await bea.sees("goal!");
  const seen = Date.now();
  await bea.page.waitForTimeout(3_000); // so that the second one is younger
  await bea.write("what a goal");
  await alex.sees("what a goal");
  await alex.message("goal!").waitFor({ state: "detached", timeout: 40_000 });
  const lived = Date.now() - seen;
  assert.ok(lived > 28_000 && lived < 32_000, `it was there for ${lived} ms`);
  assert.deepEqual(await alex.texts(), ["what a goal"]);
  await bea.message("goal!").waitFor({ state: "detached" });
});
