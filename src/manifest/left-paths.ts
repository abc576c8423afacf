import type { PageKey } from "../core/page.ts";

/**
 * What stands at a path that a page has left, while no page is published there:
 *
 * - `handover`: another page wants the path. The old page's bytes stay until it comes, if it can overwrite them.
 * - `redirect`: a file that leads to where the page is now.
 * - `tombstone`: nothing. The page is gone, or a redirect can't stand there.
 */
export type LeftKind = "handover" | "redirect" | "tombstone";

/** A path that a page has left. */
export interface LeftPath {
  /** Where no two pages can stand: there is one record for each. */
  readonly collisionKey: string;
  readonly path: string;
  /** The page that left it last. */
  readonly key: PageKey;
  readonly kind: LeftKind;
  /** Of the data in which the page had left. */
  readonly version: number;
  /** When it became what it is, in Unix seconds. */
  readonly since: number;
  /** When it is forgotten, in Unix seconds. */
  readonly expires: number;
}

export interface LeftPathReads {
  at(collisionKey: string): LeftPath | undefined;
  /** Those below a folder of that name. */
  below(collisionKey: string): readonly LeftPath[];
  /** Those that a page has left. */
  of(key: PageKey): readonly LeftPath[];
}

/** Within a transaction. */
export interface LeftPathWrites extends LeftPathReads {
  /** Replaces the record of its collision key. */
  put(left: LeftPath): void;
  remove(collisionKey: string): void;
}

export interface LeftPaths extends LeftPathReads {
  /** All of them, in pieces. */
  all(): Iterable<readonly LeftPath[]>;
  /** Handovers that are as old as `since`, and what has expired at `now` (both Unix seconds), in pieces. */
  unsettled(since: number, now: number): Iterable<readonly LeftPath[]>;
}
