import { afterAll, beforeAll } from "vitest";

import { sleep } from "../../src/system/sleep.ts";
import { FakeSqs } from "../support/fake-aws/fake-sqs.ts";
import { sqsServiceContract } from "./sqs-service-contract.ts";

let fake: FakeSqs;
beforeAll(async () => {
  fake = await FakeSqs.start(sleep);
});
afterAll(() => fake.server.stop());

sqsServiceContract("sqs of our fake", () => ({ endpoint: fake.server.url }), { takesLateChanges: false });
