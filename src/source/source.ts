import type { EntityChange } from "../core/change.ts";
import type { EntityData, OrderField, WhereValues } from "../core/entity.ts";
import type { Scalar } from "../core/read.ts";

export interface ValueCount {
  readonly value: Scalar;
  readonly count: number;
}

/** An entity of a snapshot. It is read and parsed when its data is asked for: most rows of lists are only linked to. */
export interface EntityRecord {
  readonly id: string;
  /** Nobody may change it: it is handed out again. */
  readonly data: EntityData;
}

/** One consistent view of the source. Valid until the next snapshot. */
export interface Snapshot {
  /** In commit order: whoever sees N sees everything below it. */
  readonly version: number;
  get(type: string, id: string): EntityRecord | undefined;
  /** Says which entities will be asked for next, and read whole: one query for all of them is faster. */
  prefetch(type: string, ids: readonly string[]): void;
  /** Rows `offset` to `offset + limit` of a list, ties by id. `order` may be empty: by id. */
  list(
    type: string,
    where: WhereValues,
    order: readonly OrderField[],
    offset: number,
    limit: number,
  ): readonly EntityRecord[];
  count(type: string, where: WhereValues): number;
  /** Whether some entity has this value in an indexed field. */
  has(type: string, field: string, value: Scalar): boolean;
  /** Each value of an indexed field with the number of its entities, in the order of values. */
  values(type: string, field: string): readonly ValueCount[];
  /** The ids of a type in their order, `limit` at most, those after `after`. */
  ids(type: string, after: string | undefined, limit: number): readonly string[];
  /** Distinct values of an indexed field in their order, `limit` at most, those after `after`. */
  distinct(type: string, field: string, after: Scalar | undefined, limit: number): readonly Scalar[];
}

/** A thread's way into the source. */
export interface SourceReader extends Disposable {
  /** Takes a new snapshot and ends the one before. */
  snapshot(): Snapshot;
}

/** A record that can't be read: the rest is taken all the same, and nothing of its type is deleted. */
export interface SourceProblem {
  readonly type: string;
  /** Where it is: `data/film.ndjson:12`. */
  readonly place: string;
  readonly message: string;
}

export interface RefreshReport {
  readonly records: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Entities that are gone from the source but kept, because something of their type couldn't be read. */
  readonly kept: number;
  /** The first problems; `problemCount` tells how many there are in all. */
  readonly problems: readonly SourceProblem[];
  readonly problemCount: number;
}

/** What two refreshes did, one after the other. */
export function addReports(first: RefreshReport | undefined, second: RefreshReport): RefreshReport {
  if (first === undefined) return second;
  return {
    records: first.records + second.records,
    inserted: first.inserted + second.inserted,
    updated: first.updated + second.updated,
    deleted: first.deleted + second.deleted,
    kept: first.kept + second.kept,
    problems: first.problems.length > 0 ? first.problems : second.problems,
    problemCount: first.problemCount + second.problemCount,
  };
}

/** Where the entities come from. */
export interface Source extends Disposable {
  /** Tells this source from another one. */
  readonly identity: string;
  /**
   * Takes in what changed outside, in one commit. Nothing is taken in when it throws.
   * @throws RekilnError `source-unreachable` when there is nothing to read at all.
   */
  refresh(progress: (records: number) => void, signal: AbortSignal): Promise<RefreshReport>;
  reader(): SourceReader;
  /** The newest version. */
  version(): number;
  /** Counts on from above `version`: stamps up to it are of another source, or of a state that is lost. */
  raiseVersion(version: number): void;
  /**
   * What changed after `version`, one change an entity; undefined when that is no longer known, so that everything
   * may have changed.
   */
  changesSince(version: number): readonly EntityChange[] | undefined;
  /** Drops the changes up to `version`: a complete build has passed them. */
  forgetChanges(version: number): void;
}
