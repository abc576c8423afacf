import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { queueHandler, sweepHandler } from "../../src/system/lambda.ts";
import { sleep } from "../../src/system/sleep.ts";
import { build } from "../support/cli.ts";
import { FakeSqs } from "../support/fake-aws/fake-sqs.ts";
import { differences } from "../support/temporary-site.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";
import { WorkSite } from "./work-site.ts";

const CONTAINER = fileURLToPath(new URL("../../lib/workers/container.js", import.meta.url));

let sqs: FakeSqs;
beforeAll(async () => {
  sqs = await FakeSqs.start(sleep);
  const before = { ...process.env };
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "us-east-1" });
  return () => {
    process.env = before;
  };
});
afterAll(async () => sqs.server.stop());
beforeEach(() => sqs.reset());

/** As SQS calls a function: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html. */
interface SqsEvent {
  readonly Records: readonly {
    readonly messageId: string;
    readonly receiptHandle: string;
    readonly body: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly messageAttributes: object;
    readonly md5OfBody: string;
    readonly eventSource: "aws:sqs";
    readonly eventSourceARN: string;
    readonly awsRegion: string;
  }[];
}

function useSqs(site: TemporarySite): void {
  const queue = `sqs({ live: "films-live", bulk: "films-bulk", endpoint: "${sqs.server.url}" })`;
  site.edit("rekiln.config.ts", 'directory("dist/"),', `directory("dist/"), queue: ${queue},`);
  site.edit("rekiln.config.ts", " directory,", " directory, sqs,");
}

/** Receives as an event source mapping does: up to ten messages of a queue, for a minute. */
async function nextEvent(name: string): Promise<SqsEvent> {
  using client = disposable(new SQS({ endpoint: sqs.server.url, region: "us-east-1" }));
  const { QueueUrl } = await client.value.getQueueUrl({ QueueName: name });
  const { Attributes = {} } = await client.value.getQueueAttributes({ QueueUrl, AttributeNames: ["QueueArn"] });
  const { Messages = [] } = await client.value.receiveMessage({
    QueueUrl,
    MaxNumberOfMessages: 10,
    VisibilityTimeout: 60,
    MessageSystemAttributeNames: ["All"],
  });
  return {
    Records: Messages.map(({ MessageId, ReceiptHandle, Body, Attributes: attributes = {}, MD5OfBody }) => ({
      messageId: MessageId ?? "",
      receiptHandle: ReceiptHandle ?? "",
      body: Body ?? "",
      attributes,
      messageAttributes: {},
      md5OfBody: MD5OfBody ?? "",
      eventSource: "aws:sqs",
      eventSourceARN: Attributes["QueueArn"] ?? "",
      awsRegion: "us-east-1",
    })),
  };
}

function disposable<T extends { destroy(): void }>(value: T): Disposable & { readonly value: T } {
  return { value, [Symbol.dispose]: () => value.destroy() };
}

async function cleanPages(site: WorkSite): Promise<ReadonlyMap<string, string>> {
  const clean = filmSite([...site.films.values()]);
  await build(clean.folder);
  return clean.pages();
}

const config = (site: WorkSite): string => `${site.folder}/rekiln.config.ts`;

/** The state of these sites stands beside their configs, where their commands look for it. */
beforeEach(() => {
  process.env["REKILN_STATE"] = ".rekiln";
  return () => {
    delete process.env["REKILN_STATE"];
  };
});

test("a function does the messages of its event, and says which must come again", async () => {
  const site = await WorkSite.make(filmsOf(40), useSqs);
  await site.put({ ...site.film("7"), title: "Seven" });
  await site.delete("12");
  const event = await nextEvent("films-live");
  expect(event.Records.length).toBeGreaterThan(0);
  const [first] = event.Records;
  if (first === undefined) throw new Error("no message came");
  // Somebody else's code put it there.
  const alien = { ...first, messageId: "alien", receiptHandle: "of-no-message", body: "not rekiln's" };
  const handler = queueHandler({ config: config(site), concurrency: 1 });
  expect(await handler({ Records: [...event.Records, alien] })).toEqual({
    batchItemFailures: [{ itemIdentifier: "alien" }],
  });
  expect(differences(await cleanPages(site), site.site.pages())).toEqual([]);
  // What was done is deleted, and nothing waits.
  expect((await nextEvent("films-live")).Records).toEqual([]);
});

test("without time left it gives its messages back, and a later one does them", async () => {
  const site = await WorkSite.make(filmsOf(20), useSqs);
  await site.put({ ...site.film("7"), title: "Seven" });
  const event = await nextEvent("films-live");
  const handler = queueHandler({ config: config(site), concurrency: 1 });
  const ended = { getRemainingTimeInMillis: () => 0 };
  const ids = event.Records.map(({ messageId }) => messageId);
  expect(ids.length).toBeGreaterThan(0);
  expect(await handler(event, ended)).toEqual({
    batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
  });
  // What SQS would send again by itself.
  expect(await handler(event)).toEqual({ batchItemFailures: [] });
  expect(differences(await cleanPages(site), site.site.pages())).toEqual([]);
});

test("what isn't an event of the site's queues is refused by name", async () => {
  const site = await WorkSite.make(filmsOf(3), useSqs);
  const handler = queueHandler({ config: config(site) });
  await expect(handler({ Records: [{ eventSource: "aws:s3" }] })).rejects.toThrow("isn't what SQS sends");
  const record = {
    messageId: "1",
    receiptHandle: "r",
    body: "{}",
    attributes: { ApproximateReceiveCount: "1", SentTimestamp: "1" },
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:another",
  };
  await expect(handler({ Records: [record] })).rejects.toThrow("another");
});

test("a scheduled function sweeps what is due, and mends what nobody told of", async () => {
  const site = await WorkSite.make(filmsOf(20), useSqs);
  site.site.write("dist/films/film-3/index.html", "<p>somebody's hand</p>");
  const handler = sweepHandler({ config: config(site), concurrency: 1, periodSeconds: 1 });
  const event = { "detail-type": "Scheduled Event", source: "aws.events", time: "2026-01-01T00:00:00Z", detail: {} };
  let swept = 0;
  for (let run = 0; run < 20 && swept < 20; run++) swept += (await handler(event)).swept;
  expect(swept).toBeGreaterThanOrEqual(20);
  expect(differences(await cleanPages(site), site.site.pages())).toEqual([]);
});

test("a container drains the queue, says what it did, and ends", async () => {
  const site = await WorkSite.make(filmsOf(20), useSqs);
  await site.put({ ...site.film("7"), title: "Seven" });
  const { stdout } = await promisify(execFile)(process.execPath, [CONTAINER], { cwd: site.folder });
  expect(JSON.parse(stdout)).toMatchObject({ schema: "rekiln.work.1", ended: "empty", failed: 0 });
  expect(differences(await cleanPages(site), site.site.pages())).toEqual([]);
});
