import { randomUUID } from "node:crypto";

import { beforeAll } from "vitest";

import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";

import { objectStoreContract } from "../contract/object-store-contract.ts";
import { openS3Store } from "../support/fake-aws/open-s3-store.ts";
import { localstackUrl } from "./localstack-url.ts";

const endpoint = localstackUrl();
const client = new S3Client({
  region: "us-east-1",
  endpoint,
  forcePathStyle: true,
  credentials: { accessKeyId: "test", secretAccessKey: "secret" },
});
beforeAll(() => () => client.destroy());

objectStoreContract("s3 of LocalStack", async () => {
  const bucket = `rekiln-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    store: await openS3Store(endpoint, { bucket }),
    connect: (prefix) => openS3Store(endpoint, { bucket, prefix }),
    prefix: "site/",
    capabilities: { remove: "unsupported" },
  };
});
