/**
 * Measures rekiln on this machine. Every figure that is compared with another comes from the same run.
 *
 *   npm run bench                          all parts
 *   npm run bench -- --only catalogue      one part, or several: --only second,one
 *   npm run bench -- --json                one line of JSON a figure: {"name","value","unit","goal","met"}
 *   npm run bench -- --only scale --large  with 1,000,000 entities
 *
 *   --rounds N   how often what is compared is measured; the median counts (3)
 *   --pages N    cuts every input to about N pages, to try things out: the goals are for the full size
 *
 * A goal that isn't met is said, and doesn't fail the run. Exit code 1: a part couldn't run.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { CannotRun } from "./bench/cannot-run.ts";
import { CatalogueSite } from "./bench/catalogue-site.ts";
import { cataloguePart } from "./bench/catalogue-part.ts";
import { devPart } from "./bench/dev-part.ts";
import { eleventyPart } from "./bench/eleventy-part.ts";
import { drainPart } from "./bench/drain-part.ts";
import { figureTable } from "./bench/figure-table.ts";
import { fleetPart } from "./bench/fleet-part.ts";
import { hugoPart } from "./bench/hugo-part.ts";
import { latencyPart } from "./bench/latency-part.ts";
import { onePart } from "./bench/one-part.ts";
import { putsPart } from "./bench/puts-part.ts";
import { queuePart } from "./bench/queue-part.ts";
import { scalePart } from "./bench/scale-part.ts";
import { servePart } from "./bench/serve-part.ts";
import { secondPart } from "./bench/second-part.ts";
import type { BenchPart } from "./bench/bench-part.ts";

const PARTS: Readonly<Record<string, BenchPart>> = {
  catalogue: cataloguePart,
  second: secondPart,
  one: onePart,
  hugo: hugoPart,
  eleventy: eleventyPart,
  serve: servePart,
  scale: scalePart,
  queue: queuePart,
  puts: putsPart,
  drain: drainPart,
  latency: latencyPart,
  dev: devPart,
  fleet: fleetPart,
};
/** Below the project, so that a site's config finds `rekiln` and what it imports. */
const WORK_DIR = fileURLToPath(new URL("../demo/bench/", import.meta.url));

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
    large: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    pages: { type: "string" },
  },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function usageError(message: string): never {
  say(message);
  process.exit(2);
}

function wholeNumber(name: string, text: string): number {
  return /^[1-9]\d*$/.test(text) ? Number(text) : usageError(`--${name} is a whole number from 1`);
}

const rounds = wholeNumber("rounds", values.rounds);
const pages = values.pages === undefined ? undefined : wholeNumber("pages", values.pages);
const asked = values.only.flatMap((names) => names.split(","));
for (const name of asked) {
  if (!Object.hasOwn(PARTS, name)) usageError(`there is no part ${name}; there are ${Object.keys(PARTS).join(", ")}`);
}

mkdirSync(WORK_DIR, { recursive: true });
const folder = mkdtempSync(join(WORK_DIR, "run-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

let madeCatalogue: Promise<CatalogueSite> | undefined;
const catalogue = (): Promise<CatalogueSite> => {
  if (madeCatalogue === undefined) {
    say("making the package catalogue's data");
    madeCatalogue = CatalogueSite.make(join(folder, "site"), pages);
  }
  return madeCatalogue;
};

for (const [name, part] of Object.entries(PARTS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  say(`\n${name}`);
  const partFolder = join(folder, name);
  mkdirSync(partFolder);
  try {
    const figures = await part({ folder: partFolder, rounds, pages, isLarge: values.large, catalogue, say });
    process.stdout.write(
      values.json ? figures.map((each) => `${JSON.stringify(each)}\n`).join("") : figureTable(figures),
    );
  } catch (error) {
    say(error instanceof CannotRun ? error.message : `${name} failed: ${String(error)}`);
    process.exitCode = 1;
  }
}
