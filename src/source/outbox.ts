import type { EntityChange } from "../core/change.ts";

/** Changes of one entity that the queue hasn't taken yet, in one, and the rows that they are. */
export interface WaitingChange {
  readonly change: EntityChange;
  readonly rows: readonly number[];
}

/** Some of what waits, the oldest rows first. */
export interface WaitingBatch {
  /** No two of one entity. */
  readonly changes: readonly WaitingChange[];
  /** The last row that was read: where the next batch begins. Undefined when there was none. */
  readonly last: number | undefined;
}

/**
 * The changes of a source that the queue hasn't taken yet. A change is in the outbox from the very commit that makes it, until
 * `markQueued`, or until a complete build has passed it. Several processes may work on one.
 */
export interface Outbox {
  /** What waits behind row `after`, `limit` rows at most and about 4 MB. */
  waiting(after: number, limit: number): WaitingBatch;
  /** Notes that the queue has taken rows. They stay, for the next build. */
  markQueued(rows: readonly number[]): void;
  /** How many rows wait. */
  count(): number;
  /**
   * Whether there were more changes than are kept, so that the queue won't learn of all of them: a build is needed, which
   * is whole then.
   */
  needsBuild(): boolean;
}
