/**
 * Runs the contract suites of S3 and SQS against LocalStack: installs it below `.localstack/` if it isn't there (a Python of 3.12 or newer;
 * 110 MB), starts it on a free port, and ends it.
 *
 * The first argument is the config of vitest: which tests it is.
 *
 *   npm run test:localstack
 *   npm run test:localstack -- test/localstack/s3-object-store.test.ts    what follows goes to vitest
 */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { freePort } from "../test/support/free-port.ts";

/** The last of the open line; newer releases of what it needs break it. */
const PACKAGE = "localstack-core[base-runtime]==4.14.0";
const NO_NEWER_THAN = "2026-03-15";
const READY_SECONDS = 60;
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = join(ROOT, ".localstack");
const PYTHON = join(FOLDER, "venv", "bin", "python");

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** A Python that LocalStack runs on; where a version manager has several, the newest that is good. */
function findPython(): string {
  const names = ["python3.13", "python3.12", "python3.14", "python3"];
  const managed = (process.env["PYENV_ROOT"] ?? join(process.env["HOME"] ?? "", ".pyenv")) + "/versions";
  const candidates = [...names, ...["3.13.0", "3.12.1"].map((version) => join(managed, version, "bin", "python3"))];
  for (const candidate of candidates) {
    try {
      const script = "import sys; print(sys.version_info >= (3, 12) and sys.version_info < (3, 14))";
      if (execFileSync(candidate, ["-c", script], { encoding: "utf8", stdio: "pipe" }).trim() === "True")
        return candidate;
    } catch {
      // Not there, or not installed for this name.
    }
  }
  throw new Error("LocalStack needs Python 3.12 or 3.13: install one (apt-get install python3, or pyenv install 3.13)");
}

function install(): void {
  if (existsSync(join(FOLDER, "installed"))) return;
  say("installing LocalStack 4.14.0 below .localstack/");
  rmSync(FOLDER, { recursive: true, force: true });
  const python = findPython();
  const run = (command: string, ...args: readonly string[]): void =>
    void execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  run(python, "-m", "venv", join(FOLDER, "venv"));
  // uv knows how to leave out what is newer than a day.
  run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv");
  const uv = ["-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, "--exclude-newer", NO_NEWER_THAN];
  run(PYTHON, ...uv, PACKAGE);
  run(PYTHON, "-c", `open(${JSON.stringify(join(FOLDER, "installed"))}, "w").close()`);
}

async function start(port: number, state: string): Promise<ChildProcess> {
  const address = `127.0.0.1:${port}`;
  const server = spawn(PYTHON, ["-m", "localstack.runtime.main"], {
    cwd: state,
    env: {
      ...process.env,
      SERVICES: "s3,sqs",
      GATEWAY_LISTEN: address,
      LOCALSTACK_HOST: address,
      SQS_ENDPOINT_STRATEGY: "path",
      DISABLE_EVENTS: "1",
      SKIP_SSL_CERT_DOWNLOAD: "1",
      DNS_ADDRESS: "0",
      FILESYSTEM_ROOT: state,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (let second = 0; second < READY_SECONDS; second++) {
    if (server.exitCode !== null) throw new Error(`LocalStack ended with ${server.exitCode}`);
    const isReady = await fetch(`http://${address}/_localstack/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return server;
    await setTimeout(1000);
  }
  server.kill();
  throw new Error(`LocalStack wasn't ready within ${READY_SECONDS} s`);
}

install();
const state = mkdtempSync(join(tmpdir(), "rekiln-localstack-"));
const port = await freePort();
const server = await start(port, state);
const end = (): void => {
  server.kill();
  rmSync(state, { recursive: true, force: true });
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
process.on("exit", end);
const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
const [config = "vitest.localstack.config.ts", ...rest] = process.argv.slice(2);
const args = [vitest, "run", "--config", config, ...rest];
const tests = spawn(process.execPath, args, {
  cwd: ROOT,
  env: { ...process.env, REKILN_LOCALSTACK: `http://127.0.0.1:${port}` },
  stdio: "inherit",
});
const [code]: readonly unknown[] = await once(tests, "close");
process.exit(typeof code === "number" ? code : 1);
