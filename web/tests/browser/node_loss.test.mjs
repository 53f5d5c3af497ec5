// Nodes die and drain under a conversation. Has a cluster of its own, since it breaks it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startCluster } from "../cluster.mjs";
import { enter, launch, newRoom } from "./people.mjs";

// When the runner gives up on this file: leave by the door, so that the cluster ends, too.
process.once("SIGTERM", () => process.exit(143));

test("people on a node that is killed, and on one that drains, come back on another without a loss or a repeat", async (t) => {
  const cluster = await startCluster(3);
  t.after(() => cluster.end());
  const browser = await launch();
  t.after(() => browser.close());
  const room = newRoom();
  const people = [];
  for (const name of ["Alex", "Bea", "Cem"]) people.push(await enter(browser, { url: cluster.url, name, room }));
  const [alex, bea, cem] = people;
  assert.equal(new Set(people.map(({ nodes }) => nodes[0])).size, 3, "one on each node");
  const expected = [];

  async function everybodyTalks(when) {
    for (const person of people) {
      const text = `${person.name} ${when}`;
      expected.push(text);
      await person.write(text);
    }
  }
  async function everybodyHasSeenAll() {
    for (const person of people) for (const text of expected) await person.sees(text, { stored: text.startsWith(person.name) });
    const texts = await alex.texts();
    assert.deepEqual(texts.toSorted(), expected.toSorted());
    for (const person of [bea, cem]) assert.deepEqual(await person.texts(), texts);
  }
  const connections = () => people.reduce((sum, { nodes }) => sum + nodes.length, 0);

  await everybodyTalks("before");
  await everybodyHasSeenAll();

  process.kill(cluster.nodes[0].pid, "SIGKILL");
  await everybodyTalks("after the kill");
  await everybodyHasSeenAll();
  assert.ok(connections() >= 4, "somebody had to come back");

  process.kill(cluster.nodes[1].pid, "SIGTERM");
  await everybodyTalks("while it drains");
  await everybodyHasSeenAll();
  await untilAllAreOnOneNode(people);
  await everybodyTalks("after it drained");
  await everybodyHasSeenAll();
});

async function untilAllAreOnOneNode(people) {
  const end = Date.now() + 40_000;
  while (new Set(people.map(({ nodes }) => nodes.at(-1))).size > 1) {
    assert.ok(Date.now() < end, "all are on the last node");
    await people[0].page.waitForTimeout(100);
  }
}
