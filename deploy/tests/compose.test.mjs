// docker-compose.yml on a Docker engine: brought up, scaled 1 → 5 → 2 under audited traffic, and taken
// down. `scripts/test compose` builds the image and says where an engine or an image is missing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../nginx/tests/balancer.mjs";
import { Person } from "../../nginx/tests/person.mjs";
import { Audited } from "./audited.mjs";
import { startProject } from "./project.mjs";

const ROOM = "general";
const PEOPLE = 12;

/** Everybody saw one log, whole, once, and everything acknowledged is in it. */
function assertOneLog(people) {
  const whole = people[0].seen;
  for (const person of people) {
    const numbers = person.seen.map(([seq]) => seq);
    assert.deepEqual(numbers, numbers.map((_, index) => person.first + index), "in order, without a hole");
    assert.deepEqual(person.seen, whole.filter(([seq]) => seq >= person.first));
    for (const [seq, text] of person.acknowledged) {
      assert.deepEqual(whole.find(([number]) => number === seq), [seq, text]);
    }
  }
}

test("scaled 1 → 5 → 2 under traffic, nothing is lost, repeated or out of order", async (t) => {
  const project = await startProject(t, 1);
  const arrive = async (name) => {
    const { token } = await Person.guest(project.url, name);
    return Audited.arrive(project.url, token, ROOM);
  };
  const people = [];
  for (let count = 0; count < PEOPLE; count++) people.push(await arrive(`person ${count}`));
  let over = false;
  const write = async (person, name) => {
    for (let round = 0; !over; round++) await person.write(`${name} ${round}`, 20, 30);
  };
  const writing = people.slice(0, PEOPLE / 2).map((person, number) => write(person, `person ${number}`));

  await project.scale(5);
  const newcomers = [];
  await until(
    "newcomers are on five nodes",
    async () => {
      newcomers.push(await arrive(`newcomer ${newcomers.length}`));
      return new Set(newcomers.flatMap(({ nodes }) => [...nodes])).size === 5;
    },
    60_000,
  );
  // Some of these will be sent away while they write.
  writing.push(...newcomers.slice(-5).map((person, number) => write(person, `newcomer ${number}`)));
  const metrics = await project.exec("nginx", "wget", "-q", "-O", "-", "http://gateway:9090/metrics");
  assert.match(metrics, /rookery_connections/);

  await project.scale(2);
  assert.equal((await project.containers("gateway")).length, 2);
  over = true;
  await Promise.all(writing);
  const everybody = [...people, ...newcomers];
  const last = Math.max(...everybody.flatMap(({ acknowledged }) => [...acknowledged.keys()]));
  for (const person of everybody) await person.reach(last);
  assertOneLog(everybody);
  assert.ok(everybody.some(({ nodes }) => nodes.size > 1), "nobody had to move: nothing was proved");
  for (const person of everybody) person.leave();
});
