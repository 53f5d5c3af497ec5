// Runs a command with ROOKERY_URL_A and ROOKERY_URL_B, the two ways in that the browser tests use:
//
//   node on_cluster.mjs node --test browser/conversation.test.mjs
//
// When they are not set already, two nodes behind nginx are started for the time of the command.

import { spawn } from "node:child_process";
import { startCluster } from "./cluster.mjs";

const [program, ...options] = process.argv.slice(2);
const cluster = process.env.ROOKERY_URL_A ? null : await startCluster(2);
const ways = cluster ? { ROOKERY_URL_A: cluster.url, ROOKERY_URL_B: cluster.url } : {};
const command = spawn(program, options, { stdio: "inherit", env: { ...process.env, ...ways } });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => command.kill(signal));
const status = await new Promise((resolve) => command.once("close", (code) => resolve(code ?? 1)));
await cluster?.end();
process.exit(status);
