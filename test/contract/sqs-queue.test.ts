import { setImmediate } from "node:timers/promises";

import { afterAll, beforeAll } from "vitest";

import { LANES } from "../../src/queue/queue.ts";
import { SqsQueue } from "../../src/queue/sqs-queue.ts";
import { CountingHandler } from "../support/fake-aws/counting-handler.ts";
import { FakeSqs } from "../support/fake-aws/fake-sqs.ts";
import { SQS_CAPABILITIES } from "./queue-capabilities.ts";
import { queueContract } from "./queue-contract.ts";

const handler = new CountingHandler();
let fake: FakeSqs;
beforeAll(async () => {
  fake = await FakeSqs.start(async () => undefined);
});
afterAll(() => fake.server.stop());

/** Everybody who waits does so in the service. */
async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 3;) {
    await setImmediate();
    quiet = handler.underWay === fake.waiting ? quiet + 1 : 0;
  }
}

queueContract("sqs", ({ clock, sleep, maxReceives = 5 }) => {
  fake.reset();
  fake.clock = clock;
  fake.sleep = sleep;
  for (const lane of LANES) {
    const dead = fake.make(`${lane}-dead`);
    const policy = { deadLetterTargetArn: dead.arn, maxReceiveCount: maxReceives };
    fake.make(lane, { RedrivePolicy: JSON.stringify(policy) });
  }
  const connect = (): SqsQueue =>
    new SqsQueue({
      names: { live: "live", bulk: "bulk" },
      clock,
      sleep,
      region: "us-east-1",
      endpoint: fake.server.url,
      credentials: { accessKeyId: "test", secretAccessKey: "secret" },
      requestHandler: handler,
    });
  return { queue: connect(), connect, settle, capabilities: SQS_CAPABILITIES };
});
