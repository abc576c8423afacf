import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";

import { expect, test } from "vitest";

import { rekiln } from "../support/cli.ts";
import { SnapshotFleet } from "../support/snapshot-fleet.ts";
import { TemporarySite } from "../support/temporary-site.ts";

/** npm run test:snapshot-memory takes a million. */
const ENTITIES = Number(process.env["REKILN_SNAPSHOT_ENTITIES"] ?? 20_000);
const TIMEOUT_MS = 120_000 + ENTITIES;
/** Caches, and what the collector leaves lying while there is room. */
const MORE_MB = 200;

const CONFIG = `import { z } from "zod";
import { defineEntities, defineSite, entity, files, json, slug } from "rekiln";

const entities = defineEntities({ item: entity(z.looseObject({ id: z.string(), kind: z.string() }), { index: ["kind"] }) });

export default defineSite({
  url: "https://items.example",
  source: files("data/"),
  entities,
  routes: {
    home: entities.route({ path: "/count.json", template: json, load: async (read) => ({ items: await read.count("item") }) }),
  },
});
`;

/** Says on its way out how much memory the process had at most, in kilobytes. */
const REPORT = `process.on("exit", () => process.stderr.write("maxRSS " + process.resourceUsage().maxRSS + "\\n"))`;

async function fill(site: TemporarySite, count: number): Promise<void> {
  mkdirSync(join(site.folder, "data"), { recursive: true });
  const out = createWriteStream(join(site.folder, "data/item.ndjson"));
  const text = "It stands here so that a record is about as long as records are. ".repeat(6);
  for (let number = 0; number < count; number++) {
    const line = `${JSON.stringify({ id: `i${number}`, kind: `k${number % 50}`, text: `${number} ${text}` })}\n`;
    if (!out.write(line)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
}

/** Megabytes that a command had at most. */
async function peakOf(site: TemporarySite, ...args: readonly string[]): Promise<number> {
  const { code, stderr, stdout } = await rekiln(site.folder, ...args);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).not.toBe("");
  const peaks = [...stderr.matchAll(/^maxRSS (\d+)$/gm)].map(([, kilobytes]) => Number(kilobytes));
  return Math.max(...peaks) / 1024;
}

test("writer and reader have about as much memory for many entities as for few", { timeout: TIMEOUT_MS }, async () => {
  const fleet = await SnapshotFleet.start();
  // Commands inherit it; it is put back with the fleet's own.
  process.env["NODE_OPTIONS"] = `--import data:text/javascript,${encodeURIComponent(REPORT)}`;
  const peaks: Record<string, number[]> = { first: [], compared: [], loaded: [] };
  for (const count of [ENTITIES / 4, ENTITIES]) {
    fleet.restore(new Map());
    const site = new TemporarySite({ "rekiln.config.ts": CONFIG });
    await fill(site, 1);
    const reader = fleet.makeReader(site);
    const writer = fleet.makeWriter(site);
    await fill(writer, count);
    peaks["first"]?.push(await peakOf(writer, "snapshot"));
    await fill(writer, count + 1);
    peaks["compared"]?.push(await peakOf(writer, "snapshot"));
    peaks["loaded"]?.push(await peakOf(reader, "build"));
    expect(JSON.parse(reader.read("dist/count.json"))).toEqual({ items: count + 1 });
  }
  process.stderr.write(`${JSON.stringify({ entities: ENTITIES, megabytes: peaks })}\n`);
  for (const [few = 0, many = 0] of Object.values(peaks)) expect(many - few).toBeLessThan(MORE_MB);
});
