import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";

/** What a client can ask again with. */
export interface Validators {
  /** Strong: it changes with every write or replacement of the file, as far as the file system's clock can tell. */
  readonly etag: string;
  /** Milliseconds, whole seconds. */
  readonly lastModifiedMs: number;
}

/**
 * Makes the validators of an open file from its metadata, hashed so that they tell nothing about the disk. A
 * modification time ahead of `nowMs` counts as now (RFC 9110, 8.8.2.1).
 */
export function validatorsOf(stats: BigIntStats, nowMs: number): Validators {
  const identity = `${stats.dev}.${stats.ino}.${stats.size}.${stats.mtimeNs}.${stats.ctimeNs}`;
  const digest = createHash("sha256").update(identity).digest("base64url").slice(0, 22);
  return { etag: `"${digest}"`, lastModifiedMs: wholeSeconds(Math.min(Number(stats.mtimeMs), nowMs)) };
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
