import { afterAll, beforeAll } from "vitest";

import { FakeBucket } from "../support/fake-aws/fake-bucket.ts";
import { FakeS3 } from "../support/fake-aws/fake-s3.ts";
import { openS3Store } from "../support/fake-aws/open-s3-store.ts";
import { objectStoreContract } from "./object-store-contract.ts";

let fake: FakeS3;
beforeAll(async () => {
  fake = await FakeS3.start("bucket");
});
afterAll(() => fake.server.stop());

objectStoreContract("s3", async () => {
  fake.buckets.set("bucket", new FakeBucket());
  return {
    store: await openS3Store(fake.server.url),
    connect: (prefix) => openS3Store(fake.server.url, { prefix }),
    prefix: "site/",
    capabilities: { remove: "conditional" },
  };
});
