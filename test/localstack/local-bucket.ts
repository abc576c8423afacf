import { randomUUID } from "node:crypto";

import { CreateBucketCommand, GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";

import { STATE_FOLDER } from "../../src/store/directory.ts";
import { decompress } from "../../src/store/compress.ts";
import type { KillBucket } from "../kills/kill-workers.ts";
import { livePages } from "../support/live-pages.ts";
import { localstackUrl } from "./localstack-url.ts";

const PREFIX = "site/";
const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "secret" };

/** A bucket and two queues of LocalStack's, which nobody else has. Commands find their credentials in the environment. */
export async function makeLocalBucket(): Promise<KillBucket & Disposable> {
  const endpoint = localstackUrl();
  process.env["AWS_ACCESS_KEY_ID"] = CREDENTIALS.accessKeyId;
  process.env["AWS_SECRET_ACCESS_KEY"] = CREDENTIALS.secretAccessKey;
  const bucket = `rekiln-${randomUUID()}`;
  const client = new S3Client({ region: "us-east-1", endpoint, forcePathStyle: true, credentials: CREDENTIALS });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const where = `region: "us-east-1", endpoint: "${endpoint}"`;
  return {
    publishHere: (site) => {
      const queue = `sqs({ live: "${bucket}-live", bulk: "${bucket}-bulk", ${where} })`;
      const store = `s3("s3://${bucket}/${PREFIX}", { ${where} })`;
      site.edit("rekiln.config.ts", 'directory("dist/")', `${store}, queue: ${queue}`);
      site.edit("rekiln.config.ts", " directory,", " s3, sqs,");
    },
    pages: async () => {
      const found: [string, string][] = [];
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: PREFIX })) {
        for (const { Key = "" } of Contents) {
          const file = Key.slice(PREFIX.length);
          if (file.startsWith(`${STATE_FOLDER}/`)) continue;
          const { Body, ContentEncoding } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
          const bytes = decompress((await Body?.transformToByteArray()) ?? new Uint8Array(), ContentEncoding);
          found.push([file, Buffer.from(bytes).toString("latin1")]);
        }
      }
      return livePages(found);
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}
