// Every peer does the same work: who has joined a room gets what is sent there, the sender too, in
// the order of sending, and nobody else gets it. Runs the real servers on free ports of loopback.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "redis";
import { parse } from "smol-toml";
import { io } from "socket.io-client";
import { WebSocket } from "ws";

const HERE = import.meta.dirname;
const TEXT = `@@0000000001@@ "quoted", \\ and ünï ✓ ${"x".repeat(180)}`;

const peers = readdirSync(HERE)
  .map((name) => join(HERE, name))
  .filter((directory) => existsSync(join(directory, "peer.toml")))
  .map((directory) => ({ directory, ...parse(readFileSync(join(directory, "peer.toml"), "utf8")) }));

assert.deepEqual(
  peers.map((peer) => peer.name).sort(),
  ["bun", "floor", "socketio", "socketioxide", "uwebsockets", "ws"],
);

for (const peer of peers) {
  test(`${peer.name}: a room gets what is sent to it, and nobody else`, async (t) => {
    const port = await start(t, peer);
    const connecting = Array.from({ length: 20 }, (_, i) => Client.connect(t, peer, port, `u${i}`));
    const clients = await Promise.all(connecting);
    await Promise.all(clients.map((client, i) => client.join(i < 15 ? "r1" : "r2")));

    clients[3].send("r1", TEXT);
    clients[17].send("r2", "second room");
    await delivered(clients.slice(0, 15), 1);
    await delivered(clients.slice(15), 1);
    for (const client of clients.slice(0, 15)) {
      assert.deepEqual(client.messages, [{ room: "r1", from: "u3", text: TEXT }]);
    }
    for (const client of clients.slice(15)) {
      assert.deepEqual(client.messages, [{ room: "r2", from: "u17", text: "second room" }]);
    }
  });

  test(`${peer.name}: one sender's messages come in their order, all of them`, async (t) => {
    const port = await start(t, peer);
    const clients = await Promise.all(["a", "b", "c"].map((name) => Client.connect(t, peer, port, name)));
    await Promise.all(clients.map((client) => client.join("r1")));

    const texts = Array.from({ length: 1000 }, (_, i) => `message ${i}`);
    for (const text of texts) clients[0].send("r1", text);
    await delivered(clients, texts.length);
    for (const client of clients) assert.deepEqual(client.messages.map((message) => message.text), texts);
  });

  test(`${peer.name}: a member who has gone is not written to, and the others go on`, async (t) => {
    const port = await start(t, peer);
    const clients = await Promise.all(["a", "b", "c"].map((name) => Client.connect(t, peer, port, name)));
    await Promise.all(clients.map((client) => client.join("r1")));
    await clients[2].close();

    clients[0].send("r1", "still here");
    await delivered(clients.slice(0, 2), 1);
    assert.equal(clients[2].messages.length, 0);
  });
}

for (const peer of peers.filter((peer) => peer.stores)) {
  test(`${peer.name}: two servers with Redis are one, and every message is stored`, async (t) => {
    const url = await startRedis(t);
    const ports = await Promise.all([start(t, peer, { REDIS_URL: url }), start(t, peer, { REDIS_URL: url })]);
    const clients = await Promise.all(ports.map((port, i) => Client.connect(t, peer, port, `u${i}`)));
    await Promise.all(clients.map((client) => client.join("r1")));

    clients[0].send("r1", "from the first");
    await delivered(clients, 1);
    clients[1].send("r1", "from the second");
    await delivered(clients, 2);

    const redis = await createClient({ url }).on("error", console.error).connect();
    const stored = await redis.zRange("room:r1:messages", 0, -1);
    redis.destroy();
    assert.deepEqual(stored.map((json) => JSON.parse(json).text), ["from the first", "from the second"]);
  });
}

/** Starts a peer as its peer.toml says, and waits until it accepts. */
async function start(t, peer, environment = {}) {
  const port = await freePort();
  const env = { ...process.env, NODE_ENV: "production", ...environment, PORT: String(port) };
  const [program, ...rest] = peer.command;
  run(t, program, rest, { cwd: peer.directory, env });
  await accepting(port);
  return port;
}

async function startRedis(t) {
  const port = await freePort();
  const cwd = mkdtempSync(join(tmpdir(), "peers-redis-"));
  undo(t, () => rmSync(cwd, { recursive: true }));
  run(t, "redis-server", ["--bind", "127.0.0.1", "--port", String(port), "--save", ""], { cwd });
  await accepting(port);
  return `redis://127.0.0.1:${port}`;
}

function run(t, program, rest, options) {
  const child = spawn(program, rest, { stdio: ["ignore", "ignore", "inherit"], ...options });
  child.on("error", (error) => console.error(`${program}: ${error.message}: run loadtest/peers/install`));
  undo(t, async () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
}

const undoing = new WeakMap();

/** Undoes at the end of a test what was done in it, the last first: servers before their Redis. */
function undo(t, action) {
  if (!undoing.has(t)) {
    const actions = [];
    undoing.set(t, actions);
    t.after(async () => {
      for (const action of actions.reverse()) await action();
    });
  }
  undoing.get(t).push(action);
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function accepting(port) {
  await eventually(`port ${port} accepts`, async () => {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  });
}

async function delivered(clients, count) {
  await eventually(`${count} messages have come`, () => clients.every((client) => client.messages.length >= count));
}

async function eventually(what, condition) {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within 10 s: ${what}`);
    await delay(10);
  }
}

/** One client, whichever of the two ways its server speaks. */
class Client {
  messages = [];

  static async connect(t, peer, port, name) {
    const client = peer.dialect === "socketio" ? new SocketIoClient() : new PlainClient();
    client.name = name;
    undo(t, () => client.close());
    await client.open(port);
    return client;
  }
}

class PlainClient extends Client {
  async open(port) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(this.socket, "open");
  }

  async join(room) {
    this.socket.send(JSON.stringify({ type: "join", room, name: this.name }));
    const [answer] = await once(this.socket, "message");
    assert.deepEqual(JSON.parse(answer), { type: "joined", room });
    this.socket.on("message", (data) => {
      const { type, ...message } = JSON.parse(data);
      assert.equal(type, "message");
      this.messages.push(message);
    });
  }

  send(room, text) {
    this.socket.send(JSON.stringify({ type: "send", room, text }));
  }

  async close() {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.terminate();
    await once(this.socket, "close");
  }
}

class SocketIoClient extends Client {
  async open(port) {
    this.socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true });
    await new Promise((resolve, reject) => {
      this.socket.on("connect", resolve);
      this.socket.on("connect_error", reject);
    });
    this.socket.on("message", (message) => this.messages.push(message));
  }

  async join(room) {
    await this.socket.timeout(5000).emitWithAck("join", { room, name: this.name });
  }

  send(room, text) {
    this.socket.emit("send", { room, text });
  }

  async close() {
    this.socket.disconnect();
  }
}
