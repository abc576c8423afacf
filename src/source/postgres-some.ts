import type { EntityData, EntityModel } from "../core/entity.ts";
import type { EntityWriter } from "./entity-writer.ts";
import { checkRecord, decodeRecord, lackOf, rawDigest } from "./parse-record.ts";
import { PostgresRecords } from "./postgres-query.ts";
import type { PostgresSession } from "./postgres-session.ts";
import type { RecordBytes } from "./record-files.ts";
import type { RefreshReport, SourceProblem } from "./source.ts";

/** An entity as one state of the database has it. */
type Found =
  | { readonly kind: "there"; readonly entity: EntityData; readonly raw: Uint8Array }
  | { readonly kind: "gone" }
  | { readonly kind: "wrong"; readonly problem: SourceProblem };

/** Ids by type. */
export type SomeIds = ReadonlyMap<string, ReadonlySet<string>>;

/** Some entities as one state of the database has them, by id, for each type. */
export type SomeRecords = ReadonlyMap<EntityModel, ReadonlyMap<string, Found>>;

export interface SomeTypes {
  readonly models: ReadonlyMap<string, EntityModel>;
  readonly queries: ReadonlyMap<string, { readonly sql: string }>;
}

/**
 * Reads some entities, in the session's transaction.
 *
 * @returns undefined when ids of one of their types can't be looked up
 */
export async function readSome(
  session: PostgresSession,
  { models, queries }: SomeTypes,
  names: SomeIds,
): Promise<SomeRecords | undefined> {
  const some = new Map<EntityModel, ReadonlyMap<string, Found>>();
  for (const [type, ids] of names) {
    const model = models.get(type);
    const sql = queries.get(type)?.sql;
    // A type that isn't declared any more has no entities.
    if (model === undefined || sql === undefined) continue;
    const records = await new PostgresRecords(session, { type, sql }).some([...ids]);
    if (records === undefined) return undefined;
    const found = new Map<string, Found>();
    for (const id of ids) {
      const record = records.get(id);
      found.set(id, record === undefined ? { kind: "gone" } : await check(model, id, record));
    }
    some.set(model, found);
  }
  return some;
}

async function check(model: EntityModel, id: string, record: RecordBytes): Promise<Found> {
  const { place, bytes } = record;
  const wrong = (message: string): Found => ({ kind: "wrong", problem: { type: model.name, place, message } });
  if (bytes === undefined) return wrong(lackOf(record));
  const decoded = decodeRecord(bytes);
  const checked = decoded.ok ? await checkRecord(model, decoded.input) : decoded;
  if (!checked.ok) return wrong(checked.message);
  if (checked.entity.id !== id) return wrong(`the schema gives it another id than its row has`);
  return { kind: "there", entity: checked.entity, raw: rawDigest(bytes) };
}

/** Writes what was read; an entity whose record is wrong keeps its last good version. */
export function writeSome(writer: EntityWriter, some: SomeRecords): RefreshReport {
  const counts = { records: 0, inserted: 0, updated: 0, deleted: 0, kept: 0 };
  const problems: SourceProblem[] = [];
  for (const [model, entities] of some) {
    const types = writer.type(model);
    for (const [id, found] of entities) {
      const stored = types.find(id);
      if (found.kind === "wrong") {
        counts.records++;
        problems.push(found.problem);
      } else if (found.kind === "gone") {
        if (stored === undefined) continue;
        types.delete(stored.seq);
        counts.deleted++;
      } else {
        counts.records++;
        const { did } = types.upsert(found.entity, found.raw, stored);
        if (did === "inserted") counts.inserted++;
        else if (did === "updated") counts.updated++;
      }
    }
  }
  return { ...counts, problems, problemCount: problems.length };
}
