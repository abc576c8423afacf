import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { ObjectKey } from "../../src/core/path.ts";
import type { ObjectHeaders, Put, PutOutcome } from "../../src/store/object-store.ts";
import type { S3ObjectStore } from "../../src/store/s3-object-store.ts";
import { FakeBucket } from "../support/fake-aws/fake-bucket.ts";
import { FakeS3 } from "../support/fake-aws/fake-s3.ts";
import type { Fault } from "../support/fake-aws/fault.ts";
import { openS3Store } from "../support/fake-aws/open-s3-store.ts";

const PAGE = "films/alien/index.html" as ObjectKey;
const HTML: ObjectHeaders = { contentType: "text/html; charset=utf-8" };
const BODY = Buffer.from("<p>Alien</p>".repeat(20_000));

let fake: FakeS3;
let store: S3ObjectStore;
beforeAll(async () => {
  fake = await FakeS3.start("bucket");
});
afterAll(() => fake.server.stop());
beforeEach(async () => {
  fake.buckets.set("bucket", new FakeBucket());
  fake.credentials = { accessKeyId: "test", secretAccessKey: "secret" };
  fake.allowed = undefined;
  fake.clock = Date.now;
  store = await openS3Store(fake.server.url);
});
afterEach(() => {
  fake.server.faults = () => undefined;
});

const create = (content: Uint8Array = BODY): Put => ({
  key: PAGE,
  content,
  headers: HTML,
  condition: { ifNoneMatch: "*" },
});
const stored = (): Buffer | undefined => fake.bucket("bucket").objects.get(`site/${PAGE}`)?.content;
/** Has the first requests of a method go wrong in turn. */
function fail(method: string, ...faults: readonly Fault[]): void {
  const left = [...faults];
  fake.server.faults = (request) => (request.method === method ? left.shift() : undefined);
}
/** How the page is put by one who asks again when nobody knows. */
async function settle(put: Put): Promise<readonly PutOutcome["kind"][]> {
  const kinds: PutOutcome["kind"][] = [];
  for (let tries = 0; tries < 30; tries++) {
    const outcome = await store.put(put);
    kinds.push(outcome.kind);
    if (outcome.kind === "put" || outcome.kind === "precondition-failed") return kinds;
  }
  throw new Error(`never settled: ${kinds.join()}`);
}

describe("s3: a put whose connection is reset", () => {
  test.each([
    ["at the start", 0],
    ["after a byte", 1],
    ["in the middle", BODY.length / 2],
    ["at the end", BODY.length],
  ])("%s is of unknown outcome, nothing of it is stored, and it isn't sent again", async (_, afterBytes) => {
    fail("PUT", { kind: "reset-request", afterBytes });
    const before = fake.server.requests;
    expect(await store.put(create())).toMatchObject({
      kind: "unknown",
      error: { code: "store-unreachable", disposition: "retry" },
    });
    expect(fake.server.requests - before).toBe(1);
    expect(stored()).toBeUndefined();
    expect(await settle(create())).toEqual(["put"]);
    expect(stored()).toEqual(BODY);
  });

  test("before the answer was stored all the same: the next one finds its own success", async () => {
    fail("PUT", { kind: "lose-response" });
    expect(await settle(create())).toEqual(["unknown", "precondition-failed"]);
    const head = await store.head(PAGE);
    expect(head).toMatchObject({ kind: "found", head: { bytes: BODY.length } });
    expect(stored()).toEqual(BODY);
  });

  test("and that lands late finds another etag, and does nothing", async () => {
    const first = await store.put(create(Buffer.from("first")));
    const ifMatch = first.kind === "put" ? first.etag : undefined;
    if (ifMatch === undefined) throw new Error("not put");
    fail("PUT", { kind: "land-late", ms: 100 });
    const late = { ...create(Buffer.from("late")), condition: { ifMatch } };
    expect(await store.put(late)).toMatchObject({ kind: "unknown" });
    expect(await store.put({ ...create(Buffer.from("newer")), condition: { ifMatch } })).toMatchObject({ kind: "put" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stored()?.toString()).toBe("newer");
  });

  test("by a 500 is of unknown outcome too", async () => {
    fail("PUT", { kind: "refuse", status: 500, code: "InternalError" });
    expect(await settle(create())).toEqual(["unknown", "put"]);
  });
});

describe("s3: a read whose connection is reset", () => {
  test.each<[string, Fault]>([
    ["at the start", { kind: "reset-request", afterBytes: 0 }],
    ["before the answer", { kind: "lose-response" }],
    ["in the middle of the answer", { kind: "cut-response", afterBytes: BODY.length / 2 }],
    ["one byte before its end", { kind: "cut-response", afterBytes: BODY.length - 1 }],
  ])("%s is repeated", async (_, fault) => {
    await store.put(create());
    fail("GET", fault);
    const got = await store.get(PAGE);
    expect(got.kind === "found" && Buffer.from(got.content).equals(BODY)).toBe(true);
    fail("HEAD", fault.kind === "cut-response" ? { kind: "lose-response" } : fault);
    expect(await store.head(PAGE)).toMatchObject({ kind: "found" });
  });

  test("and a list, too", async () => {
    await store.put(create());
    fail("GET", { kind: "cut-response", afterBytes: 100 }, { kind: "refuse", status: 503, code: "SlowDown" });
    const keys: string[] = [];
    for await (const page of store.list()) keys.push(...page.map(({ key }) => key));
    expect(keys).toEqual([PAGE]);
  });

  test("always, is told of as a store that can't be reached", async () => {
    fake.server.faults = () => ({ kind: "reset-request", afterBytes: 0 });
    expect(await store.head(PAGE)).toMatchObject({ kind: "unreachable", error: { disposition: "retry" } });
  });
});

describe("s3: a store that says 503", () => {
  test.each([1, 30, 60, 90])("to %i of 100 requests gets them all in the end, and nothing twice", async (percent) => {
    let seed = percent;
    const chance = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    fake.server.faults = () =>
      chance() * 100 < percent ? { kind: "refuse", status: 503, code: "SlowDown" } : undefined;
    const keys = Array.from({ length: 30 }, (_, n) => `films/${n}.html` as ObjectKey);
    let left = keys.map((key) => ({ ...create(Buffer.from(key)), key }));
    const seen = new Set<string>();
    for (let round = 0; left.length > 0 && round < 100; round++) {
      const outcomes = await store.putMany(left);
      for (const { kind } of outcomes) seen.add(kind);
      left = left.filter((_, place) => outcomes[place]?.kind !== "put");
    }
    expect(left).toEqual([]);
    expect([...seen].filter((kind) => kind !== "put" && kind !== "throttled")).toEqual([]);
    expect(fake.bucket("bucket").objects.size).toBe(30);
  });

  test("is asked five times, then it is said", async () => {
    fake.server.faults = () => ({ kind: "refuse", status: 503, code: "SlowDown" });
    const before = fake.server.requests;
    expect(await store.put(create())).toMatchObject({ kind: "throttled", error: { code: "store-throttled" } });
    expect(fake.server.requests - before).toBe(5);
  });
});

describe("s3: an answer that has a name of its own", () => {
  test.each([
    [409, "ConditionalRequestConflict", { kind: "conflict" }],
    [412, "PreconditionFailed", { kind: "precondition-failed" }],
    [404, "NoSuchKey", { kind: "absent" }],
    [404, "NoSuchBucket", { kind: "refused", error: { code: "store-missing", disposition: "fatal" } }],
    [403, "AccessDenied", { kind: "refused", error: { code: "store-forbidden", disposition: "retry" } }],
    [301, "PermanentRedirect", { kind: "refused", error: { code: "store-region", disposition: "fatal" } }],
    [501, "NotImplemented", { kind: "refused", error: { code: "store-unconditional", disposition: "fatal" } }],
    [400, "KeyTooLongError", { kind: "refused", error: { code: "store-refused", disposition: "discard" } }],
    [400, "RequestTimeout", { kind: "unknown" }],
  ])("%i %s", async (status, code, expected) => {
    fail("PUT", { kind: "refuse", status, code });
    expect(await store.put(create())).toMatchObject(expected);
  });

  test("is a conflict where a removal came between", async () => {
    await store.put(create());
    const { etag } = fake.bucket("bucket").objects.get(`site/${PAGE}`) ?? {};
    fail("PUT", { kind: "delay", ms: 100 });
    const putting = store.put({ ...create(Buffer.from("x")), condition: { ifNoneMatch: "*" } });
    await new Promise((resolve) => setTimeout(resolve, 30));
    fake.bucket("bucket").remove(`site/${PAGE}`, etag);
    expect(await putting).toEqual({ kind: "conflict" });
  });
});

describe("s3: nobody at the other end", () => {
  test("is told of, with what was asked for", async () => {
    const other = await FakeS3.start("bucket");
    const lost = await openS3Store(other.server.url);
    await other.server.stop();
    expect(await lost.put(create())).toMatchObject({
      kind: "unreachable",
      error: { code: "store-unreachable", message: expect.stringContaining(`s3://bucket/site/${PAGE}`) },
    });
    await expect(lost.list()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "store-unreachable" });
  });
});

describe("s3: credentials", () => {
  test("that expire are renewed, and what was asked for is done", async () => {
    let asked = 0;
    const tokens = ["old", "new"];
    store = await openS3Store(fake.server.url, {
      credentials: async () => ({
        accessKeyId: "test",
        secretAccessKey: "secret",
        sessionToken: tokens[Math.min(asked++, 1)],
        expiration: new Date(Date.now() + 3_600_000),
      }),
    });
    fake.credentials = { accessKeyId: "test", secretAccessKey: "secret", sessionToken: "old" };
    expect(await store.put(create())).toMatchObject({ kind: "put" });
    fake.credentials = { ...fake.credentials, sessionToken: "new" };
    expect(await store.head(PAGE)).toMatchObject({ kind: "found" });
    expect(await store.get(PAGE)).toMatchObject({ kind: "found" });
  });

  test("that can't be renewed are no fault of the page", async () => {
    fake.credentials = { ...fake.credentials, sessionToken: "other" };
    expect(await store.put(create())).toMatchObject({
      kind: "refused",
      error: { code: "store-credentials", disposition: "retry" },
    });
  });

  test("that nobody has are told of", async () => {
    store = await openS3Store(fake.server.url, {
      credentials: async () => {
        throw new Error("no profile");
      },
    });
    expect(await store.put(create())).toMatchObject({ kind: "refused", error: { code: "store-credentials" } });
    expect(await store.get(PAGE)).toMatchObject({ kind: "refused", error: { code: "store-credentials" } });
  });
});

test("s3: a clock that is wrong by an hour is set right by the store's", async () => {
  fake.clock = () => Date.now() + 3_600_000;
  expect(await store.put(create())).toMatchObject({ kind: "put" });
  expect(await store.head(PAGE)).toMatchObject({ kind: "found" });
});

test("s3: a HEAD that may not list is told from one that finds nothing", async () => {
  fake.allowed = new Set(["PUT"]);
  expect(await store.head(PAGE)).toMatchObject({ kind: "refused", error: { code: "store-forbidden" } });
});

describe("s3: a cap", () => {
  test("on dollars a day defers what is above it", async () => {
    const now = Date.UTC(2026, 0, 1, 12);
    fake.clock = () => now;
    // A put is a two-hundred-thousandth of a dollar.
    store = await openS3Store(fake.server.url, { clock: () => now, caps: { maxDollarsPerDay: 0.000_01 } });
    expect(await store.put(create())).toMatchObject({ kind: "put" });
    const outcomes = await store.putMany([create(), create(), create()]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["precondition-failed", "deferred", "deferred"]);
    expect(outcomes[1]).toEqual({ kind: "deferred", reason: "dollars-a-day", until: Date.UTC(2026, 0, 2) });
    await expect(store.list()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "store-deferred",
      disposition: "retry",
    });
  });
});
