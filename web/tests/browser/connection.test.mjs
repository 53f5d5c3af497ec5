// The page on a network that breaks.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Network } from "./network.mjs";
import { enter, launch, newRoom, URL_A, URL_B } from "./people.mjs";

let browser;
let network;
let alex;
let bea;

before(async () => {
  browser = await launch();
});
after(() => browser.close());
beforeEach(async () => {
  const room = newRoom();
  network = await Network.to(URL_A);
  alex = await enter(browser, { url: network.url, name: "Alex", room });
  bea = await enter(browser, { url: URL_B, name: "Bea", room });
  await bea.write("before");
  await alex.sees("before");
});
afterEach(async () => {
  for (const person of [alex, bea]) await person.context.close();
  network.close();
});

test("a cut is said, waited out and mended: what was missed and what was written meanwhile is there once, in one order", async () => {
  network.cut();
  await alex.banner.getByText("Trying again in").waitFor();
  await alex.page.getByRole("status").getByText("No connection").waitFor({ state: "attached" });
  await alex.write("written in the tunnel");
  await alex.write("and another");
  await alex.message("and another").getByRole("img", { name: "Sending" }).waitFor();
  for (let n = 1; n <= 70; n += 1) await bea.write(`missed ${n}`);
  await bea.sees("missed 70", { stored: true });
  assert.ok(!(await alex.texts()).includes("missed 1"));

  network.mend();
  await alex.banner.getByRole("button", { name: "Try now" }).click();
  await alex.banner.waitFor({ state: "hidden" });
  await alex.page.getByRole("status").getByText("Connected again").waitFor({ state: "attached" });
  await alex.sees("and another", { stored: true });
  await bea.sees("and another");
  const texts = await alex.texts();
  const missed = Array.from({ length: 70 }, (_, index) => `missed ${index + 1}`);
  assert.deepEqual(texts, ["before", ...missed, "written in the tunnel", "and another"]);
  assert.deepEqual(await bea.texts(), texts);
});

test("it comes back by itself, again and again, and nothing is doubled", async () => {
  const expected = ["before"];
  for (let round = 1; round <= 4; round += 1) {
    network.cut();
    await bea.write(`missed ${round}`);
    network.mend();
    await alex.write(`sent ${round}`);
    await alex.sees(`sent ${round}`, { stored: true });
    await bea.sees(`sent ${round}`);
    expected.push(`missed ${round}`, `sent ${round}`);
  }
  await alex.sees("missed 4");
  assert.deepEqual((await alex.texts()).toSorted(), expected.toSorted());
  assert.deepEqual(await bea.texts(), await alex.texts());
  assert.ok(alex.nodes.length >= 5, "every cut was a new connection");
});

test("a connection that only seems to be open is given up", async () => {
  network.freeze();
  await bea.write("into the void?");
  // What a browser tells a page when the laptop changes networks; the page then makes sure.
  await alex.page.evaluate(() => dispatchEvent(new Event("offline")));
  await alex.sees("into the void?");
  assert.equal(alex.nodes.length, 2);
});

test("a sign-in that the server does not take leads to the door with a reason, and the room is kept", async () => {
  await alex.page.evaluate(() => sessionStorage.setItem("rookery.identity", JSON.stringify({ token: "no.such.token" })));
  await alex.page.reload();
  await alex.page.getByRole("main").getByText("The server did not accept your sign-in").waitFor();
  await alex.page.getByRole("button", { name: "Start chatting" }).click();
  await alex.sees("before");
  await alex.write("back again");
  await bea.sees("back again");
});
