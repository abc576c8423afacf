/**
 * Puts pages to a store that takes everything, and prints what it cost: `put-work.ts <way> <endpoint> <puts>`. Prints
 * {"cpuSeconds","seconds"} of one line.
 *
 *   ours      the adapter of the product
 *   sdk       S3Client.send(PutObjectCommand) with its default settings
 *   library   the SDK's signer, kept, over the adapter's own connections
 */
import { createHash, createHmac, hash } from "node:crypto";
import { crc32 } from "node:zlib";

import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SignatureV4 } from "@smithy/signature-v4";

import type { ObjectKey } from "../../src/core/path.ts";
import { RequestBudget } from "../../src/store/request-budget.ts";
import { S3Http } from "../../src/store/s3-http.ts";
import { S3ObjectStore } from "../../src/store/s3-object-store.ts";
import { sleep } from "../../src/system/sleep.ts";

const WARM_UP = 2000;
const SIDE_BY_SIDE = 64;
/** A page of the package catalogue is about so large. */
const PAGE = Buffer.from("<p>a line of a page of the package catalogue</p>\n".repeat(105));
const [, , way = "", endpoint = "", puts = ""] = process.argv;
const credentials = { accessKeyId: "bench", secretAccessKey: "secret" };
const TYPE = "text/html; charset=utf-8";
const CACHE = "public, max-age=60";
const METADATA = { "rekiln-page": "package/bash", "rekiln-stamp": "7.18f3a.0", "cache-tag": "package" };

type PutOne = (n: number) => Promise<void>;

async function ours(): Promise<PutOne> {
  const budget = new RequestBudget({ clock: Date.now, sleep, startPutsPerSecond: 1_000_000 });
  const settings = { clock: Date.now, sleep, random: Math.random, budget, concurrency: SIDE_BY_SIDE };
  const store = await S3ObjectStore.open({
    ...settings,
    bucket: "bucket",
    prefix: "site/",
    region: "us-east-1",
    endpoint,
    credentials: async () => credentials,
  });
  const carried = { stamp: { epoch: 7, version: 0x18f3a, time: 0 }, key: "package/bash" };
  const headers = { contentType: TYPE, cacheControl: CACHE, cacheTags: ["package"], carried };
  return async (n) => {
    const key = `packages/p${n}/index.html` as ObjectKey;
    const outcome = await store.put({ key, content: PAGE, headers, condition: { ifNoneMatch: "*" } });
    if (outcome.kind !== "put") throw new Error(outcome.kind);
  };
}

async function sdk(): Promise<PutOne> {
  const client = new S3Client({ region: "us-east-1", endpoint, forcePathStyle: true, credentials });
  return async (n) => {
    await client.send(
      new PutObjectCommand({
        Bucket: "bucket",
        Key: `site/packages/p${n}/index.html`,
        Body: PAGE,
        ContentType: TYPE,
        CacheControl: CACHE,
        IfNoneMatch: "*",
        Metadata: METADATA,
      }),
    );
  };
}

async function library(): Promise<PutOne> {
  class Sha256 {
    readonly #hash;
    constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
      this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array);
    }
    update(chunk: Uint8Array): void {
      this.#hash.update(chunk);
    }
    async digest(): Promise<Uint8Array> {
      return this.#hash.digest();
    }
    reset(): void {}
  }
  const signer = new SignatureV4({
    service: "s3",
    region: "us-east-1",
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
  });
  const http = new S3Http(endpoint, SIDE_BY_SIDE);
  const { hostname, host } = new URL(endpoint);
  return async (n) => {
    const sum = Buffer.allocUnsafe(4);
    sum.writeUInt32BE(crc32(PAGE));
    const path = `/bucket/site/packages/p${n}/index.html`;
    const headers = {
      host,
      "content-type": TYPE,
      "cache-control": CACHE,
      "if-none-match": "*",
      "x-amz-checksum-crc32": sum.toString("base64"),
      "x-amz-content-sha256": hash("sha256", PAGE, "hex"),
      ...Object.fromEntries(Object.entries(METADATA).map(([name, value]) => [`x-amz-meta-${name}`, value])),
    };
    const signed = await signer.sign({ method: "PUT", protocol: "http:", hostname, path, query: {}, headers });
    const { host: _, ...sent } = signed.headers;
    const { status } = await http.request({ method: "PUT", path, headers: Object.entries(sent).flat(), body: PAGE });
    if (status !== 200) throw new Error(String(status));
  };
}

const WAYS: Readonly<Record<string, () => Promise<PutOne>>> = { ours, sdk, library };
const open = WAYS[way];
if (open === undefined) throw new Error(`no way ${way}`);
const putOne = await open();

async function putMany(count: number): Promise<void> {
  let next = 0;
  const runner = async (): Promise<void> => {
    while (next < count) await putOne(next++);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, runner));
}

await putMany(WARM_UP);
const cpuBefore = process.cpuUsage();
const started = performance.now();
await putMany(Number(puts));
const { user, system } = process.cpuUsage(cpuBefore);
const seconds = (performance.now() - started) / 1000;
process.stdout.write(`${JSON.stringify({ cpuSeconds: (user + system) / 1e6, seconds })}\n`, () => process.exit(0));
