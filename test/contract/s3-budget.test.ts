import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";

import type { ObjectKey } from "../../src/core/path.ts";
import { probeConditions } from "../../src/store/probe-conditions.ts";
import { RequestBudget } from "../../src/store/request-budget.ts";
import { StoredSpend } from "../../src/store/stored-spend.ts";
import { sleep } from "../../src/system/sleep.ts";
import { FakeBucket } from "../support/fake-aws/fake-bucket.ts";
import { FakeS3 } from "../support/fake-aws/fake-s3.ts";
import { openS3Store } from "../support/fake-aws/open-s3-store.ts";

let fake: FakeS3;
beforeAll(async () => {
  fake = await FakeS3.start("bucket");
});
afterAll(() => fake.server.stop());
beforeEach(() => {
  fake.buckets.set("bucket", new FakeBucket());
  fake.server.faults = () => undefined;
});

const DAY = 20_000;
async function openLedger(): Promise<StoredSpend> {
  const store = await openS3Store(fake.server.url);
  const ledger = new StoredSpend({ open: async () => store, sleep: async () => undefined, random: Math.random });
  onTestFinished(() => ledger[Symbol.asyncDispose]());
  return ledger;
}

describe("s3: what is spent on a day", () => {
  test("is shared by all who ask, and never more than the cap", async () => {
    const ledgers = await Promise.all([openLedger(), openLedger(), openLedger()]);
    const taken = await Promise.all(
      Array.from({ length: 12 }, (_, n) => ledgers[n % 3]?.take(DAY, 10n, 95n) ?? Promise.resolve(0n)),
    );
    expect(taken.reduce((sum, one) => sum + one, 0n)).toBe(95n);
    expect(await ledgers[0]?.take(DAY, 10n, 95n)).toBe(0n);
    expect(await ledgers[0]?.take(DAY + 1, 10n, 95n)).toBe(10n);
  });

  test("is noted though answers are lost: at most too much, never too little", async () => {
    const ledger = await openLedger();
    let lost = 0;
    fake.server.faults = ({ method }) => (method === "PUT" && lost++ === 0 ? { kind: "lose-response" } : undefined);
    expect(await ledger.take(DAY, 10n, 25n)).toBe(10n);
    // The first ten, of which nobody knew, count.
    expect(await ledger.take(DAY, 10n, 25n)).toBe(5n);
    expect(await ledger.take(DAY, 10n, 25n)).toBe(0n);
  });

  test("by several processes together stays below the cap: what is above it is deferred", async () => {
    const now = DAY * 86_400_000;
    const clock = (): number => now;
    fake.clock = clock;
    onTestFinished(() => {
      fake.clock = Date.now;
    });
    // Sixty puts.
    const caps = { maxDollarsPerDay: 0.0003 };
    const stores = await Promise.all(
      [1, 2].map(async () => {
        const unmetered = await openS3Store(fake.server.url, { clock });
        const ledger = new StoredSpend({
          open: async () => unmetered,
          sleep: async () => undefined,
          random: Math.random,
        });
        return openS3Store(fake.server.url, {
          clock,
          budget: new RequestBudget({ caps, clock, sleep, ledger, startPutsPerSecond: 100_000 }),
        });
      }),
    );
    const puts = Array.from({ length: 50 }, (_, n) => n);
    const outcomes = await Promise.all(
      stores.flatMap((store, place) =>
        puts.map((n) =>
          store.put({
            key: `${place}/${n}.txt` as ObjectKey,
            content: Buffer.from("x"),
            headers: { contentType: "text/plain" },
            condition: { ifNoneMatch: "*" },
          }),
        ),
      ),
    );
    const done = outcomes.filter(({ kind }) => kind === "put").length;
    const others = outcomes.filter(({ kind }) => kind !== "put" && kind !== "deferred");
    expect(others).toEqual([]);
    expect(done).toBeLessThanOrEqual(60);
    // What one was granted and didn't need is lost to the other.
    expect(done).toBeGreaterThanOrEqual(40);
    expect(outcomes.filter(({ kind }) => kind === "deferred")).toHaveLength(100 - done);
  });
});

describe("s3: a store is probed for conditions", () => {
  test("and one that keeps them is taken, also when it is probed again and by many", async () => {
    const stores = await Promise.all([openS3Store(fake.server.url), openS3Store(fake.server.url)]);
    await Promise.all([...stores, ...stores].map((store) => probeConditions(store)));
    expect([...fake.bucket("bucket").objects.keys()]).toEqual(["site/.rekiln/probe.txt"]);
  });

  test("and one that ignores them is refused, with what to do", async () => {
    fake.bucket("bucket").quirks = { ignoresConditions: true };
    const store = await openS3Store(fake.server.url);
    await expect(probeConditions(store)).rejects.toMatchObject({
      code: "store-unconditional",
      disposition: "fatal",
      message: expect.stringContaining("If-None-Match"),
      hint: expect.any(String),
    });
  });
});
