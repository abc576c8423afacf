import type { ObjectKey } from "../core/path.ts";
import type { S3Store } from "../site/declare-fleet.ts";
import type { SnapshotSource } from "../site/declare-snapshot.ts";
import type { StoredSnapshot } from "../press/write-snapshot.ts";
import type { SnapshotBucket } from "../source/snapshot-bucket.ts";
import { CURRENT_KEY, readSnapshotIndex } from "../source/snapshot-format.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { troubleError } from "../store/trouble-error.ts";
import { openStore } from "./open-store.ts";

type Reached = Pick<S3Store, "region" | "endpoint" | "pathStyle">;

/** How a bucket is reached, without the rest of what is said of it. */
export function reachedAs({ region, endpoint, pathStyle }: Reached): Reached {
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(pathStyle === undefined ? {} : { pathStyle }),
  };
}

/** Opens where a source reads its snapshots. */
export async function openSnapshots(source: SnapshotSource): Promise<SnapshotBucket> {
  const { bucket, prefix } = source;
  const opened = await openStore({ kind: "s3", bucket, prefix, ...reachedAs(source) });
  return { ...snapshotBucket(opened.store), [Symbol.asyncDispose]: async () => opened[Symbol.asyncDispose]() };
}

/** A store of objects as where snapshots are, to be read; closing it is left to who opened it. */
export function snapshotBucket(store: ObjectStore): SnapshotBucket {
  return {
    name: store.name,
    current: async (signal) => (await readCurrent(store, signal))?.index,
    part: async (key, signal) => (await contentOf(store, key, signal))?.content,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The current snapshot with its token. @throws RekilnError as `SnapshotBucket.current` */
export async function readCurrent(store: ObjectStore, signal: AbortSignal): Promise<StoredSnapshot | undefined> {
  const got = await contentOf(store, CURRENT_KEY, signal);
  if (got === undefined) return undefined;
  return { index: readSnapshotIndex(got.content, `${store.name}${CURRENT_KEY}`), etag: got.head.etag };
}

async function contentOf(store: ObjectStore, key: string, signal: AbortSignal) {
  // The names are our own, below the store's prefix.
  const got = await store.get(key as ObjectKey, signal);
  if (got.kind === "absent") return undefined;
  if (got.kind !== "found") throw troubleError(got, store.name);
  return got;
}
