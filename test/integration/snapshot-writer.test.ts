import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";

import { decodeChange } from "../../src/core/change-event.ts";
import type { EntityData, EntityModel } from "../../src/core/entity.ts";
import type { SnapshotSource } from "../../src/source/snapshot-source.ts";
import type { ObjectStore } from "../../src/store/object-store.ts";
import { readCurrent } from "../../src/system/snapshot-place.ts";
import { FakeS3 } from "../support/fake-aws/fake-s3.ts";
import { openS3Store } from "../support/fake-aws/open-s3-store.ts";
import { Death, SnapshotRelay } from "../support/snapshot-relay.ts";
import type { WrittenSite } from "../support/snapshot-relay.ts";

const { signal } = new AbortController();

const item: EntityModel = {
  name: "item",
  index: ["kind"],
  schema: { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as EntityData }) } },
};
const written: WrittenSite = { fingerprint: "f", site: { entities: new Map([["item", item]]) } };

let folder: string;
let store: ObjectStore;

beforeEach(async () => {
  const fake = await FakeS3.start("bucket");
  folder = mkdtempSync(join(tmpdir(), "rekiln-snapshot-"));
  mkdirSync(join(folder, "data"));
  onTestFinished(async () => {
    rmSync(folder, { recursive: true });
    await fake.server.stop();
  });
  store = await openS3Store(fake.server.url);
});

function data(items: Readonly<Record<string, string>>): void {
  const lines = Object.entries(items).map(([id, kind]) => `${JSON.stringify({ id, kind })}\n`);
  writeFileSync(join(folder, "data", "item.ndjson"), lines.join(""));
}

const machine = (name: string): SnapshotRelay => new SnapshotRelay(join(folder, name), join(folder, "data"), store);

/** What a reader has after it has loaded what is there: kinds by id, and the version. */
async function loaded(
  relay: SnapshotRelay,
  name = "reader",
): Promise<{ version: number; items: object; untold: number }> {
  using source = relay.openSource({
    mirror: join(folder, `${name}.db`),
    models: written.site.entities,
    firstVersion: 0,
  }) as SnapshotSource;
  await source.refresh(() => undefined, signal);
  using reader = source.reader();
  const snapshot = reader.snapshot();
  const ids = snapshot.ids("item", undefined, 1000);
  const items = Object.fromEntries(ids.map((id) => [id, snapshot.get("item", id)?.data["kind"]]));
  return { version: snapshot.version, items, untold: source.outbox.count() };
}

/** Events that wait, as entity and kind before; those of one machine's queue. */
async function events({ queued: { queue } }: SnapshotRelay): Promise<readonly string[]> {
  const received = await queue.receive("live", { max: 500, visibilitySeconds: 60, waitMs: 0, signal });
  return received.map(({ body }) => {
    const read = decodeChange(body);
    if (!read.ok) throw new Error(read.problem);
    const { id, version, before } = read.event;
    return `${id}@${version} ${JSON.stringify(before?.map((tuple) => tuple?.fields["kind"] ?? null))}`;
  });
}

describe("a writer that dies", () => {
  test("anywhere leaves the last snapshot, or the new one with all its events; the next run is right", async () => {
    for (let steps = 0; ; steps++) {
      const relay = machine(`writer-${steps}`);
      // Another round begins where the last one ended, with a machine of its own.
      data({ a: "x", b: "x", c: "x" });
      await relay.write(written);
      await events(relay);
      const before = await loaded(relay);
      data({ a: "y", b: "x", d: `${steps}` });
      const whole = await relay.write(written, steps).catch((error: unknown) => {
        if (error instanceof Death) return undefined;
        throw error;
      });
      const sent = await events(relay);
      const after = await loaded(relay);
      if (after.version === before.version) expect(after).toEqual(before);
      else expect(sent.map((event) => event.slice(0, event.indexOf("@"))).toSorted()).toEqual(["a", "c", "d"]);
      await relay.write(written);
      const later = await events(relay);
      const { version, items } = await loaded(relay);
      expect(items).toEqual({ a: "y", b: "x", d: `${steps}` });
      expect(version).toBeGreaterThan(before.version);
      const all = new Set([...sent, ...later].map((event) => event.replace(/@\d+/, "")));
      expect([...all].toSorted()).toEqual(['a ["x"]', 'c ["x"]', "d [null]"]);
      for (const event of [...sent, ...later]) {
        expect(Number(/@(\d+)/.exec(event)?.[1])).toBeLessThanOrEqual(version);
      }
      if (whole !== undefined) {
        expect(steps).toBeGreaterThanOrEqual(4);
        break;
      }
    }
  });
});

describe("two writers", () => {
  test("never make a snapshot of one the current one over that of another: one loses, and says so", async () => {
    data({ a: "x" });
    const [one, other] = [machine("one"), machine("other")];
    await one.write(written);
    data({ a: "y" });
    const results = await Promise.allSettled([one.write(written), other.write(written)]);
    const lost = results.filter((result) => result.status === "rejected");
    expect(results.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: "snapshot-conflict" });
    expect((await loaded(one)).items).toEqual({ a: "y" });
  });

  test("by turns give each other data a newer version, and the differences to what was there", async () => {
    data({ a: "x" });
    const [one, other] = [machine("one"), machine("other")];
    await one.write(written);
    data({ a: "y" });
    await other.write(written);
    expect(await events(other)).toEqual(['a@2 ["x"]']);
    data({ a: "x" });
    // Here nothing has changed since its own first run.
    await one.write(written);
    expect((await events(one)).at(-1)).toMatch(/^a@3 \["y"\]$/);
    expect(await loaded(one)).toEqual({ version: 3, items: { a: "x" }, untold: 0 });
  });
});

test("a reader tells the queue of what it loads only where nobody has: when a chain was begun anew since it loaded", async () => {
  const relay = machine("writer");
  data({ a: "x", b: "x" });
  await relay.write(written);
  expect(await loaded(relay)).toMatchObject({ version: 1, untold: 0 });
  data({ a: "y", b: "x" });
  await relay.write(written);
  expect(await loaded(relay)).toMatchObject({ version: 2, untold: 0 });
  data({ a: "y", b: "y" });
  await events(relay);
  await relay.write(written, undefined, { isAnew: true });
  expect(await events(relay)).toEqual([]);
  expect(await loaded(relay)).toMatchObject({ version: 3, untold: 1 });
  expect(await loaded(relay, "late")).toMatchObject({ version: 3, untold: 0 });
});

test("a reader that skips snapshots, and one that begins late, have the same version and data", async () => {
  const relay = machine("writer");
  for (const kind of ["a", "b", "c"]) {
    data({ one: kind, [kind]: "new" });
    await relay.write(written);
    if (kind === "a") await loaded(relay);
  }
  expect(await loaded(relay)).toEqual(await loaded(relay, "late"));
  expect((await readCurrent(store, signal))?.index).toMatchObject({ version: 3, since: 1 });
});
