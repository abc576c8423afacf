import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { compareBuilds } from "./compare-builds.ts";
import { mergeUpdates } from "./import-packages/merge-updates.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SITE = join(ROOT, "demo", "packages");
const CLEAN = join(ROOT, "demo", "packages-clean");
const UPDATES = join(ROOT, "demo", "packages-updates");
const CLI = join(ROOT, "lib", "src", "cli", "rekiln.js");

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
  const ended = spawnSync(
    process.execPath,
    ["scripts/import-packages.ts", "--out", join(SITE, "data"), "--updates", UPDATES],
    {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "pipe"],
      encoding: "utf8",
    },
  );
  if (ended.status === 0) return true;
  say(
    "There is no Debian package index on this machine (apt-get update leaves one): a part of it from the repo is used.",
  );
  return false;
}

interface Drained {
  readonly affected: number;
  readonly rendered: number;
  readonly written: number;
  readonly removed: number;
  readonly seconds: number;
}

/** Replays the distribution's own updates as change events, and holds the result against a clean build. */
async function replay(suites: readonly string[]): Promise<void> {
  const config = relative(ROOT, join(SITE, "rekiln.config.ts"));
  const { changed, added } = await mergeUpdates(
    join(SITE, "data"),
    suites.map((suite) => join(UPDATES, suite)),
  );
  say(`\nThe updates of ${suites.join(" and ")}: ${changed} records changed, ${added} new. As change events:`);
  say(`rekiln publish package:bash --config ${config}`);
  if (node(CLI, "publish", "package:bash", "--config", config) !== 0) process.exit(1);
  say(`\nrekiln work --until-empty --config ${config}`);
  const worked = spawnSync(process.execPath, [CLI, "work", "--until-empty", "--json", "--config", config], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (worked.status !== 0) process.exit(worked.status ?? 1);
  // The command's own output.
  const { affected, rendered, written, removed, seconds } = JSON.parse(worked.stdout) as Drained;
  const amplification = written === 0 ? "" : `, amplification ${(rendered / written).toFixed(2)}`;
  say(
    `${affected} pages affected, ${rendered} rendered, ${written} written, ${removed} removed${amplification}, ${seconds.toFixed(1)} s`,
  );

  say("\nThe same data built clean, to compare:");
  rmSync(CLEAN, { recursive: true, force: true });
  mkdirSync(CLEAN, { recursive: true });
  for (const name of ["rekiln.config.ts", "templates", "static", "data"]) {
    cpSync(join(SITE, name), join(CLEAN, name), { recursive: true });
  }
  if (node(CLI, "build", "--config", relative(ROOT, join(CLEAN, "rekiln.config.ts"))) !== 0) process.exit(1);
  const { same, differing } = compareBuilds(join(SITE, "dist"), join(CLEAN, "dist"));
  if (differing.length > 0) {
    process.stderr.write(`${differing.length} files differ from a clean build: ${differing.slice(0, 10).join(", ")}\n`);
    process.exit(1);
  }
  say(`\nAll ${same.toLocaleString("en-US")} files equal those of a clean build.`);
  // Out of the way, and gone with the next demo: to delete 100,000 files takes a while.
  const trash = join(ROOT, "demo", "packages-old");
  rmSync(trash, { recursive: true, force: true });
  renameSync(CLEAN, trash);
}

const { values } = parseArgs({ options: { fixture: { type: "boolean", default: false } } });
copySite();
rmSync(UPDATES, { recursive: true, force: true });
if (values.fixture || !importIndex()) {
  rmSync(join(SITE, "data"), { recursive: true, force: true });
  cpSync(join(ROOT, "templates", "packages", "data"), join(SITE, "data"), { recursive: true });
  cpSync(join(ROOT, "templates", "packages", "updates"), UPDATES, { recursive: true });
}

const config = relative(ROOT, join(SITE, "rekiln.config.ts"));
say(`\nrekiln build --config ${config}`);
const built = node(CLI, "build", "--config", config);
if (built !== 0) process.exit(built);
say(`\nOnce more, with nothing changed: rekiln build --config ${config}`);
const again = node(CLI, "build", "--config", config);
if (again !== 0) process.exit(again);

const suites = existsSync(UPDATES) ? readdirSync(UPDATES).sort((left, right) => (left < right ? 1 : -1)) : [];
if (suites.length > 0) await replay(suites);

say("\nLook at the site: npm run demo:serve, then open http://127.0.0.1:8080/");
say(
  `Change a line of ${relative(ROOT, join(SITE, "data", "package.ndjson"))} or a template, and run npm run demo again.`,
);
