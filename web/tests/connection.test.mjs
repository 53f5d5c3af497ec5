// When a connection comes back: by a clock that only moves when it is told to, and a socket that never was one.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Connection, State } from "../js/net/connection.js";

let sockets;

class Socket {
  constructor() {
    this.said = [];
    sockets.push(this);
  }
  send(text) {
    this.said.push(JSON.parse(text));
  }
  close() {}

  hear(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

beforeEach(() => {
  sockets = [];
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
  mock.method(Math, "random", () => 1);
  globalThis.WebSocket = Socket;
});
afterEach(() => {
  mock.reset();
  mock.timers.reset();
});

/** Lets promises go on that wait for nothing but each other. */
async function settle() {
  for (let n = 0; n < 10; n += 1) await Promise.resolve();
}

function started() {
  const connection = new Connection("ws://nowhere/ws");
  connection.start("token");
  return connection;
}

async function say(socket, answer) {
  socket.onopen();
  socket.hear({ id: socket.said[0].id, ...answer });
  await settle();
}

const welcome = { type: "welcome", heartbeat_ms: 25_000 };
const unavailable = (retry_after_ms) => ({ type: "error", code: "unavailable", message: "no store", retry_after_ms });

function waits(connection) {
  assert.equal(connection.state.name, State.WAITING);
  return connection.state.until - Date.now();
}

/** Lets the wait pass: the next attempt begins, not earlier. */
function waitOut(connection) {
  const attempts = sockets.length;
  const wait = waits(connection);
  mock.timers.tick(wait - 1);
  assert.equal(sockets.length, attempts);
  mock.timers.tick(1);
  assert.equal(sockets.length, attempts + 1);
  return sockets.at(-1);
}

test("a hello that is refused for now is said again when the node said, and the reason is told", async () => {
  const connection = started();
  await say(sockets[0], unavailable(2_345));
  assert.equal(waits(connection), 2_345);
  assert.match(connection.state.words, /cannot store/);
  await say(waitOut(connection), welcome);
  assert.equal(connection.state.name, State.ONLINE);
});

test("without a word of the node each failure in a row waits longer, 5 s at most", () => {
  const connection = started();
  const longest = [500, 1_000, 2_000, 4_000, 5_000, 5_000].map((expected) => {
    sockets.at(-1).onclose({ code: 1006 });
    const wait = waits(connection);
    waitOut(connection);
    return [expected, wait];
  });
  for (const [expected, wait] of longest) assert.equal(wait, expected);
});

test("a word of the node begins the count anew", async () => {
  const connection = started();
  for (let n = 0; n < 5; n += 1) {
    sockets.at(-1).onclose({ code: 1006 });
    waitOut(connection);
  }
  await say(sockets.at(-1), unavailable(700));
  waitOut(connection).onclose({ code: 1006 });
  assert.equal(waits(connection), 500);
});

test("a success begins the count anew, and a connection that ends at once was none", async () => {
  const connection = started();
  sockets.at(-1).onclose({ code: 1006 });
  await say(waitOut(connection), welcome);
  sockets.at(-1).onclose({ code: 4001 });
  assert.equal(waits(connection), 1_000);
  await say(waitOut(connection), welcome);
  mock.timers.tick(5_001);
  sockets.at(-1).onclose({ code: 4001 });
  assert.equal(waits(connection), 500);
});

test("a node that sends its clients away says when each is to come", async () => {
  const connection = started();
  await say(sockets[0], welcome);
  sockets[0].hear({ type: "reconnect", after_ms: 3_000 });
  mock.timers.tick(1_000);
  sockets[0].onclose({ code: 4000 });
  assert.equal(waits(connection), 2_000);
});

test("what is larger than the server takes is refused here, and never sent again and again", async () => {
  const connection = started();
  await say(sockets[0], { ...welcome, limits: { frame: 200 } });
  const refused = connection.request({ type: "send", text: "ü".repeat(100) });
  await assert.rejects(refused, (error) => error.code === "too_large" && error.retryAfterMs === undefined);
  connection.request({ type: "send", text: "ü".repeat(50) }).catch(() => {});
  assert.deepEqual(sockets[0].said.map(({ text }) => text?.length), [undefined, 50]);
  assert.equal(connection.state.name, State.ONLINE);
});
