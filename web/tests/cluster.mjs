// A real cluster for the tests: nodes, Redis and nginx on free ports, started by scripts/cluster and ended by its pid.
// ROOKERY_BINARY names a built program; otherwise the script builds one.

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/cluster", import.meta.url));
const READY_WITHIN_MS = 15 * 60_000; // the first build takes its time

/** `{url, nodes: [{pid, url, …}], end()}`; `end` resolves when all of it is gone. */
export async function startCluster(nodes) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "rookery-page-"));
  const stateFile = path.join(folder, "state.json");
  const options = ["--nodes", nodes, "--port", 0, "--data", path.join(folder, "data"), "--state", stateFile];
  if (process.env.ROOKERY_BINARY) options.push("--binary", process.env.ROOKERY_BINARY);
  const child = spawn(SCRIPT, options.map(String), { stdio: ["ignore", "pipe", "pipe"] });
  process.once("exit", () => child.kill());
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
  const ended = new Promise((resolve) => child.once("close", resolve));

  const deadline = Date.now() + READY_WITHIN_MS;
  while (!existsSync(stateFile)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill();
      throw new Error(`scripts/cluster did not get ready:\n${said}`);
    }
    await sleep(50);
  }
  const { url, nodes: started } = JSON.parse(readFileSync(stateFile, "utf8"));

  async function end() {
    child.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
  return { url, nodes: started, end };
}
