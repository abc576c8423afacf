import { CURRENT_KEY, isUpTo, PARTS_FOLDER } from "../source/snapshot-format.ts";
import type { SnapshotIndex } from "../source/snapshot-format.ts";
import type { ListedObject, ObjectStore } from "../store/object-store.ts";

export interface RemovedSnapshots {
  /** Objects that were removed. */
  readonly objects: number;
  /** Objects that are to go and can't be removed. */
  readonly left: number;
  /** Why they can't, of the first of them. */
  readonly why: string | undefined;
}

/**
 * Removes parts that no snapshot which is kept has: those of older ones, and those that a writer left who was killed. What has a later version than the
 * current one is somebody's who is at work on it.
 */
export async function removeOldSnapshots(
  store: ObjectStore,
  index: SnapshotIndex,
  signal: AbortSignal,
): Promise<RemovedSnapshots> {
  const kept = new Set([index.name, ...index.earlier]);
  const own = new Set(index.types.flatMap(({ parts }) => parts.map(({ key }) => key)));
  const isOld = ({ key }: ListedObject): boolean => {
    const name = key.slice(PARTS_FOLDER.length).split("/", 1)[0] ?? "";
    return key !== CURRENT_KEY && !own.has(key) && !kept.has(name) && isUpTo(name, index.version);
  };
  let [objects, left] = [0, 0];
  let why: string | undefined;
  for await (const some of store.list(PARTS_FOLDER, signal)) {
    for (const { key, etag } of some.filter(isOld)) {
      const removed = await store.remove(key, etag, signal);
      if (removed.kind === "removed" || removed.kind === "absent") {
        objects++;
        continue;
      }
      left++;
      why ??= "error" in removed ? removed.error.message : `the store answers: ${removed.kind}`;
    }
  }
  return { objects, left, why };
}
