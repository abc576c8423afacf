import { join } from "node:path";

import { changedFields } from "../core/changed-fields.ts";
import type { EntityData, EntityModel } from "../core/entity.ts";
import { compareValues } from "../core/order.ts";
import { tupleOf } from "../core/tuple.ts";
import { EntityExport } from "./entity-export.ts";
import { pairById } from "./pair-by-id.ts";
import type { IdentifiedText, Pair } from "./pair-by-id.ts";
import { PartFiles } from "./part-files.ts";
import type { PartFile } from "./part-files.ts";
import { decodeRecord, lackOf } from "./parse-record.ts";
import type { SnapshotBucket } from "./snapshot-bucket.ts";
import { SnapshotDifferences } from "./snapshot-differences.ts";
import { brokenSnapshot } from "./snapshot-format.ts";
import type { SnapshotIndex, SnapshotType } from "./snapshot-format.ts";
import { readType } from "./snapshot-records.ts";

export interface StageOptions {
  /** The entity store, which holds the source. */
  readonly file: string;
  readonly models: ReadonlyMap<string, EntityModel>;
  /** What it is compared with; undefined when nobody has read a snapshot yet, or is to be told of differences. */
  readonly last: { readonly bucket: SnapshotBucket; readonly index: SnapshotIndex } | undefined;
  /** An empty folder: for what is staged, until it is stored. */
  readonly folder: string;
}

interface StagedType {
  readonly name: string;
  readonly entities: number;
  readonly parts: readonly PartFile[];
}

/** A snapshot that is still on this machine alone. */
export interface StagedSnapshot extends Disposable {
  readonly version: number;
  readonly types: readonly StagedType[];
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly differences: SnapshotDifferences;
}

/**
 * Writes all that an entity store holds at one version as parts, and notes what differs from the last snapshot. Both are read in the order of their ids,
 * in flat memory.
 *
 * @throws RekilnError `snapshot-broken`, `snapshot-gone` when the last one can't be read
 */
export async function stageSnapshot(
  options: StageOptions,
  progress: (entities: number) => void,
  signal: AbortSignal,
): Promise<StagedSnapshot> {
  const { file, models, last, folder } = options;
  using stack = new DisposableStack();
  const entities = stack.use(new EntityExport(file));
  const { version } = entities;
  const differences = new SnapshotDifferences(join(folder, "differences.db"), version);
  using failing = new DisposableStack();
  failing.use(differences);
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  const types: StagedType[] = [];
  let done = 0;
  for (const [place, model] of [...models.values()].sort((a, b) => compareValues(a.name, b.name)).entries()) {
    const parts = new PartFiles(folder, `${place}-${model.name.replaceAll(/[^A-Za-z0-9_-]/g, "_")}`);
    const before = last?.index.types.find(({ name }) => name === model.name);
    let count = 0;
    for await (const pairs of pairById(entities.entities(model.name), textsOf(last?.bucket, before, signal))) {
      signal.throwIfAborted();
      for (const pair of pairs) {
        if (pair.now !== undefined) {
          count++;
          await parts.add(pair.now);
        }
        if (last === undefined) continue;
        const did = note(differences, model, pair);
        if (did !== undefined) counts[did]++;
      }
      progress(done + count);
    }
    done += count;
    types.push({ name: model.name, entities: count, parts: await parts.finish() });
  }
  differences.finish();
  failing.move();
  return { version, types, ...counts, differences, [Symbol.dispose]: () => differences[Symbol.dispose]() };
}

function note(
  differences: SnapshotDifferences,
  model: EntityModel,
  { id, now, before }: Pair,
): "inserted" | "updated" | "deleted" | undefined {
  if (now === before) return undefined;
  const type = model.name;
  if (before === undefined) {
    differences.note({ type, id, fields: undefined, before: null });
    return "inserted";
  }
  // Both are what `JSON.stringify` gave of entities.
  const old = JSON.parse(before) as EntityData;
  const fields = now === undefined ? undefined : changedFields(old, JSON.parse(now) as EntityData);
  differences.note({ type, id, fields, before: tupleOf(model, old) });
  return now === undefined ? "deleted" : "updated";
}

/** What a snapshot has of a type, in the order of the ids. */
async function* textsOf(
  bucket: SnapshotBucket | undefined,
  type: SnapshotType | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly IdentifiedText[]> {
  if (bucket === undefined || type === undefined) return;
  let last: string | undefined;
  for await (const records of readType(bucket, type, signal)) {
    const texts: IdentifiedText[] = [];
    for (const record of records) {
      const { place, bytes } = record;
      if (bytes === undefined) throw brokenSnapshot(place, lackOf(record));
      const { id } = decodeRecord(bytes);
      if (id === undefined) throw brokenSnapshot(place, "it isn't an entity with an id");
      if (last !== undefined && compareValues(last, id) >= 0) throw brokenSnapshot(place, "it doesn't stand in order");
      last = id;
      texts.push({ id, text: Buffer.from(bytes).toString() });
    }
    yield texts;
  }
}
