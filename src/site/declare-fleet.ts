/** How an S3 store is reached and what it may cost; what isn't said is found as the AWS SDK finds it. */
export interface S3Options {
  readonly region?: string;
  /** Of a service that answers as S3 does: `http://127.0.0.1:9000`. */
  readonly endpoint?: string;
  /** Whether the bucket stands in the path; default: where there is an `endpoint`. */
  readonly pathStyle?: boolean;
  /** How pages are packed; default: not at all, which leaves it to the CDN. */
  readonly compress?: "gzip" | "br";
  /** Most puts a second of one process. */
  readonly maxPutsPerSecond?: number;
  /** Most dollars of requests a day (UTC), of all processes of the site. */
  readonly maxDollarsPerDay?: number;
  /** Requests side by side; default 64. */
  readonly concurrency?: number;
}

/** A page store in a bucket. */
export interface S3Store extends S3Options {
  readonly kind: "s3";
  readonly bucket: string;
  /** What every key begins with: "" or ending in `/`. */
  readonly prefix: string;
}

export interface SqsOptions {
  /** Name of the queue for editors and data, or its address. */
  readonly live: string;
  /** Name of the queue for fan-out, builds and replay, or its address. */
  readonly bulk: string;
  readonly region?: string;
  /** Of a service that answers as SQS does. */
  readonly endpoint?: string;
  /** How often a message is received before `rekiln provision` has it go to the dead letters; 5 or more, default 5. */
  readonly maxReceives?: number;
}

export interface SqsQueues extends SqsOptions {
  readonly kind: "sqs";
}

/** The queue of a site on one machine, in its state folder. */
export interface LocalQueue {
  readonly kind: "local";
}

/** Writes pages to a bucket, below a prefix if there is one: `s3("s3://films/site")`. */
export function s3(address: string, options: S3Options = {}): S3Store {
  return { kind: "s3", ...addressOf(address), ...options };
}

/** `s3://films/site/` */
export function bucketAddress({ bucket, prefix }: Pick<S3Store, "bucket" | "prefix">): string {
  return `s3://${bucket}/${prefix}`;
}

/** What an address like `s3://films/site` names; no bucket when it is none. */
export function addressOf(address: string): Pick<S3Store, "bucket" | "prefix"> {
  const [, bucket = "", rest = ""] = /^s3:\/\/([^/]*)\/?(.*)$/.exec(address) ?? [];
  return { bucket, prefix: rest === "" || rest.endsWith("/") ? rest : `${rest}/` };
}

/** Has changes wait in two queues of Amazon SQS; `rekiln provision` makes them. */
export function sqs(options: SqsOptions): SqsQueues {
  return { kind: "sqs", ...options };
}
