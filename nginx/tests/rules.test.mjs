// What the balancer passes on, what it tries again and what it never does.
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { freePort, request, startBalancer, until, UPGRADE, upstreamOf } from "./balancer.mjs";
import { startRecorder } from "./recorder.mjs";

/** A balancer of this test alone, before `nodes`. */
const balancerOf = async (t, nodes) =>
  startBalancer(t, await upstreamOf(nodes.map((each) => each.port)));

async function balancerAndNode(t) {
  const node = await startRecorder(t);
  return { node, balancer: await balancerOf(t, [node]) };
}

test("the address of the client replaces what it claims about itself", async (t) => {
  const { node, balancer } = await balancerAndNode(t);
  await request(`${balancer.url}/`, {
    headers: {
      Host: "chat.example:8443",
      "X-Forwarded-For": "198.51.100.7",
      "X-Real-IP": "198.51.100.7",
      Forwarded: "for=198.51.100.7",
      "X-Forwarded-Host": "evil.example",
      "X-Forwarded-Proto": "https",
    },
  });
  const { headers } = node.seen.at(-1);
  assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(headers["x-forwarded-proto"], "http");
  assert.equal(headers.host, "chat.example:8443");
  for (const name of ["x-real-ip", "forwarded", "x-forwarded-host"]) {
    assert.equal(headers[name], undefined, name);
  }
});

test("a WebSocket is upgraded at /ws, with the same headers, and bytes go both ways", async (t) => {
  const { node, balancer } = await balancerAndNode(t);
  const { status, socket } = await request(`${balancer.url}/ws`, {
    headers: { ...UPGRADE, Origin: "https://chat.example", "X-Forwarded-For": "198.51.100.7" },
  });
  assert.equal(status, 101);
  const { headers } = node.seen.at(-1);
  assert.equal(headers.upgrade, "websocket");
  assert.equal(headers.connection.toLowerCase(), "upgrade");
  assert.equal(headers.origin, "https://chat.example");
  assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  socket.write("ping through");
  const echoed = await new Promise((done) => socket.once("data", done));
  assert.equal(String(echoed), "ping through");
  socket.destroy();
  await until("the node is told that the client left", () => node.open.size === 0);
});

test("no other upgrade is passed on, nor one elsewhere", async (t) => {
  const { node, balancer } = await balancerAndNode(t);
  for (const [path, upgrade] of [["/ws", "h2c"], ["/", "websocket"], ["/api/v1/guest", "h2c"]]) {
    const { status } = await request(`${balancer.url}${path}`, {
      headers: { ...UPGRADE, Upgrade: upgrade },
    });
    assert.equal(status, 200);
    assert.equal(node.seen.at(-1).headers.upgrade, undefined, `${upgrade} at ${path}`);
  }
});

test("connections to a node are kept and used again", async (t) => {
  const { node, balancer } = await balancerAndNode(t);
  await request(`${balancer.url}/`);
  const before = node.connections;
  for (let turn = 0; turn < 5; turn++) await request(`${balancer.url}/`);
  assert.ok(node.connections - before <= 1, `${node.connections - before} new connections`);
});

test("a body of 1 MiB passes, a larger one is refused in the form of the API", async (t) => {
  const { node, balancer } = await balancerAndNode(t);
  const fits = await request(balancer.url, { method: "POST", body: "x".repeat(1 << 20) });
  assert.equal(fits.status, 200);
  assert.equal(node.seen.at(-1).body.length, 1 << 20);
  const large = await request(balancer.url, {
    method: "POST",
    headers: { "Content-Length": (1 << 20) + 1, Expect: "100-continue" },
  });
  assert.equal(large.status, 413);
  assert.equal(JSON.parse(large.body).error.code, "too_large");
  assert.equal(large.headers["access-control-allow-origin"], "*");
});

test("large cookies of others pass and stay here; larger ones are refused in the form of the API", async (t) => {
  const { node, balancer } = await balancerAndNode(t);
  const fits = await request(balancer.url, { headers: { Cookie: `a=${"x".repeat(20_000)}` } });
  assert.equal(fits.status, 200);
  assert.equal(node.seen.at(-1).headers.cookie, undefined);
  const large = await request(balancer.url, { headers: { Cookie: `a=${"x".repeat(60_000)}` } });
  assert.equal(large.status, 400);
  assert.equal(JSON.parse(large.body).error.code, "bad_request");
  assert.equal(large.headers["access-control-allow-origin"], "*");
});

test("with all nodes gone a program gets JSON and a person a page that looks again", async (t) => {
  const own = await balancerOf(t, [{ port: await freePort() }]);
  const program = await request(`${own.url}/api/v1/rooms/general/messages`);
  assert.equal(program.status, 503);
  assert.equal(JSON.parse(program.body).error.code, "unavailable");
  assert.equal(program.headers["access-control-allow-origin"], "*");
  assert.match(program.headers["access-control-expose-headers"], /retry-after/);
  const person = await request(own.url, { headers: { Accept: "text/html,application/xhtml+xml" } });
  assert.equal(person.status, 503);
  assert.match(person.headers["content-type"], /^text\/html/);
  assert.match(person.body, /http-equiv="refresh"/);
});

test("one address makes no more guests than a minute allows", async (t) => {
  const { node, balancer } = await balancerAndNode(t);
  const answers = [];
  for (let count = 0; count < 70; count++) {
    answers.push(await request(`${balancer.url}/api/v1/guest`, { method: "POST", body: "{}" }));
  }
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0 && node.seen.length >= 60, `${refused.length} refused`);
  assert.equal(JSON.parse(refused[0].body).error.code, "rate_limited");
  assert.equal(refused[0].headers["retry-after"], "1");
  const other = await request(`${balancer.url}/api/v1/guest`, { method: "POST", body: "{}", from: "127.0.0.7" });
  assert.equal(other.status, 200);
});

test("after a reload the old workers end, though somebody is connected", async (t) => {
  const node = await startRecorder(t);
  const upstream = await upstreamOf([node.port]);
  const own = await startBalancer(t, upstream, "nginx", (text) => text.replace("worker_shutdown_timeout 60s", "worker_shutdown_timeout 1s"));
  const { socket } = await request(`${own.url}/ws`, { headers: UPGRADE });
  const ended = new Promise((done) => socket.once("close", done));
  socket.on("error", () => {});
  process.kill(own.pid, "SIGHUP");
  await ended;
  const { status, socket: next } = await request(`${own.url}/ws`, { headers: UPGRADE });
  assert.equal(status, 101);
  next.destroy();
});

test("the access log has the path without its query", async (t) => {
  const { balancer } = await balancerAndNode(t);
  await request(`${balancer.url}/seen-in-log?token=secret-of-somebody`);
  await until("the line is written", () => balancer.log().includes("GET /seen-in-log HTTP/1.1"));
  assert.ok(!balancer.log().includes("secret-of-somebody"), balancer.log());
});

test("a draining node's 503 sends the upgrade to another node", async (t) => {
  const draining = await startRecorder(t, { answer: (_, response) => response.writeHead(503).end() });
  const own = await balancerOf(t, [draining, await startRecorder(t)]);
  for (let turn = 0; turn < 6; turn++) {
    const { status, socket } = await request(`${own.url}/ws`, { headers: UPGRADE });
    assert.equal(status, 101);
    socket.destroy();
  }
  assert.ok(draining.seen.length > 0, "the draining node was never asked: nothing was proved");
  assert.equal(draining.open.size, 0);
});

test("a node that hangs takes seconds of a newcomer, and no newcomer", async (t) => {
  const accepted = new Set();
  const hanging = net.createServer((socket) => accepted.add(socket.on("error", () => {})));
  await new Promise((done) => hanging.listen(0, "127.0.0.1", done));
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    hanging.close();
  });
  const alive = [await startRecorder(t), await startRecorder(t)];
  const own = await balancerOf(t, [{ port: hanging.address().port }, ...alive]);
  const newcomers = Array.from({ length: 30 }, () => request(`${own.url}/ws`, { headers: UPGRADE }));
  for (const { status, socket } of await Promise.all(newcomers)) {
    assert.equal(status, 101);
    socket.destroy();
  }
  assert.ok(accepted.size > 0, "the node that hangs was never asked: nothing was proved");
});

test("where no node takes anybody an upgrade is refused in the form of the API", async (t) => {
  const full = await startRecorder(t, { answer: (_, response) => response.writeHead(503).end() });
  const own = await balancerOf(t, [full]);
  const told = new Set();
  for (let n = 0; n < 30; n += 1) {
    const { status, headers, body } = await request(`${own.url}/ws`, { headers: UPGRADE });
    assert.equal(status, 503);
    const { code, retry_after_ms: ms } = JSON.parse(body).error;
    assert.equal(code, "unavailable");
    assert.ok(ms >= 300 && ms <= 4_800, `${ms}`);
    assert.equal(headers["retry-after"], `${Math.ceil(ms / 1_000)}`);
    told.add(ms);
  }
  assert.ok(told.size > 5, "everybody is told to come at the same time");
});

test("a node that is gone costs no request", async (t) => {
  const alive = await startRecorder(t);
  const own = await balancerOf(t, [{ port: await freePort() }, alive]);
  for (let turn = 0; turn < 12; turn++) {
    const { status } = await request(own.url, { method: "POST", body: `${turn}` });
    assert.equal(status, 200);
  }
  assert.deepEqual(alive.seen.map((each) => each.body), Array.from({ length: 12 }, (_, n) => `${n}`));
  assert.match(own.errors(), /Connection refused/);
});

test("a POST that a node has read is never sent again, a GET is", async (t) => {
  const nodes = [];
  for (let count = 0; count < 3; count++) {
    nodes.push(await startRecorder(t, { answer: (incoming) => incoming.socket.destroy() }));
  }
  const own = await balancerOf(t, nodes);
  const times = (method) =>
    nodes.flatMap((each) => each.seen).filter((each) => each.method === method).length;
  const post = await request(`${own.url}/api/v1/rooms/general/messages`, { method: "POST", body: "{}" });
  assert.equal(times("POST"), 1);
  assert.equal(post.status, 503);
  assert.equal(JSON.parse(post.body).error.code, "unavailable");
  assert.match(post.headers["retry-after"], /^[1-5]$/);
  await request(own.url);
  assert.equal(times("GET"), 3);
});

test("a 503 of a node to plain HTTP is the node's own answer", async (t) => {
  const busy = await startRecorder(t, {
    answer: (_, response) => {
      response.writeHead(503, { "Retry-After": "7" });
      response.end("the node's own words");
    },
  });
  const own = await balancerOf(t, [busy]);
  const { status, headers, body } = await request(`${own.url}/readyz`);
  assert.deepEqual([status, headers["retry-after"], body], [503, "7", "the node's own words"]);
});

test("newcomers are spread over the nodes in turn", async (t) => {
  const nodes = [await startRecorder(t), await startRecorder(t)];
  const own = await balancerOf(t, nodes);
  const sockets = [];
  for (let count = 0; count < 20; count++) {
    sockets.push((await request(`${own.url}/ws`, { headers: UPGRADE })).socket);
  }
  assert.deepEqual(nodes.map((each) => each.open.size), [10, 10]);
  for (const socket of sockets) socket.destroy();
});
