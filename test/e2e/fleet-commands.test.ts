import { join } from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";

import type { Finding } from "../../src/core/finding.ts";
import { loadConfig } from "../../src/site/load-config.ts";
import { examine } from "../../src/system/doctor.ts";
import { openWritableStore } from "../../src/system/open-store.ts";
import { objectStoreSetup } from "../../src/system/store-setup.ts";
import type { ObjectStoreSetup } from "../../src/system/store-setup.ts";
import { sleep } from "../../src/system/sleep.ts";
import { build, rekiln } from "../support/cli.ts";
import { FakeBucket } from "../support/fake-aws/fake-bucket.ts";
import { FakeS3 } from "../support/fake-aws/fake-s3.ts";
import { FakeSqs } from "../support/fake-aws/fake-sqs.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { itemSite, itemsOf } from "./item-site.ts";

let s3: FakeS3;
let sqs: FakeSqs;
beforeAll(async () => {
  [s3, sqs] = [await FakeS3.start("bucket"), await FakeSqs.start(sleep)];
  // As the AWS SDK finds them; the commands inherit them.
  const before = { ...process.env };
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "us-east-1" });
  return () => {
    process.env = before;
  };
});
afterAll(async () => {
  await s3.server.stop();
  await sqs.server.stop();
});
beforeEach(() => {
  sqs.reset();
  s3.buckets.set("bucket", new FakeBucket());
  s3.allowed = undefined;
  s3.clock = Date.now;
});

interface Fleet {
  readonly queue?: boolean;
  readonly store?: boolean;
}

/** A site of a few pages whose queue, or store, is a service. */
function fleetSite({ queue = false, store = false }: Fleet): TemporarySite {
  const site = itemSite(itemsOf(3));
  const declared = [
    ...(queue
      ? [`queue: sqs({ live: "items-live", bulk: "items-bulk", endpoint: ${JSON.stringify(sqs.server.url)} }),`]
      : []),
    ...(store ? [`store: s3("s3://bucket/site", { endpoint: ${JSON.stringify(s3.server.url)} }),`] : []),
  ];
  site.edit("rekiln.config.ts", 'source: files("data/"),', `source: files("data/"), ${declared.join(" ")}`);
  site.edit("rekiln.config.ts", "entity, files, slug", "entity, files, s3, slug, sqs");
  return site;
}

async function json(site: TemporarySite, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout, stderr } = await rekiln(site.folder, ...args, "--json");
  if (stdout === "") throw new Error(`it printed nothing: ${stderr}`);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

describe("rekiln provision", () => {
  test("says what it would do, does it, and has nothing left to do", async () => {
    const site = fleetSite({ queue: true });
    const dry = await rekiln(site.folder, "provision", "--dry-run");
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining("items-live: would be created") });
    expect(dry.stdout).toContain("MessageRetentionPeriod: 1209600");
    expect([...sqs.queues.keys()]).toEqual([]);
    await rekiln(site.folder, "provision");
    expect([...sqs.queues.keys()].toSorted()).toEqual([
      "items-bulk",
      "items-bulk-dead",
      "items-live",
      "items-live-dead",
    ]);
    const { attributes, deadLetterPolicy } = sqs.queue("items-live");
    expect(attributes).toMatchObject({ MessageRetentionPeriod: "1209600", SqsManagedSseEnabled: "true" });
    expect(deadLetterPolicy).toEqual({ deadLetterTargetArn: sqs.queue("items-live-dead").arn, maxReceiveCount: 5 });
    const { queues } = await json(site, "provision");
    expect(queues).toEqual(expect.arrayContaining([{ queue: "items-live", action: "keep", attributes: [] }]));
  });

  test("mends what is there, and leaves what is better", async () => {
    const site = fleetSite({ queue: true });
    const dead = sqs.make("somewhere-else", { MessageRetentionPeriod: "1209600", SqsManagedSseEnabled: "true" });
    const policy = { deadLetterTargetArn: dead.arn, maxReceiveCount: 20 };
    sqs.make("items-live", { RedrivePolicy: JSON.stringify(policy), VisibilityTimeout: "5" });
    await rekiln(site.folder, "provision");
    expect([...sqs.queues.keys()]).not.toContain("items-live-dead");
    expect(sqs.queue("items-live").attributes["VisibilityTimeout"]).toBe("60");
    expect(sqs.queue("items-live").deadLetterPolicy?.maxReceiveCount).toBe(20);
  });

  test("has nothing to do for a queue on this machine", async () => {
    const { code, stdout } = await rekiln(itemSite(itemsOf(1)).folder, "provision");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("on this machine") });
  });
});

describe("rekiln doctor", () => {
  const kinds = async (site: TemporarySite): Promise<{ bad: string; doubtful: string }> => {
    // What the command prints, without a process of its own.
    const findings = await examine(await loadConfig(join(site.folder, "rekiln.config.ts"), { ...process.env }));
    const texts = (kind: Finding["kind"]): string =>
      findings
        .filter((finding) => finding.kind === kind)
        .map((finding) => `${finding.what}: ${finding.says} (${finding.kind === "good" ? "" : finding.hint})`)
        .join("\n");
    return { bad: texts("bad"), doubtful: texts("doubtful") };
  };

  test("finds a site on one machine good, before its first build and after it", async () => {
    const site = itemSite(itemsOf(2));
    expect(await kinds(site)).toMatchObject({
      bad: "",
      doubtful: expect.stringContaining("rekiln build"),
    });
    await build(site.folder);
    expect(await kinds(site)).toEqual({ bad: "", doubtful: "" });
    const { code, stdout } = await rekiln(site.folder, "doctor");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^ok {2}manifest: complete, 3 pages published$/m),
    });
    expect(site.files().filter((file) => file.includes("probe"))).toEqual([]);
    site.remove("data/item.ndjson");
    expect(await kinds(site)).toMatchObject({ bad: expect.stringContaining("data/item.ndjson") });
    expect(await json(site, "doctor")).toMatchObject({ schema: "rekiln.doctor.1", exitCode: 1 });
  });

  test("finds services good that were provisioned", async () => {
    const site = fleetSite({ queue: true, store: true });
    await rekiln(site.folder, "provision");
    expect(await kinds(site)).toEqual({ bad: "", doubtful: "" });
    expect([...s3.bucket("bucket").objects.keys()]).toEqual([]);
  });

  test.each<[string, () => void, RegExp]>([
    [
      "ignores conditions",
      () => (s3.bucket("bucket").quirks = { ignoresConditions: true }),
      /ignores conditions.*If-None-Match.*conditional writes/,
    ],
    ["isn't there", () => void s3.buckets.delete("bucket"), /no such bucket.*Make the bucket/i],
    ["may not be written", () => (s3.allowed = new Set(["GET", "HEAD"])), /refuses these credentials.*s3:PutObject/],
    ["may not be listed", () => (s3.allowed = new Set(["PUT", "HEAD", "DELETE"])), /can't be listed.*s3:ListBucket/],
  ])("says that a store %s, and what to do", async (_, spoil, says) => {
    spoil();
    expect(await kinds(fleetSite({ store: true }))).toMatchObject({ bad: expect.stringMatching(says) });
  });

  test("says that a clock is off", async () => {
    s3.clock = () => Date.now() + 300_000;
    expect(await kinds(fleetSite({ store: true }))).toMatchObject({
      doubtful: expect.stringMatching(/^clock: (?:299|300|301) s behind the store's \(.*NTP/m),
    });
  });

  test("says what is wrong with queues", async () => {
    const site = fleetSite({ queue: true });
    expect(await kinds(site)).toMatchObject({
      bad: expect.stringMatching(/items-live.*rekiln provision/),
    });
    sqs.make("items-live", { VisibilityTimeout: "1" });
    const policy = { deadLetterTargetArn: sqs.make("short", { MessageRetentionPeriod: "60" }).arn, maxReceiveCount: 1 };
    sqs.make("items-bulk", { RedrivePolicy: JSON.stringify(policy) });
    const { bad, doubtful } = await kinds(site);
    expect(bad).toMatch(/queue live: its visibility timeout is 1 s/);
    expect(bad).toMatch(/queue live: has no dead letters/);
    expect(bad).toMatch(/queue bulk: gives a message up after 1 receives/);
    expect(bad).toMatch(/queue bulk: its dead letters are kept for less long/);
    expect(doubtful).toMatch(/queue live: keeps messages for 4 days only/);
    expect(doubtful).toMatch(/queue live: isn't encrypted/);
  });

  test("says which permissions are missing", async () => {
    const site = fleetSite({ queue: true });
    await rekiln(site.folder, "provision");
    sqs.refused.set("DeleteMessage", "AccessDenied");
    expect(await kinds(site)).toMatchObject({
      bad: expect.stringMatching(/queue live: .*lack sqs:DeleteMessage/),
    });
  });
});

test("a site whose queue is SQS is published, worked on and looked at as any other", async () => {
  const site = fleetSite({ queue: true });
  site.edit("rekiln.config.ts", "queue: sqs", "prices: { queue: 0.4 }, queue: sqs");
  await rekiln(site.folder, "provision");
  await build(site.folder);
  site.records("item", [{ id: "i0", title: "Changed" }, ...itemsOf(3).slice(1)]);
  const published = await rekiln(site.folder, "publish", "item:i0");
  expect(published.stdout).toMatch(/^Cost: \d queue: \$0\.\d+\.$/m);
  sqs.queue("items-live").send("not ours", undefined, undefined);
  expect(await json(site, "queue", "list")).toMatchObject({ lanes: { live: { waiting: 2, dead: 0 } } });
  const before = sqs.server.requests;
  const worked = await json(site, "work", "--until-empty");
  expect(worked).toMatchObject({ ended: "empty", changes: 1, discarded: 1, exitCode: 1 });
  const asked = sqs.server.requests - before;
  expect(worked["cost"]).toEqual({ requests: { put: 0, get: 0, list: 0, queue: asked }, dollars: (asked * 0.4) / 1e6 });
  expect(site.read("dist/items/i0/index.html")).toContain("Changed");
  expect(await json(site, "queue", "list", "--dead")).toMatchObject({
    lanes: { live: { letters: [{ body: "not ours" }] } },
  });
  expect(await json(site, "status")).toMatchObject({ queue: { live: { waiting: 0, inFlight: 0, dead: 1 } } });
  expect((await rekiln(site.folder, "queue", "purge", "--dead", "--yes")).code).toBe(0);
  const asking = sqs.server.requests;
  const rebuilt = await json(site, "rebuild", "item:i0");
  expect(rebuilt["cost"]).toMatchObject({ requests: { put: 0, queue: sqs.server.requests - asking } });
}, 120_000);

test("a writer refuses a store that ignores conditions", async () => {
  const store = { kind: "s3", bucket: "bucket", prefix: "", endpoint: s3.server.url } as const;
  const setup = (): ObjectStoreSetup => objectStoreSetup(store);
  const opened = await openWritableStore(setup());
  onTestFinished(() => opened[Symbol.asyncDispose]());
  s3.bucket("bucket").quirks = { ignoresConditions: true };
  await expect(openWritableStore(setup())).rejects.toMatchObject({
    code: "store-unconditional",
    disposition: "fatal",
  });
});
