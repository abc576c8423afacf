import { hash } from "node:crypto";
import { stat } from "node:fs/promises";

import type { EntityModel } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { checkMirror } from "./entity-owner.ts";
import { EntityStore } from "./entity-store.ts";
import type { EntityTypeWriter } from "./entity-type-writer.ts";
import { EntityWriter } from "./entity-writer.ts";
import { checkRecord, decodeRecord } from "./parse-record.ts";
import { digestFiles, readRecords, recordFiles, RECORD_BYTES_MAX, unreadable } from "./record-files.ts";
import type { RecordBytes, RecordFile } from "./record-files.ts";
import type { RefreshReport, Source, SourceProblem } from "./source.ts";

const PROBLEMS_KEPT_MAX = 100;
const PROGRESS_RECORDS = 1000;

export interface FilesSourceOptions {
  /** The folder with the data. */
  readonly dir: string;
  /** The same, as people write it. */
  readonly name: string;
  /** The entity store that mirrors it. */
  readonly mirror: string;
  readonly models: ReadonlyMap<string, EntityModel>;
  /** Changes when a schema may have changed: then every record is checked anew. */
  readonly fingerprint: string;
  /** Where a mirror that doesn't exist yet begins to count. */
  readonly firstVersion: number;
  /** Whether what was taken in must outlive a power failure; default false: the next refresh takes it in again. */
  readonly isDurable?: boolean | undefined;
}

/**
 * NDJSON and JSON files, mirrored into an entity store that gives each changed record a new version and leaves the
 * others alone. Pages read the mirror.
 */
export class FilesSource extends EntityStore implements Source {
  readonly identity: string;
  readonly #options: FilesSourceOptions;

  constructor(options: FilesSourceOptions) {
    super({ file: options.mirror, models: options.models, isDurable: options.isDurable });
    this.#options = options;
    this.identity = `files:${options.name}`;
  }

  async refresh(progress: (records: number) => void, signal: AbortSignal): Promise<RefreshReport> {
    const { dir, name, models, fingerprint, firstVersion } = this.#options;
    if (!(await isFolder(dir))) {
      throw new RekilnError({
        code: "source-unreachable",
        message: `The data folder ${name} isn't there.`,
        disposition: "fatal",
        hint: `Nothing was changed. Make ${dir}, or mend \`source: files(…)\` in the config.`,
      });
    }
    const writer = new EntityWriter(this.database, firstVersion);
    try {
      checkMirror(this.database);
      const refresh = new Refresh(progress, signal);
      for (const model of models.values()) {
        await refresh.type(writer, model, dir, name, fingerprint);
      }
      signal.throwIfAborted();
      writer.commit();
      return refresh.report();
    } catch (error) {
      writer.rollback();
      throw error;
    }
  }

  /** Whether the files are, byte for byte, those that were taken in last, by the same schemas. */
  async isCurrent(signal: AbortSignal): Promise<boolean> {
    const { dir, name, models, fingerprint } = this.#options;
    if (!this.hasTables()) return false;
    const find = this.database.prepare("SELECT scanned FROM type WHERE name = ?");
    for (const model of models.values()) {
      const scanned = find.get(model.name)?.["scanned"];
      if (typeof scanned !== "string") return false;
      const files = await recordFiles(dir, name, model.name);
      for (const file of files) if ((await unreadable(file)) !== undefined) return false;
      if (files.length === 0 || scanned !== `${fingerprint} ${await digestFiles(files, signal)}`) return false;
    }
    return true;
  }
}

async function isFolder(dir: string): Promise<boolean> {
  return stat(dir).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** One pass over the files of all types. */
class Refresh {
  readonly #progress: (records: number) => void;
  readonly #signal: AbortSignal;
  readonly #problems: SourceProblem[] = [];
  #problemCount = 0;
  #records = 0;
  #inserted = 0;
  #updated = 0;
  #deleted = 0;
  #kept = 0;

  constructor(progress: (records: number) => void, signal: AbortSignal) {
    this.#progress = progress;
    this.#signal = signal;
  }

  report(): RefreshReport {
    return {
      records: this.#records,
      inserted: this.#inserted,
      updated: this.#updated,
      deleted: this.#deleted,
      kept: this.#kept,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }

  async type(
    entities: EntityWriter,
    model: EntityModel,
    dir: string,
    name: string,
    fingerprint: string,
  ): Promise<void> {
    const writer = entities.type(model);
    const last = entities.scanned(model.name);
    const problemsBefore = this.#problemCount;
    const found = await recordFiles(dir, name, model.name);
    const files = await this.#readable(model.name, found);
    if (found.length === 0) {
      this.#problem(model.name, name, `there is no ${model.name}.ndjson, and no folder ${model.name}/ with records`);
    }
    const digest = files.length === 0 ? "" : await digestFiles(files, this.#signal);
    const scanned = `${fingerprint} ${digest}`;
    if (files.length > 0 && files.length === found.length && last === scanned) return;

    const trustsRaw = last?.startsWith(`${fingerprint} `) === true;
    const seen = new Seen();
    let empty: RecordFile | undefined;
    for (const file of files) {
      const before = this.#records;
      for await (const records of readRecords(file, this.#signal)) {
        for (const record of records) await this.#record(writer, model, record, seen, trustsRaw);
      }
      if (this.#records === before) empty ??= file;
    }
    const gone = writer.isFresh ? [] : writer.unseen((seq) => seen.has(seq));
    const isBroken = this.#problemCount > problemsBefore;
    if (isBroken || files.length === 0 || (empty !== undefined && gone.length > 0)) {
      this.#kept += gone.length;
      if (!isBroken && files.length > 0) {
        this.#problem(
          model.name,
          empty?.name ?? name,
          `is empty, but ${gone.length} entities were known: none is deleted`,
        );
      }
      entities.noteScanned(model.name, undefined);
      return;
    }
    for (const seq of gone) writer.delete(seq);
    this.#deleted += gone.length;
    entities.noteScanned(model.name, scanned);
  }

  /** Those of the files that can be read; the others are problems. */
  async #readable(type: string, files: readonly RecordFile[]): Promise<readonly RecordFile[]> {
    const readable: RecordFile[] = [];
    for (const file of files) {
      const why = await unreadable(file);
      if (why === undefined) readable.push(file);
      else this.#problem(type, file.name, why);
    }
    return readable;
  }

  async #record(
    writer: EntityTypeWriter,
    model: EntityModel,
    record: RecordBytes,
    seen: Seen,
    trustsRaw: boolean,
  ): Promise<void> {
    this.#records++;
    if (this.#records % PROGRESS_RECORDS === 0) this.#progress(this.#records);
    if (record.bytes === undefined) {
      this.#problem(model.name, record.place, `is larger than ${RECORD_BYTES_MAX >> 20} MB`);
      return;
    }
    const decoded = decodeRecord(record.bytes);
    // Nothing is known of a type that had no entity: a record is new, or its id stands twice.
    const known = decoded.id === undefined || writer.isFresh ? undefined : writer.find(decoded.id);
    const raw = hash("sha256", record.bytes, "buffer").subarray(0, 16);
    if (trustsRaw && known?.raw !== null && known?.raw !== undefined && raw.equals(known.raw) && !seen.has(known.seq)) {
      seen.add(known.seq);
      return;
    }
    const checked = decoded.ok ? await checkRecord(model, decoded.input) : decoded;
    if (!checked.ok) {
      // The entity keeps its last good version.
      if (known !== undefined) seen.add(known.seq);
      this.#problem(model.name, record.place, checked.message);
      return;
    }
    const { entity } = checked;
    if (writer.isFresh) {
      if (writer.insert(entity, raw) === undefined) this.#twice(model, record, entity.id);
      else this.#inserted++;
      return;
    }
    const stored = writer.find(entity.id);
    if (stored !== undefined && seen.has(stored.seq)) {
      this.#twice(model, record, entity.id);
      return;
    }
    const { did, seq } = writer.upsert(entity, raw, stored);
    seen.add(seq);
    if (did === "inserted") this.#inserted++;
    else if (did === "updated") this.#updated++;
  }

  #twice(model: EntityModel, record: RecordBytes, id: string): void {
    const shown = JSON.stringify(shorten(id));
    this.#problem(model.name, record.place, `the id ${shown} stands twice; the first is taken`);
  }

  #problem(type: string, place: string, message: string): void {
    this.#problemCount++;
    if (this.#problems.length < PROBLEMS_KEPT_MAX) this.#problems.push({ type, place, message });
  }
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

/** A set of small whole numbers in a bit each. */
class Seen {
  #bits = new Uint8Array(1 << 16);
  count = 0;

  has(seq: number): boolean {
    return ((this.#bits[seq >> 3] ?? 0) & (1 << (seq & 7))) !== 0;
  }

  add(seq: number): void {
    while (seq >> 3 >= this.#bits.length) {
      const grown = new Uint8Array(this.#bits.length * 2);
      grown.set(this.#bits);
      this.#bits = grown;
    }
    if (this.has(seq)) return;
    this.#bits[seq >> 3] = (this.#bits[seq >> 3] ?? 0) | (1 << (seq & 7));
    this.count++;
  }
}
