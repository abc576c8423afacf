import type { Tuple } from "./tuple.ts";

/** What a source tells of one entity that changed since a version; several changes of it in one. */
export interface EntityChange {
  readonly type: string;
  readonly id: string;
  /** Of the newest change. */
  readonly version: number;
  /** The fields that changed; undefined when that isn't known, which counts as all. */
  readonly fields: readonly string[] | undefined;
  /** The indexed values before each of the changes, each once; null where the entity didn't exist. */
  readonly before: readonly (Tuple | null)[];
}
