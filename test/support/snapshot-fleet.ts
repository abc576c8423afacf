import { onTestFinished } from "vitest";

import type { RunWorkOptions, RunWorkResult, WorkSurroundings } from "../../src/system/work-session.ts";
import { NO_METRICS } from "../../src/press/work-metrics.ts";
import { runSnapshot } from "../../src/system/run-snapshot.ts";
import type { RunSnapshotOptions, SnapshotReport } from "../../src/system/snapshot-run.ts";
import { runWork } from "../../src/system/run-work.ts";
import { sleep } from "../../src/system/sleep.ts";
import type { FakeBucket, FakeObject } from "./fake-aws/fake-bucket.ts";
import { FakeS3 } from "./fake-aws/fake-s3.ts";
import { FakeSqs } from "./fake-aws/fake-sqs.ts";
import { configOf, quiet } from "./run-in-process.ts";
import type { TemporarySite } from "./temporary-site.ts";

const BUCKET = "films";
const PREFIX = "snapshots/";

/** Fakes of S3 and SQS, through which a machine that has a source and machines that read its snapshots work on one site. */
export class SnapshotFleet {
  readonly s3: FakeS3;
  readonly sqs: FakeSqs;

  private constructor(s3: FakeS3, sqs: FakeSqs) {
    this.s3 = s3;
    this.sqs = sqs;
  }

  static async start(): Promise<SnapshotFleet> {
    const [s3, sqs] = [await FakeS3.start(BUCKET), await FakeSqs.start(sleep)];
    for (const name of ["films-live", "films-bulk"]) {
      const policy = { deadLetterTargetArn: sqs.make(`${name}-dead`).arn, maxReceiveCount: 5 };
      sqs.make(name, { RedrivePolicy: JSON.stringify(policy) });
    }
    const before = { ...process.env };
    // As the AWS SDK finds them.
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "us-east-1" });
    onTestFinished(async () => {
      process.env = before;
      await s3.server.stop();
      await sqs.server.stop();
    });
    return new SnapshotFleet(s3, sqs);
  }

  get bucket(): FakeBucket {
    return this.s3.bucket(BUCKET);
  }

  /** Keys of the parts, below the folder of all snapshots. */
  parts(): readonly string[] {
    const folder = `${PREFIX}snapshots/`;
    return [...this.bucket.objects.keys()]
      .filter((key) => key.startsWith(folder))
      .map((key) => key.slice(folder.length));
  }

  /** Of the snapshot that is the current one. */
  current(): { readonly name: string; readonly version: number; readonly ceiling: number; readonly since: number } {
    const stored = this.bucket.objects.get(`${PREFIX}current.json`);
    if (stored === undefined) throw new Error("there is no current.json");
    return JSON.parse(stored.content.toString());
  }

  /** A part, by its key below the folder of all snapshots. */
  object(part: string): FakeObject {
    const found = this.bucket.objects.get(`${PREFIX}snapshots/${part}`);
    if (found === undefined) throw new Error(`nothing is at ${part}`);
    return found;
  }

  /** Puts other bytes where a part is, or removes it. */
  replace(part: string, content: Buffer | undefined): void {
    const key = `${PREFIX}snapshots/${part}`;
    if (content === undefined) this.bucket.objects.delete(key);
    else this.bucket.objects.set(key, { content, etag: '"other"', headers: {}, modifiedMs: 0 });
  }

  bucketCopy(): ReadonlyMap<string, FakeObject> {
    return new Map(this.bucket.objects);
  }

  restore(objects: ReadonlyMap<string, FakeObject>): void {
    this.bucket.objects.clear();
    for (const [key, object] of objects) this.bucket.objects.set(key, object);
  }

  /** Requests to the bucket so far. */
  requests(): number {
    return [...this.s3.server.counts.values()].reduce((sum, one) => sum + one, 0);
  }

  #declared(): string {
    return `queue: sqs({ live: "films-live", bulk: "films-bulk", endpoint: ${JSON.stringify(this.sqs.server.url)} }),`;
  }

  /** Has a site that reads files share the queue, and say where its snapshots go. */
  makeWriter(site: TemporarySite): TemporarySite {
    const place = `snapshots: s3("s3://${BUCKET}/${PREFIX}", { endpoint: ${JSON.stringify(this.s3.server.url)} }),`;
    site.edit("rekiln.config.ts", 'source: files("data/"),', `source: files("data/"), ${this.#declared()} ${place}`);
    site.edit("rekiln.config.ts", "files, json,", "files, json, s3, sqs,");
    return site;
  }

  /** The same site on another machine, which reads the snapshots. */
  makeReader(site: TemporarySite, options = "everySeconds: 3600"): TemporarySite {
    const reader = site.copy();
    reader.remove("data/");
    const endpoint = `endpoint: ${JSON.stringify(this.s3.server.url)}`;
    const source = `source: snapshot("s3://${BUCKET}/${PREFIX}", { ${endpoint}, ${options} }),`;
    reader.edit("rekiln.config.ts", 'source: files("data/"),', `${source} ${this.#declared()}`);
    reader.edit("rekiln.config.ts", "files, json,", "json, snapshot, sqs,");
    return reader;
  }
}

/** `rekiln snapshot`, in this process. */
export async function snapshotHere(
  site: TemporarySite,
  options: Partial<RunSnapshotOptions> = {},
): Promise<SnapshotReport> {
  const usual = { to: undefined, isDryRun: false, keep: 3, above: undefined, isAnew: false };
  return runSnapshot({ configFile: configOf(site), ...usual, ...options }, quiet());
}

interface WorkedHere {
  readonly result: RunWorkResult;
  readonly warned: readonly string[];
}

/** `rekiln work --until-empty`, in this process; with what it warned of. */
export async function drainHere(site: TemporarySite): Promise<WorkedHere> {
  return workWith(site, { ...quiet(), untilEmpty: true });
}

/** `rekiln work`, in this process, until it is told to stop. */
export async function workHere(
  site: TemporarySite,
  stop: AbortSignal,
  told: Pick<WorkSurroundings, "onReady" | "onProgress">,
): Promise<WorkedHere> {
  return workWith(site, { ...quiet(), ...told, stop, untilEmpty: false });
}

async function workWith(
  site: TemporarySite,
  { untilEmpty, ...told }: Omit<WorkSurroundings, "metrics" | "warn"> & Pick<RunWorkOptions, "untilEmpty">,
): Promise<WorkedHere> {
  const warned: string[] = [];
  const options = {
    configFile: configOf(site),
    lanes: ["live", "bulk"] as const,
    untilEmpty,
    concurrency: 1,
    maxDeletes: undefined,
    watches: false,
  };
  const warn = (message: string): void => void warned.push(message);
  const surroundings = { ...told, metrics: NO_METRICS, warn };
  return { result: await runWork(options, surroundings), warned };
}
