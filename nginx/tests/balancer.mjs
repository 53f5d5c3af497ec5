// Starts a real nginx with the configuration of this repository in front of given nodes, on a free
// port of the loopback interface, and ends it by its pid.
import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const CONFIGURATION = fileURLToPath(new URL("..", import.meta.url));

/** Resolves when `condition` returns something truthy; asks every 20 ms for at most `ms`. */
export async function until(what, condition, ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain until ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** A port that nothing listens on at any of `addresses`. */
export async function freePort(addresses = ["127.0.0.1"]) {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await Promise.all(addresses.map((address) => canListen(address, port)));
    if (free.every(Boolean)) return port;
  }
  throw new Error("no free port found");
}

function canListen(address, port) {
  return new Promise((done) => {
    const probe = net.createServer();
    probe.once("error", () => done(false));
    probe.listen(port, address, () => probe.close(() => done(true)));
  });
}

/** `upstream.conf` with a fixed list of nodes, the other directives being those of the repository. */
export async function upstreamOf(ports) {
  const ours = await readFile(path.join(CONFIGURATION, "upstream.conf"), "utf8");
  const fixed = ports.map((port) => `server 127.0.0.1:${port} max_fails=3 fail_timeout=3s;`);
  return ours.replace(/^resolver .*$/m, "").replace(/server gateway:8080 .*;/, fixed.join("\n    "));
}

/**
 * nginx with `upstream` in place of the repository's `upstream.conf`, until `scope` (a test, or
 * something else with `after`) is over: `{port, pid, url, log(), errors()}`. `change` may change the
 * configuration's text.
 */
export async function startBalancer(scope, upstream, program = "nginx", change = (text) => text) {
  const directory = await mkdtemp(path.join(os.tmpdir(), "rookery-nginx-"));
  const port = await freePort();
  const configuration = await readFile(path.join(CONFIGURATION, "nginx.conf"), "utf8");
  await writeFile(path.join(directory, "nginx.conf"), change(configuration));
  await writeFile(path.join(directory, "upstream.conf"), upstream);
  await writeFile(path.join(directory, "listen.conf"), `listen 127.0.0.1:${port};\n`);
  // Files, not pipes: node's pipes are sockets, which nginx cannot open again as /dev/stdout.
  const output = ["log", "errors"].map((name) => path.join(directory, name));
  // Started by root, the workers would be somebody else, who may not write in this directory.
  const user = process.getuid() === 0 ? "user root;" : "";
  const nginx = spawn(
    program,
    ["-p", `${directory}/`, "-c", path.join(directory, "nginx.conf"), "-g", `daemon off; ${user}`],
    { stdio: ["ignore", ...output.map((file) => openSync(file, "a"))] },
  );
  const ended = new Promise((done) => nginx.once("close", done));
  const [log, errors] = output.map((file) => () => readFileSync(file, "utf8"));
  scope.after(async () => {
    nginx.kill("SIGTERM");
    await ended;
    await rm(directory, { recursive: true });
  });
  await until("nginx listens", async () => {
    if (nginx.exitCode !== null) throw new Error(`nginx ended: ${errors()}`);
    return !(await canListen("127.0.0.1", port));
  });
  return { port, pid: nginx.pid, url: `http://127.0.0.1:${port}`, log, errors };
}

/**
 * A request, and what came of it: `{status, headers, body}`, and `socket` where the answer was an
 * upgrade. `from` is the address that the client has.
 */
export function request(url, { method = "GET", headers = {}, body, from } = {}) {
  return new Promise((done, failed) => {
    const outgoing = http.request(url, { method, headers, localAddress: from, agent: false }, async (answer) => {
      let text = "";
      for await (const chunk of answer) text += chunk;
      done({ status: answer.statusCode, headers: answer.headers, body: text });
    });
    outgoing.once("error", failed);
    outgoing.once("upgrade", (answer, socket) =>
      done({ status: answer.statusCode, headers: answer.headers, socket }),
    );
    outgoing.end(body);
  });
}

/** The headers of a browser's upgrade. */
export const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};
