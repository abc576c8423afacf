import { addressOf } from "./declare-fleet.ts";

/** How the bucket is reached; what isn't said is found as the AWS SDK finds it. */
export interface SnapshotOptions {
  readonly region?: string;
  /** Of a service that answers as S3 does: `http://127.0.0.1:9000`. */
  readonly endpoint?: string;
  /** Whether the bucket stands in the path; default: where there is an `endpoint`. */
  readonly pathStyle?: boolean;
  /** How often a worker looks for a newer snapshot; default 30. */
  readonly everySeconds?: number;
}

/** A source that another machine wrote. */
export interface SnapshotSource extends SnapshotOptions {
  readonly kind: "snapshot";
  readonly bucket: string;
  /** What every key begins with: "" or ending in `/`. */
  readonly prefix: string;
}

/**
 * Reads what `rekiln snapshot` wrote to a bucket, on the machine that has the source: `snapshot("s3://films/snapshots")`. Each machine loads
 * it once, and again when there is a newer one; the database is asked by none of them.
 */
export function snapshot(address: string, options: SnapshotOptions = {}): SnapshotSource {
  return { kind: "snapshot", ...addressOf(address), ...options };
}
