import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SITE = join(ROOT, "demo", "packages");
const CLI = join(ROOT, "lib", "src", "cli", "main.js");

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function node(...args: string[]): number {
  const ended = spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  return ended.status ?? 1;
}

/** Copies the catalogue's site beside the repo's own files, without its data, and keeps what an earlier demo built. */
function copySite(): void {
  mkdirSync(SITE, { recursive: true });
  for (const name of ["rekiln.config.ts", "templates", "static"]) {
    rmSync(join(SITE, name), { recursive: true, force: true });
    cpSync(join(ROOT, "templates", "packages", name), join(SITE, name), { recursive: true });
  }
}

/** @returns whether this machine has a package index; it was imported then */
function importIndex(): boolean {
  const ended = spawnSync(process.execPath, ["scripts/import-packages.ts", "--out", join(SITE, "data")], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "pipe"],
    encoding: "utf8",
  });
  if (ended.status === 0) return true;
  say(
    "There is no Debian package index on this machine (apt-get update leaves one): a part of it from the repo is used.",
  );
  return false;
}

const { values } = parseArgs({ options: { fixture: { type: "boolean", default: false } } });
copySite();
if (values.fixture || !importIndex()) {
  rmSync(join(SITE, "data"), { recursive: true, force: true });
  cpSync(join(ROOT, "templates", "packages", "data"), join(SITE, "data"), { recursive: true });
}

const config = relative(ROOT, join(SITE, "rekiln.config.ts"));
say(`\nrekiln build --config ${config}`);
const built = node(CLI, "build", "--config", config);
if (built !== 0) process.exit(built);
say(`\nOnce more, with nothing changed: rekiln build --config ${config}`);
const again = node(CLI, "build", "--config", config);
if (again !== 0) process.exit(again);
say("\nLook at the site: npm run demo:serve, then open http://127.0.0.1:8080/");
say(
  `Change a line of ${relative(ROOT, join(SITE, "data", "package.ndjson"))} or a template, and run npm run demo again.`,
);
