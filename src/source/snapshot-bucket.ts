import type { SnapshotIndex } from "./snapshot-format.ts";

/** Where snapshots are, to be read. */
export interface SnapshotBucket extends AsyncDisposable {
  /** What it is called in messages: `s3://films/snapshots/`. */
  readonly name: string;
  /**
   * The snapshot that is the current one; undefined when none was ever written.
   * @throws RekilnError `snapshot-broken`, `snapshot-format`; the store's own when it can't be asked
   */
  current(signal: AbortSignal): Promise<SnapshotIndex | undefined>;
  /** The bytes of a part as they are stored; undefined when it isn't there. @throws RekilnError the store's own */
  part(key: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
}
