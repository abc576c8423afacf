import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Prices } from "../../src/core/prices.ts";
import { CountingProxy } from "../../test/postgres/counting-proxy.ts";
import { StartedPostgres } from "../../test/support/started-postgres.ts";
import { CannotRun } from "./cannot-run.ts";
import { CLI } from "./embedded-site.ts";
import { FLEET_BUCKET, FLEET_CREDENTIALS, FleetS3 } from "./fleet-s3.ts";
import type { S3Counts } from "./fleet-s3.ts";
import { measuredRun } from "./measured-run.ts";
import type { MeasuredRun } from "./measured-run.ts";
import { ndjsonRecords } from "./ndjson-records.ts";
import { writeScaleData } from "./scale-data.ts";

const SITE = fileURLToPath(new URL("./scale-site/", import.meta.url));

/** What was asked of the services while something ran. */
export interface Asked {
  readonly store: S3Counts;
  readonly roundTrips: number;
}

/**
 * The scale site as a fleet has it: pages in S3, the manifest in Postgres, behind a proxy that counts, entities that can be put. Its queue is
 * the embedded one, which bills nothing.
 */
export class FleetSite implements AsyncDisposable {
  readonly dir: string;
  readonly #s3: FleetS3;
  readonly #proxy: CountingProxy;
  readonly #services: AsyncDisposableStack;
  #restocks = 0;

  private constructor(dir: string, s3: FleetS3, proxy: CountingProxy, services: AsyncDisposableStack) {
    this.dir = dir;
    this.#s3 = s3;
    this.#proxy = proxy;
    this.#services = services;
  }

  /** Imported, with an empty manifest and an empty queue. @throws CannotRun when rekiln isn't compiled */
  static async make(dir: string, products: number, prices: Prices): Promise<FleetSite> {
    if (!existsSync(CLI)) throw new CannotRun("rekiln isn't compiled: run `npm run compile`");
    await using services = new AsyncDisposableStack();
    const s3 = services.use(await FleetS3.start());
    const server = services.use(await StartedPostgres.start());
    const proxy = services.use(await CountingProxy.start(server));
    cpSync(SITE, dir, { recursive: true });
    const config = join(dir, "rekiln.config.ts");
    writeFileSync(config, fleetConfig(readFileSync(config, "utf8"), s3.url, proxy.url, prices));
    await writeScaleData(join(dir, "data"), products);
    const site = new FleetSite(dir, s3, proxy, services.move());
    try {
      await site.run("migrate");
      await site.run("import", "data/category.ndjson", "data/product.ndjson");
      await site.forgetEvents();
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
    return site;
  }

  /** Puts the first `count` products with another `stock`, of which only their own pages tell: so many events. */
  async restock(count: number): Promise<void> {
    const stock = ++this.#restocks + 100;
    const lines: string[] = [];
    for await (const product of ndjsonRecords<object>(join(this.dir, "data", "product.ndjson"))) {
      if (lines.length === count) break;
      lines.push(`${JSON.stringify({ ...product, stock })}\n`);
    }
    writeFileSync(join(this.dir, "changed.ndjson"), lines.join(""));
    await this.run("import", "--type", "product", "changed.ndjson");
  }

  /** Empties the queue. */
  async forgetEvents(): Promise<void> {
    await this.run("queue", "purge", "--yes");
  }

  /** Runs a command of the CLI there. @throws Error when it ends with anything but 0 */
  async run(...args: readonly string[]): Promise<MeasuredRun> {
    const run = await measuredRun(process.execPath, [CLI, ...args], this.dir, FLEET_CREDENTIALS);
    if (run.exitCode !== 0)
      throw new Error(`rekiln ${args[0]} ended with ${run.exitCode}:\n${run.stderr.slice(-4000)}`);
    return run;
  }

  /** What the services are asked while something is done. */
  async counted<Result>(act: () => Promise<Result>): Promise<{ readonly result: Result; readonly asked: Asked }> {
    const before = await this.#asked();
    const result = await act();
    const after = await this.#asked();
    const store = {
      pages: less(after.store.pages, before.store.pages),
      others: less(after.store.others, before.store.others),
    };
    return { result, asked: { store, roundTrips: after.roundTrips - before.roundTrips } };
  }

  async #asked(): Promise<Asked> {
    return { store: await this.#s3.counts(), roundTrips: this.#proxy.roundTrips };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#services.disposeAsync();
  }
}

function less(after: S3Counts["pages"], before: S3Counts["pages"]): S3Counts["pages"] {
  const of = (kind: keyof typeof after): number => after[kind] - before[kind];
  return { put: of("put"), head: of("head"), get: of("get"), list: of("list"), remove: of("remove") };
}

function fleetConfig(config: string, endpoint: string, database: string, prices: Prices): string {
  const store = `s3("s3://${FLEET_BUCKET}/site/", { endpoint: "${endpoint}", region: "us-east-1" })`;
  const manifest = `postgresManifest({ url: ${JSON.stringify(database)}, schema: "fleet" })`;
  return config
    .replace('files("data/")', "embedded()")
    .replace(
      'store: directory("dist/")',
      `store: ${store},\n  manifest: ${manifest},\n  prices: ${JSON.stringify(prices)}`,
    )
    .replace(" directory, entity, files,", " embedded, entity, postgresManifest, s3,");
}
