import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { openLocalQueue } from "../../src/system/open-queue.ts";
import type { Queue } from "../../src/queue/queue.ts";
import { EmbeddedSource } from "../../src/source/embedded-source.ts";
import { SiteWriter } from "../../src/system/site-writer.ts";
import type { CatalogueSite } from "./catalogue-site.ts";
import { measuredRun } from "./measured-run.ts";
import { rekilnBuild } from "./rekiln-build.ts";
import type { RekilnBuild } from "./rekiln-build.ts";
import { settleDisk } from "./settle-disk.ts";

export const CLI = fileURLToPath(new URL("../../lib/src/cli/rekiln.js", import.meta.url));
const TYPES = ["package", "source", "maintainer", "release"];

/** A record of the catalogue, as it is imported. */
export interface PackageRecord {
  readonly id: string;
  readonly version: string;
  readonly depends?: readonly string[];
}

/** The package catalogue with `embedded()` for its source: its entities can be put. */
export class EmbeddedSite implements Disposable {
  readonly dir: string;
  readonly packages: readonly PackageRecord[];
  readonly coldBuild: RekilnBuild;
  readonly queue: Queue;
  readonly writer: SiteWriter;
  readonly source: EmbeddedSource;

  private constructor(dir: string, coldBuild: RekilnBuild, writer: SiteWriter, packages: readonly PackageRecord[]) {
    if (!(writer.source instanceof EmbeddedSource)) throw new Error("the site's source can't be written");
    this.dir = dir;
    this.coldBuild = coldBuild;
    this.writer = writer;
    this.source = writer.source;
    this.packages = packages;
    this.queue = openLocalQueue({ state: join(dir, ".rekiln") });
  }

  /** Copies a catalogue, imports its data, and builds it. Its queue is empty. */
  static async make(catalogue: CatalogueSite, dir: string): Promise<EmbeddedSite> {
    mkdirSync(dir, { recursive: true });
    for (const part of ["templates", "static"]) cpSync(join(catalogue.dir, part), join(dir, part), { recursive: true });
    const config = readFileSync(join(catalogue.dir, "rekiln.config.ts"), "utf8");
    const embedded = config.replace('files("data/")', "embedded()").replace(", files,", ", embedded,");
    writeFileSync(join(dir, "rekiln.config.ts"), embedded);
    const files = TYPES.map((type) => join(catalogue.data, `${type}.ndjson`));
    const imported = await measuredRun(process.execPath, [CLI, "import", ...files], dir);
    if (imported.exitCode !== 0) throw new Error(`rekiln import ended with ${imported.exitCode}:\n${imported.stderr}`);
    settleDisk();
    const built = await rekilnBuild(dir);
    const writer = await SiteWriter.open(join(dir, "rekiln.config.ts"), { ...process.env });
    const lines = readFileSync(join(catalogue.data, "package.ndjson"), "utf8").trimEnd().split("\n");
    // As `rekiln import` has read them.
    const packages = lines.map((line) => JSON.parse(line) as PackageRecord);
    const site = new EmbeddedSite(dir, built, writer, packages);
    await site.queue.purge("live", "messages");
    return site;
  }

  /** The page of a package. */
  pageOf(name: string): string {
    return join(this.dir, "dist", "packages", name, "index.html");
  }

  /** Stores packages, and tells the queue. */
  async put(packages: readonly PackageRecord[]): Promise<void> {
    await this.source.apply(packages.map((input) => ({ kind: "put", type: "package", input })));
    await this.#relay();
  }

  async delete(name: string): Promise<void> {
    await this.source.apply([{ kind: "delete", type: "package", id: name }]);
    await this.#relay();
  }

  async #relay(): Promise<void> {
    const { error } = await this.writer.relay();
    if (error !== undefined) throw error;
  }

  [Symbol.dispose](): void {
    this.queue[Symbol.dispose]();
    this.writer[Symbol.dispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The package that most others depend on. */
export function mostDependedOn(packages: readonly PackageRecord[]): PackageRecord {
  const counts = new Map<string, number>();
  for (const { depends = [] } of packages) for (const name of depends) counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = packages.toSorted((left, right) => (counts.get(right.id) ?? 0) - (counts.get(left.id) ?? 0));
  const [most] = sorted;
  if (most === undefined) throw new Error("the catalogue is empty");
  return most;
}

/** `count` packages, spread evenly over all of them, none of which an earlier `round` has given. */
export function spreadPackages(all: readonly PackageRecord[], count: number, round: number): readonly PackageRecord[] {
  const step = Math.max(1, Math.floor(all.length / count));
  return all.filter((_, place) => place % step === round % step).slice(0, count);
}
