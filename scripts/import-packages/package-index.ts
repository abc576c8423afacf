import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { type Stanza, readStanzas } from "./stanza.ts";

const indexName = /^(.+_dists_([^_]+))_main_binary-amd64_Packages(?:\.(?:lz4|gz|xz|bz2|zst))?$/;
const aptHelper = "/usr/lib/apt/apt-helper";

/** The index of one suite's `main` packages, as `apt-get update` left it. */
export interface PackageIndex {
  readonly file: string;
  /** As in `dists/`: `bookworm`, `bookworm-security`. */
  readonly suite: string;
  /** The suite's signed statement about its indexes, which says when they were made. */
  readonly releaseFile: string;
}

/**
 * The index of the named suite, or without a name of the base suite: the one with the largest index, since updates and
 * security suites hold a few of the base's packages anew.
 * @throws Error when there is no such index, naming those there are.
 */
export async function findPackageIndex(listsDir: string, suite: string | undefined): Promise<PackageIndex> {
  const found = await packageIndexes(listsDir);
  const suites = found.map(({ index }) => index.suite).join(", ") || "none; run `apt-get update` on a Debian machine";
  const wanted = found.filter(({ index }) => suite === undefined || index.suite === suite);
  const largest = wanted.toSorted((a, b) => b.bytes - a.bytes)[0];
  if (largest === undefined)
    throw new Error(`no package index${suite ? ` of ${suite}` : ""} in ${listsDir} (there: ${suites})`);
  return largest.index;
}

/** The suites of a base suite that hold its updates, the least urgent first: `bookworm-updates`, `bookworm-security`. */
export async function updateSuites(listsDir: string, base: string): Promise<readonly string[]> {
  const suites = new Set((await packageIndexes(listsDir)).map(({ index }) => index.suite));
  return [`${base}-updates`, `${base}-security`].filter((suite) => suites.has(suite));
}

async function packageIndexes(
  listsDir: string,
): Promise<readonly { readonly index: PackageIndex; readonly bytes: number }[]> {
  const names = await readdir(listsDir);
  const found: { readonly index: PackageIndex; readonly bytes: number }[] = [];
  for (const name of names.toSorted()) {
    const [, stem, indexSuite] = indexName.exec(name) ?? [];
    if (stem === undefined || indexSuite === undefined) continue;
    const release = names.includes(`${stem}_InRelease`) ? `${stem}_InRelease` : `${stem}_Release`;
    const file = join(listsDir, name);
    found.push({
      index: { file, suite: indexSuite, releaseFile: join(listsDir, release) },
      bytes: (await stat(file)).size,
    });
  }
  return found;
}

/**
 * The stanzas of an index, streamed.
 * @throws Error when the file can't be decompressed to its end.
 */
export async function* readPackageIndex(index: PackageIndex): AsyncGenerator<Stanza> {
  // apt's own helper reads every compression that apt writes, LZ4 included, which Node has no decoder for.
  const helper = spawn(aptHelper, ["cat-file", index.file], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(helper, "close");
  // Awaited below; a failed start must not count as unhandled while the output is still being read.
  exited.catch(() => undefined);
  helper.stdout.setEncoding("utf8");
  try {
    yield* readStanzas(helper.stdout);
  } finally {
    helper.kill();
  }
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`${aptHelper} could not read ${index.file} (exit code ${String(code)})`);
}

/** A line of `release.ndjson`: which state of the archive the packages were read from. */
export interface ReleaseRecord {
  readonly id: string;
  readonly origin: string;
  readonly version?: string;
  /** When the archive made the index, as an ISO instant. */
  readonly date: string;
}

/** @throws Error when the release file is missing or has no date. */
export async function readRelease(index: PackageIndex): Promise<ReleaseRecord> {
  const text = await readFile(index.releaseFile, "utf8");
  const field = (name: string): string | undefined => new RegExp(`^${name}: *(.+)$`, "m").exec(text)?.[1];
  const date = new Date(field("Date") ?? "");
  if (Number.isNaN(date.getTime())) throw new Error(`${index.releaseFile} has no date`);
  const version = field("Version");
  return {
    id: index.suite,
    origin: field("Origin") ?? "Debian",
    ...(version === undefined ? {} : { version }),
    date: `${date.toISOString().slice(0, 19)}Z`,
  };
}
