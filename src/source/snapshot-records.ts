import { hash } from "node:crypto";

import type { MirroredRecords } from "./mirrored-records.ts";
import { readLines } from "./record-files.ts";
import type { RecordBytes } from "./record-files.ts";
import type { SnapshotBucket } from "./snapshot-bucket.ts";
import { brokenSnapshot } from "./snapshot-format.ts";
import type { SnapshotIndex, SnapshotType } from "./snapshot-format.ts";
import { readParts } from "./snapshot-parts.ts";

/** A snapshot as what a mirror is read from. Parts are fetched as they are read, and only those of types that changed. */
export function snapshotRecords(bucket: SnapshotBucket, index: SnapshotIndex): MirroredRecords {
  const types = new Map(index.types.map((type) => [type.name, type]));
  const place = `${bucket.name}${index.name}`;
  return {
    type: async (name) => {
      const type = types.get(name);
      if (type === undefined) {
        throw brokenSnapshot(place, `it has no entities of the type ${name}, which the config declares`);
      }
      const part = { name: `${place}, ${name}`, read: (signal: AbortSignal) => readType(bucket, type, signal) };
      return {
        place,
        absence: undefined,
        broken: [],
        parts: type.parts.length === 0 ? [] : [part],
        digest: async () => hash("sha256", JSON.stringify(type.parts.map(({ sha256 }) => sha256)), "hex"),
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The records of a type in the order of their ids, those of some hundred lines at once. */
export async function* readType(
  bucket: SnapshotBucket,
  { parts }: Pick<SnapshotType, "parts">,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordBytes[]> {
  for await (const { part, text } of readParts(bucket, parts, signal)) {
    const place = `${bucket.name}${part.key}`;
    let records = 0;
    for await (const some of readLines(pieces(text), place)) {
      records += some.length;
      yield some;
    }
    if (records !== part.entities) throw brokenSnapshot(place, `it has ${records} records, not ${part.entities}`);
  }
}

async function* pieces(text: Buffer): AsyncGenerator<Buffer> {
  yield text;
}
