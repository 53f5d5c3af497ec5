// scripts/cluster, started for a test: Redis, real nodes and nginx. ROOKERY_BINARY names the program
// that the nodes run, `scripts/test nginx` builds it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./balancer.mjs";

const PROGRAM = fileURLToPath(new URL("../../scripts/cluster", import.meta.url));
const START_MS = 60_000;

/** What `scripts/cluster --state` writes: `{url, nginx, redis, nodes}`. Runs until `scope` is over. */
export async function startCluster(scope, options = [], env = {}) {
  const directory = await mkdtemp(path.join(os.tmpdir(), "rookery-cluster-"));
  const file = path.join(directory, "state.json");
  const cluster = spawn(
    PROGRAM,
    [
      ...["--port", "0", "--data", path.join(directory, "data"), "--state", file, "--with-parent"],
      ...(process.env.ROOKERY_BINARY ? ["--binary", process.env.ROOKERY_BINARY] : []),
      ...options,
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ROOKERY__DRAIN_MS: "2000", ...env } },
  );
  let output = "";
  cluster.stdout.on("data", (text) => (output += text));
  cluster.stderr.on("data", (text) => (output += text));
  const ended = new Promise((done) => cluster.once("close", done));
  scope.after(async () => {
    cluster.kill("SIGTERM");
    await ended;
    await rm(directory, { recursive: true });
  });
  await until(
    "the cluster is ready",
    () => {
      if (cluster.exitCode !== null) throw new Error(`scripts/cluster ended:\n${output}`);
      return existsSync(file);
    },
    START_MS,
  );
  return JSON.parse(await readFile(file, "utf8"));
}

/** One more node on the Redis of `cluster`, listening at `listen`. Runs until `scope` is over. */
export async function startNode(scope, cluster, listen) {
  const [first] = cluster.nodes;
  const [program, ...options] = first.argv;
  const address = listen.split(":")[0];
  const node = spawn(program, options, {
    stdio: "ignore",
    env: {
      ...process.env,
      ...first.env,
      ROOKERY__LISTEN: listen,
      ROOKERY__ADMIN__LISTEN: `${address}:0`,
      ROOKERY__DRAIN_MS: "500",
    },
  });
  const ended = new Promise((done) => node.once("close", done));
  scope.after(async () => {
    node.kill("SIGTERM");
    await ended;
  });
  await until(`a node is ready at ${listen}`, async () => {
    if (node.exitCode !== null) throw new Error(`the node at ${listen} ended with ${node.exitCode}`);
    return fetch(`http://${listen}/readyz`).then((answer) => answer.ok, () => false);
  });
  return node;
}
