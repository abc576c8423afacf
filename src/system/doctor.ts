import { existsSync } from "node:fs";

import { RekilnError } from "../core/errors.ts";
import { bad, doubtful, good } from "../core/finding.ts";
import type { Finding } from "../core/finding.ts";
import { LANES } from "../queue/queue.ts";
import { inspectQueues } from "../queue/sqs-inspect.ts";
import { FORMAT, formatOf, wrongFormat } from "../manifest/postgres-schema.ts";
import type { ManifestDatabase } from "../site/check-manifest.ts";
import type { S3Store } from "../site/declare-fleet.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { inspectFiles } from "../source/inspect-files.ts";
import { inspectPostgres } from "../source/inspect-postgres.ts";
import { inspectDirectory } from "../store/inspect-directory.ts";
import { inspectObjectStore } from "../store/inspect-object-store.ts";
import { BlockingPostgres } from "./blocking-postgres.ts";
import { openBuiltSite } from "./built-site.ts";
import { openQueue } from "./open-queue.ts";
import { capturedTablesOf, dataPathOf, entityFileOf } from "./open-source.ts";
import { openStore } from "./open-store.ts";
import { inspectSnapshot } from "./inspect-snapshot.ts";
import { siteFolders } from "./site-folders.ts";

/** A clock that is off by more makes pages wait; by a quarter of an hour, services refuse what it signs. */
const CLOCK_DOUBTFUL_MS = 60_000;
const CLOCK_BAD_MS = 900_000;

/** Looks at everything that a site stands on, one after the other; nothing is thrown for what is found. */
export async function examine(config: LoadedConfig): Promise<readonly Finding[]> {
  const { store } = config.site;
  const parts: readonly (readonly [what: string, look: () => Promise<readonly Finding[]>])[] = [
    ["store", async () => (store.kind === "s3" ? examineBucket(store) : inspectDirectory(siteFolders(config).store))],
    ["queue", () => examineQueue(config)],
    ["manifest", async () => examineManifest(config)],
    ["source", () => examineSource(config)],
    ["snapshots", () => examineSnapshots(config)],
  ];
  const findings: Finding[] = [];
  for (const [what, look] of parts) findings.push(...(await withoutThrowing(what, look)));
  return findings;
}

async function withoutThrowing(what: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof RekilnError)) throw error;
    return [bad(what, error.message, error.hint ?? "")];
  }
}

async function examineBucket(declared: S3Store): Promise<readonly Finding[]> {
  await using opened = await openStore(declared);
  const findings = await inspectObjectStore(opened.store);
  // A store that says nothing tells no time either.
  if (findings.some(({ kind }) => kind === "bad")) return findings;
  return [...findings, examineClock(await opened.store.clockAheadMs())];
}

function examineClock(aheadMs: number | undefined): Finding {
  if (aheadMs === undefined)
    return doubtful("clock", "the store doesn't tell the time", "Keep this machine's clock by NTP.");
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const says = `${seconds} s ${aheadMs > 0 ? "behind" : "ahead of"} the store's`;
  const hint = "Set it, and keep it by NTP (timedatectl set-ntp true).";
  if (Math.abs(aheadMs) >= CLOCK_BAD_MS) return bad("clock", says, hint);
  return Math.abs(aheadMs) >= CLOCK_DOUBTFUL_MS ? doubtful("clock", says, hint) : good("clock", says);
}

async function examineQueue(config: LoadedConfig): Promise<readonly Finding[]> {
  const { queue } = config.site;
  const findings: Finding[] = [];
  if (queue.kind === "sqs") {
    const { live, bulk, region, endpoint } = queue;
    findings.push(...(await inspectQueues({ names: { live, bulk }, region, endpoint })));
    if (findings.some(({ kind }) => kind === "bad")) return findings;
  } else if (!existsSync(siteFolders(config).state)) {
    return [good("queue", "on this machine; it is made when it is first used")];
  }
  using opened = openQueue(config);
  const depth = await opened.depth();
  for (const lane of LANES) {
    const { waiting, inFlight, delayed, dead } = depth[lane];
    const says = `${waiting + delayed} wait, ${inFlight} in flight, ${dead} dead`;
    const hint = "See rekiln queue list --dead for why, and rekiln queue redrive once it is mended.";
    findings.push(dead > 0 ? doubtful(`queue ${lane}`, says, hint) : good(`queue ${lane}`, says));
  }
  return findings;
}

function examineManifest(config: LoadedConfig): readonly Finding[] {
  const { store, manifest } = config.site;
  const findings = manifest.kind === "postgres" ? examineTables(manifest) : [];
  if ((store.kind === "s3" && manifest.kind === "local") || findings.some(({ kind }) => kind === "bad"))
    return findings;
  try {
    using built = openBuiltSite(config);
    const { published } = built.manifest.states(Math.floor(Date.now() / 1000));
    if (built.isComplete) return [...findings, good("manifest", `complete, ${published} pages published`)];
    return [
      ...findings,
      bad(
        "manifest",
        "no build has gone over every page",
        "Run rekiln build: until then workers have nothing to go by.",
      ),
    ];
  } catch (error) {
    if (!(error instanceof RekilnError) || error.code !== "site-not-built") throw error;
    return [...findings, doubtful("manifest", error.message, error.hint ?? "")];
  }
}

/** Where this machine writes them to. */
async function examineSnapshots({ site: { snapshots } }: LoadedConfig): Promise<readonly Finding[]> {
  if (snapshots === undefined) return [];
  await using opened = await openStore(snapshots);
  return await inspectObjectStore(opened.store);
}

function examineTables({ url, schema }: ManifestDatabase): readonly Finding[] {
  using channel = new BlockingPostgres(url);
  const format = formatOf(channel, schema);
  if (format === FORMAT)
    return [good("manifest tables", `format ${format} in the schema ${schema} of ${channel.name}`)];
  const { message, hint } = wrongFormat(format, channel.name, schema);
  return [bad("manifest tables", message, hint ?? "")];
}

async function examineSource(config: LoadedConfig): Promise<readonly Finding[]> {
  const { source, entities } = config.site;
  if (source.kind === "files") return inspectFiles(dataPathOf(config, source.dir), source.dir, entities.keys());
  if (source.kind === "sqlite") {
    if (existsSync(dataPathOf(config, source.file))) return [good("source", `the database ${source.file} is there`)];
    return [
      bad(
        "source",
        `the database ${source.file} isn't there`,
        "Put it there, or correct source: sqlite(…) in the config.",
      ),
    ];
  }
  if (source.kind === "snapshot") return inspectSnapshot(source, [...entities.keys()]);
  if (source.kind === "postgres") return inspectPostgres(source, source.queries, capturedTablesOf(config));
  if (existsSync(entityFileOf(siteFolders(config)))) return [good("source", "embedded, with its entity store")];
  return [doubtful("source", "embedded, and nothing is stored yet", "Run rekiln import, or rekiln put.")];
}
