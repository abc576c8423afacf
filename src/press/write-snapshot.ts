import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import { RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Queue } from "../queue/queue.ts";
import type { ObjectEtag, ObjectStore, PutCondition } from "../store/object-store.ts";
import { CURRENT_KEY, PARTS_FOLDER, snapshotName, writeSnapshotIndex } from "../source/snapshot-format.ts";
import type { SnapshotIndex, SnapshotPart, SnapshotType } from "../source/snapshot-format.ts";
import type { StagedSnapshot } from "../source/stage-snapshot.ts";
import { relayOutbox } from "./publish.ts";
import { putSurely } from "./put-surely.ts";
import { removeOldSnapshots } from "./remove-old-snapshots.ts";
import type { RemovedSnapshots } from "./remove-old-snapshots.ts";

/** Side by side: each is in memory while it is sent. */
const PARTS_AT_ONCE = 4;
const JSON_TYPE = { contentType: "application/json; charset=utf-8", cacheControl: "no-store" };
const PART_TYPE = { contentType: "application/gzip" };

/** The snapshot that is the current one, as it was read. */
export interface StoredSnapshot {
  readonly index: SnapshotIndex;
  readonly etag: ObjectEtag;
}

export interface WriteSnapshotContext {
  readonly store: ObjectStore;
  readonly queue: Queue;
  readonly clock: Clock;
  /** Tells what this run writes from what others do: letters and digits. */
  readonly unique: string;
  readonly signal: AbortSignal;
}

export interface WriteSnapshotOptions {
  /** What is to be replaced, and was compared with unless a new chain is begun. */
  readonly last: StoredSnapshot | undefined;
  /** Whether the parts of `last` hold all that was staged, so that only its version is new. */
  readonly isSame: boolean;
  /** Nothing was compared: those who read it tell the queue of what changed for them. */
  readonly isAnew: boolean;
  /** Where the parts are staged. */
  readonly folder: string;
  /** Identity of the source. */
  readonly source: string;
  /** How many snapshots stay, the new one among them. */
  readonly keep: number;
}

export interface WrittenSnapshot {
  readonly index: SnapshotIndex;
  /** Events that the queue has taken. */
  readonly events: number;
  /** Differences that no event can hold: a build follows them. */
  readonly tooLarge: number;
  /** Parts that were stored, and their bytes. */
  readonly parts: number;
  readonly bytes: number;
  readonly removed: RemovedSnapshots;
}

/**
 * Makes a staged snapshot the current one. In this order: the version of its events is noted, its parts are stored, each difference is published, and only when the
 * queue has taken all of them `current.json` names it. Killed anywhere before the last step, nothing has happened but that some
 * events were sent, which the next run sends again; of two writers one loses a conditional put.
 *
 * @throws RekilnError `snapshot-conflict`, `snapshot-unpublished`; the store's own
 */
export async function writeSnapshot(
  context: WriteSnapshotContext,
  staged: StagedSnapshot,
  options: WriteSnapshotOptions,
): Promise<WrittenSnapshot> {
  const { queue, signal } = context;
  const { last, isSame, isAnew, keep } = options;
  const { version } = staged;
  let condition: PutCondition = last === undefined ? { ifNoneMatch: "*" } : { ifMatch: last.etag };
  if (last !== undefined && !isSame && !isAnew && version > last.index.ceiling) {
    const etag = await putIndex(context, { ...last.index, ceiling: version }, condition);
    condition = { ifMatch: etag };
  }
  const name = isSame && last !== undefined ? last.index.name : snapshotName(version, context.unique);
  const types =
    isSame && last !== undefined ? last.index.types : await storeParts(context, staged, name, options.folder);
  const relayed = await relayOutbox(staged.differences.outbox, queue, { signal });
  signal.throwIfAborted();
  if (relayed.error !== undefined || relayed.waiting > relayed.tooLarge)
    throw unpublished(relayed.waiting, relayed.error);
  const { index: before } = last ?? {};
  const index: SnapshotIndex = {
    format: 1,
    name,
    version,
    ceiling: Math.max(version, before?.ceiling ?? 0),
    since: isAnew || before === undefined ? version : before.since,
    source: options.source,
    writtenAt: context.clock(),
    types,
    earlier:
      isSame || before === undefined ? (before?.earlier ?? []) : [before.name, ...before.earlier].slice(0, keep - 1),
  };
  await putIndex(context, index, condition);
  const removed = await removeOldSnapshots(context.store, index, signal);
  const parts = isSame ? [] : types.flatMap((type) => type.parts);
  return {
    index,
    events: relayed.sent,
    tooLarge: relayed.tooLarge,
    parts: parts.length,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    removed,
  };
}

async function putIndex(
  { store, signal }: WriteSnapshotContext,
  index: SnapshotIndex,
  condition: PutCondition,
): Promise<ObjectEtag> {
  signal.throwIfAborted();
  const put = { key: CURRENT_KEY as ObjectKey, content: writeSnapshotIndex(index), headers: JSON_TYPE, condition };
  const etag = await putSurely(store, put);
  if (etag !== undefined) return etag;
  throw new RekilnError({
    code: "snapshot-conflict",
    message: `Another machine wrote a snapshot to ${store.name} at the same time: this one isn't the current one.`,
    disposition: "retry",
    hint: "Nothing is lost. Have one machine write snapshots of a source; run rekiln snapshot again.",
  });
}

async function storeParts(
  { store, signal }: WriteSnapshotContext,
  { types }: StagedSnapshot,
  name: string,
  folder: string,
): Promise<readonly SnapshotType[]> {
  const stored: SnapshotType[] = [];
  for (const type of types) {
    const parts: SnapshotPart[] = [];
    for (let start = 0; start < type.parts.length; start += PARTS_AT_ONCE) {
      signal.throwIfAborted();
      const some = type.parts.slice(start, start + PARTS_AT_ONCE).map(async ({ name: file, ...part }) => {
        const key = `${PARTS_FOLDER}${name}/${file}`;
        const content = await readFile(join(folder, file));
        // Nobody else writes under this name.
        const put = { key: key as ObjectKey, content, headers: PART_TYPE, condition: { ifNoneMatch: "*" } as const };
        if ((await putSurely(store, put)) === undefined) throw new Error(`${key} holds something else`);
        return { key, ...part };
      });
      parts.push(...(await Promise.all(some)));
    }
    stored.push({ name: type.name, entities: type.entities, parts });
  }
  return stored;
}

function unpublished(waiting: number, cause: RekilnError | undefined): RekilnError {
  return new RekilnError({
    code: "snapshot-unpublished",
    message: `The queue didn't take ${waiting} of the differences${cause === undefined ? "" : `: ${cause.message}`}`,
    disposition: "retry",
    hint: "The snapshot isn't the current one, and the last one stays. Run rekiln snapshot again once the queue can be used.",
    cause,
  });
}
