// The compose project as it is written, under a name and at a port of its own, brought up by a real
// engine and taken down when the test is over.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort, until } from "../../nginx/tests/balancer.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
// As `scripts/test` found it: "docker compose" or "docker-compose".
const [PROGRAM, ...FIRST] = (process.env.ROOKERY_COMPOSE ?? "docker-compose").split(" ");
const run = promisify(execFile);

/** `{url, scale(gateways), exec(service, ...words), containers(service)}`, until `scope` is over. */
export async function startProject(scope, gateways) {
  const name = `rookery-test-${process.pid}`;
  const port = await freePort();
  const env = {
    ...process.env,
    ROOKERY_JWT_SECRET: randomBytes(32).toString("hex"),
    ROOKERY_PORT: `${port}`,
    ROOKERY_ADDRESS: "127.0.0.1",
  };
  const compose = async (...words) => {
    const file = ["--env-file", "/dev/null", "-p", name, "-f", path.join(ROOT, "docker-compose.yml")];
    const { stdout } = await run(PROGRAM, [...FIRST, ...file, ...words], { env, cwd: ROOT, timeout: 170_000 });
    return stdout;
  };
  scope.after(() => compose("down", "--volumes", "--timeout", "5"));
  const project = {
    url: `http://127.0.0.1:${port}`,
    scale: (count) => compose("up", "--detach", "--no-build", "--scale", `gateway=${count}`),
    exec: (service, ...words) => compose("exec", "-T", service, ...words),
    containers: async (service) => (await compose("ps", "--quiet", service)).split("\n").filter(Boolean),
  };
  await project.scale(gateways);
  await until("the project is ready", () => fetch(`${project.url}/readyz`).then(({ ok }) => ok, () => false), 60_000);
  return project;
}
