import { checkKeys, isObject } from "./check-object.ts";
import type { UnknownObject } from "./check-object.ts";
import type { LocalQueue, S3Store, SqsQueues } from "./declare-fleet.ts";
import type { SnapshotSource } from "./declare-snapshot.ts";
import type { Report } from "./problem.ts";

const S3_KEYS = [
  "kind",
  "bucket",
  "prefix",
  "region",
  "endpoint",
  "pathStyle",
  "compress",
  "maxPutsPerSecond",
  "maxDollarsPerDay",
  "concurrency",
];
const SNAPSHOT_KEYS = ["kind", "bucket", "prefix", "region", "endpoint", "pathStyle", "everySeconds"];
const SQS_KEYS = ["kind", "live", "bulk", "region", "endpoint", "maxReceives"];
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; longer ones are access points. */
export const BUCKET = /^[a-z0-9][a-z0-9.-]{1,253}[a-z0-9]$/;
const PREFIX = /^(?:[A-Za-z0-9!_.*'()-]+\/)*$/;
const QUEUE_NAME = /^[A-Za-z0-9_-]{1,80}$/;
const LEAST_RECEIVES = 5;

/** The value of a key if it is what it should be; everything else but undefined is reported. */
function optional<T>(
  at: readonly [path: string, object: UnknownObject, key: string],
  is: (value: unknown) => value is T,
  says: readonly [message: string, hint: string],
  report: Report,
): T | undefined {
  const [path, object, key] = at;
  const value = object[key];
  if (value === undefined || is(value)) return value;
  report(`${path}.${key}`, ...says);
  return undefined;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isAddress = (value: unknown): value is string =>
  typeof value === "string" && /^https?:\/\/[^/]/.test(value) && URL.canParse(value);
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isPositive = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value > 0;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
const isPause = (value: unknown): value is number => isPositive(value) && value >= 1 && value <= 86_400;
const isPacking = (value: unknown): value is "gzip" | "br" => value === "gzip" || value === "br";
const isReceives = (value: unknown): value is number => isCount(value) && value >= LEAST_RECEIVES && value <= 1000;

const REGION = ["is no region", 'write region: "eu-central-1"'] as const;
const ENDPOINT = ["is no http or https address", 'write endpoint: "https://s3.example.com"'] as const;

/** Leaves out what isn't there, as the types have it. */
function given<T extends object>(options: { [K in keyof T]: T[K] | undefined }): T {
  // Only keys whose values are there are left.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** What `s3(…)` and `snapshot(…)` name alike, as the value of `path`. Undefined when it can't be used; everything wrong is reported. */
function checkBucket(path: string, written: string, value: UnknownObject, report: Report) {
  const { bucket, prefix } = value;
  if (typeof bucket !== "string" || !BUCKET.test(bucket)) {
    report(path, "names no bucket", `write ${path}: ${written}("s3://bucket"), or ${written}("s3://bucket/prefix")`);
    return undefined;
  }
  if (typeof prefix !== "string" || !PREFIX.test(prefix) || prefix.split("/").some((part) => /^\.+$/.test(part))) {
    report(path, "has a prefix that is no path", "use letters, digits and - _ . between its slashes");
    return undefined;
  }
  const of = <T>(key: string, is: (value: unknown) => value is T, says: readonly [string, string]) =>
    optional([path, value, key], is, says, report);
  const reached = given({
    region: of("region", isText, REGION),
    endpoint: of("endpoint", isAddress, ENDPOINT),
    pathStyle: of("pathStyle", isBoolean, ["is neither true nor false", "write pathStyle: true"]),
  });
  return { bucket, prefix, reached, of };
}

/** Checks `snapshot(…)`. Undefined when it can't be used; everything wrong is reported. */
export function checkSnapshot(source: UnknownObject, report: Report): SnapshotSource | undefined {
  checkKeys("source", source, SNAPSHOT_KEYS, report);
  const checked = checkBucket("source", "snapshot", source, report);
  if (checked === undefined) return undefined;
  const { bucket, prefix, reached, of } = checked;
  const says = ["is no number of seconds from 1 to a day", "write everySeconds: 30"] as const;
  return {
    kind: "snapshot",
    bucket,
    prefix,
    ...reached,
    ...given({ everySeconds: of("everySeconds", isPause, says) }),
  };
}

/** Checks `s3(…)`, the value of `path`. Undefined when it can't be used; everything wrong is reported. */
export function checkS3(path: "store" | "snapshots", store: UnknownObject, report: Report): S3Store | undefined {
  checkKeys(path, store, S3_KEYS, report);
  const checked = checkBucket(path, "s3", store, report);
  if (checked === undefined) return undefined;
  const { bucket, prefix, reached, of } = checked;
  return {
    kind: "s3",
    bucket,
    prefix,
    ...reached,
    ...given({
      compress: of("compress", isPacking, ["is no way of packing", 'write compress: "gzip" or "br", or leave it out']),
      maxPutsPerSecond: of("maxPutsPerSecond", isPositive, ["is no number above 0", "write maxPutsPerSecond: 100"]),
      maxDollarsPerDay: of("maxDollarsPerDay", isPositive, ["is no number above 0", "write maxDollarsPerDay: 5"]),
      concurrency: of("concurrency", isCount, ["is no whole number above 0", "write concurrency: 64"]),
    }),
  };
}

/** Checks `queue`; left out, it is the one on this machine. */
export function checkQueue(queue: unknown, report: Report): LocalQueue | SqsQueues | undefined {
  if (queue === undefined) return { kind: "local" };
  if (!isObject(queue) || queue["kind"] !== "sqs") {
    report(
      "queue",
      "doesn't come from sqs",
      'write queue: sqs({ live: "films-live", bulk: "films-bulk" }), or leave it out',
    );
    return undefined;
  }
  checkKeys("queue", queue, SQS_KEYS, report);
  const [live, bulk] = [
    checkQueueName("queue.live", queue["live"], report),
    checkQueueName("queue.bulk", queue["bulk"], report),
  ];
  if (live === undefined || bulk === undefined) return undefined;
  if (live === bulk) {
    report(
      "queue.bulk",
      "is the queue of queue.live too",
      "give each lane a queue of its own: what happens in one never makes the other wait",
    );
    return undefined;
  }
  const of = <T>(key: string, is: (value: unknown) => value is T, says: readonly [string, string]) =>
    optional(["queue", queue, key], is, says, report);
  return {
    kind: "sqs",
    live,
    bulk,
    ...given({
      region: of("region", isText, REGION),
      endpoint: of("endpoint", isAddress, ENDPOINT),
      maxReceives: of("maxReceives", isReceives, ["is no whole number from 5 to 1000", "write maxReceives: 5"]),
    }),
  };
}

function checkQueueName(path: string, value: unknown, report: Report): string | undefined {
  if (isAddress(value)) return value;
  if (typeof value === "string" && QUEUE_NAME.test(value)) return value;
  const isFifo = typeof value === "string" && value.endsWith(".fifo");
  report(
    path,
    isFifo ? "is a FIFO queue" : "is neither the name of a queue nor its address",
    isFifo
      ? "name a standard queue: rekiln merges and orders by itself"
      : 'write e.g. "films-live": letters, digits, - and _, at most 80',
  );
  return undefined;
}
