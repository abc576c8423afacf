import { createHash, hash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { DatabaseSync } from "node:sqlite";

import type { EntityData, EntityModel } from "../core/entity.ts";
import { changedLines } from "./changed-lines.ts";
import type { ChangedLines } from "./changed-lines.ts";
import type { EntityTypeWriter } from "./entity-type-writer.ts";
import { EntityWriter } from "./entity-writer.ts";
import { checkRecord, decodeRecord } from "./parse-record.ts";
import { readLines, recordFiles } from "./record-files.ts";
import type { RecordFile } from "./record-files.ts";
import type { RefreshReport } from "./source.ts";

const BYTES_KEPT_MAX = 256 << 20;
const BYTES_FOLLOWED_MAX = 1 << 20;

/** A file as it was taken in. */
interface KnownFile extends RecordFile {
  readonly content: Buffer;
  /** Tells whether it may be another one. */
  readonly mark: string;
}

interface NewRecord {
  readonly entity: EntityData;
  readonly raw: Uint8Array;
}

/** What is different in the files of a type. */
interface TypeChange {
  readonly model: EntityModel;
  /** Ids of the records that stood in the lines which changed. */
  readonly oldIds: ReadonlySet<string>;
  readonly records: ReadonlyMap<string, NewRecord>;
}

export interface FollowerOptions {
  readonly dir: string;
  readonly name: string;
  readonly models: ReadonlyMap<string, EntityModel>;
  readonly fingerprint: string;
  readonly firstVersion: number;
  readonly database: DatabaseSync;
  /** The newest version of the mirror. */
  readonly version: () => number;
  /** What a type was last read from, as its refresh noted it. */
  readonly scanned: (type: string) => string | undefined;
}

/**
 * Takes in edits of files without reading every record: it keeps what the files held when they were taken in, and looks at the lines that are
 * different. Whatever is out of the ordinary (many lines, a bad record, an id that stands twice, another file, another writer) is left to a
 * whole refresh.
 */
export class FilesFollower {
  readonly #options: FollowerOptions;
  #files = new Map<string, readonly KnownFile[]>();
  #version = -1;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** After a refresh: keeps the contents of the files, if they are those that were taken in. */
  async remember(): Promise<void> {
    const { models, dir, name, fingerprint } = this.#options;
    this.#files = new Map();
    this.#version = this.#options.version();
    let bytes = 0;
    for (const model of models.values()) {
      const files: KnownFile[] = [];
      const digest = createHash("sha256");
      for (const file of await recordFiles(dir, name, model.name)) {
        const mark = await markOf(file.path);
        const content = await readFile(file.path);
        bytes += content.length;
        if (bytes > BYTES_KEPT_MAX) return;
        digest.update(`${file.name}\0`).update(content);
        files.push({ ...file, content, mark });
      }
      // A file that was written meanwhile isn't the one that was taken in.
      if (this.#options.scanned(model.name) === `${fingerprint} ${digest.digest("hex")}`) {
        this.#files.set(model.name, files);
      }
    }
  }

  /** @returns undefined when it takes a whole refresh */
  async takeIn(): Promise<RefreshReport | undefined> {
    const { models, dir, name, version } = this.#options;
    if (version() !== this.#version) return undefined;
    const changes: TypeChange[] = [];
    const known = new Map(this.#files);
    let records = 0;
    for (const model of models.values()) {
      const before = this.#files.get(model.name);
      const now = await recordFiles(dir, name, model.name);
      if (before === undefined || before.length !== now.length) return undefined;
      const change: Required<TypeChange> & { oldIds: Set<string>; records: Map<string, NewRecord> } = {
        model,
        oldIds: new Set(),
        records: new Map(),
      };
      const after: KnownFile[] = [];
      for (const file of before) {
        if (!now.some(({ path }) => path === file.path)) return undefined;
        const mark = await markOf(file.path);
        if (mark === file.mark) {
          after.push(file);
          continue;
        }
        const content = await readFile(file.path);
        if (content.length === 0) return undefined;
        const lines =
          file.format === "json" ? { before: file.content, after: content } : changedLines(file.content, content);
        if (!(await readChange(model, file, lines, change))) return undefined;
        after.push({ ...file, content, mark });
      }
      records += change.records.size;
      if (change.records.size > 0 || change.oldIds.size > 0) changes.push(change);
      known.set(model.name, after);
    }
    const done = this.#write(changes);
    if (done === undefined) return undefined;
    this.#files = known;
    this.#version = version();
    return { ...done, records, kept: 0, problems: [], problemCount: 0 };
  }

  #write(changes: readonly TypeChange[]): Pick<RefreshReport, "inserted" | "updated" | "deleted"> | undefined {
    const counts = { inserted: 0, updated: 0, deleted: 0 };
    if (changes.length === 0) return counts;
    const { database, firstVersion, fingerprint } = this.#options;
    const entities = new EntityWriter(database, firstVersion, Math.floor(Date.now() / 1000));
    try {
      for (const change of changes) {
        if (!writeType(entities.type(change.model), change, counts)) {
          entities.rollback();
          return undefined;
        }
        // The next refresh reads all files, and trusts the records that it knows.
        entities.noteScanned(change.model.name, `${fingerprint} followed`);
      }
      entities.commit();
      return counts;
    } catch (error) {
      entities.rollback();
      throw error;
    }
  }
}

/** Reads the records of lines that changed. @returns whether they are in order */
async function readChange(
  model: EntityModel,
  file: RecordFile,
  lines: ChangedLines,
  change: { readonly oldIds: Set<string>; readonly records: Map<string, NewRecord> },
): Promise<boolean> {
  if (lines.before.length > BYTES_FOLLOWED_MAX || lines.after.length > BYTES_FOLLOWED_MAX) return false;
  for (const bytes of await recordsIn(file, lines.before)) {
    const { id } = decodeRecord(bytes);
    if (id === undefined) return false;
    change.oldIds.add(id);
  }
  for (const bytes of await recordsIn(file, lines.after)) {
    const decoded = decodeRecord(bytes);
    const checked = decoded.ok ? await checkRecord(model, decoded.input) : decoded;
    if (!checked.ok || change.records.has(checked.entity.id)) return false;
    const raw = hash("sha256", bytes, "buffer").subarray(0, 16);
    change.records.set(checked.entity.id, { entity: checked.entity, raw });
  }
  return true;
}

async function recordsIn(file: RecordFile, bytes: Uint8Array): Promise<readonly Uint8Array[]> {
  if (file.format === "json") return [bytes];
  const found: Uint8Array[] = [];
  for await (const records of readLines(pieces(bytes), file.name)) {
    for (const record of records) if (record.bytes !== undefined) found.push(record.bytes);
  }
  return found;
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Buffer> {
  yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @returns false when a record is one that stands elsewhere too */
function writeType(
  writer: EntityTypeWriter,
  { oldIds, records }: TypeChange,
  counts: { inserted: number; updated: number; deleted: number },
): boolean {
  for (const [id, { entity, raw }] of records) {
    const stored = writer.find(id);
    if (stored !== undefined && !oldIds.has(id)) return false;
    const { did } = writer.upsert(entity, raw, stored);
    if (did === "inserted") counts.inserted++;
    else if (did === "updated") counts.updated++;
  }
  for (const id of oldIds) {
    const stored = records.has(id) ? undefined : writer.find(id);
    if (stored === undefined) continue;
    writer.delete(stored.seq);
    counts.deleted++;
  }
  return true;
}

async function markOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
