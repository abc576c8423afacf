import type { EntityModel } from "../core/entity.ts";
import type { EntityTypeWriter } from "./entity-type-writer.ts";
import type { EntityWriter } from "./entity-writer.ts";
import type { MirroredRecords, RecordPart } from "./mirrored-records.ts";
import { checkRecord, decodeRecord, lackOf, rawDigest } from "./parse-record.ts";
import type { RecordBytes } from "./record-files.ts";
import { Seen } from "./seen.ts";
import type { RefreshReport, SourceProblem } from "./source.ts";

const PROBLEMS_KEPT_MAX = 100;
const PROGRESS_RECORDS = 1000;

/** One pass over what a mirror is read from: takes in what changed, type by type, within one transaction. */
export class MirrorRefresh {
  readonly #progress: (records: number) => void;
  readonly #signal: AbortSignal;
  readonly #problems: SourceProblem[] = [];
  #problemCount = 0;
  #records = 0;
  #inserted = 0;
  #updated = 0;
  #deleted = 0;
  #kept = 0;
  #keepsIds = true;

  constructor(progress: (records: number) => void, signal: AbortSignal) {
    this.#progress = progress;
    this.#signal = signal;
  }

  /** Whether each entity has the id that its record has: no schema gives it another one. */
  get keepsIds(): boolean {
    return this.#keepsIds;
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

  async type(entities: EntityWriter, model: EntityModel, records: MirroredRecords, fingerprint: string): Promise<void> {
    const writer = entities.type(model);
    const last = entities.scanned(model.name);
    const problemsBefore = this.#problemCount;
    const { place, absence, parts, broken, digest } = await records.type(model.name);
    if (absence !== undefined) this.#problem(model.name, place, absence);
    for (const { name, why } of broken) this.#problem(model.name, name, why);
    const scanned = `${fingerprint} ${absence === undefined ? await digest(this.#signal) : ""}`;
    if (absence === undefined && broken.length === 0 && last === scanned) return;

    const trustsRaw = last?.startsWith(`${fingerprint} `) === true;
    const seen = new Seen();
    let empty: RecordPart | undefined;
    for (const part of parts) {
      const before = this.#records;
      for await (const some of part.read(this.#signal)) {
        for (const record of some) await this.#record(writer, model, record, seen, trustsRaw);
      }
      if (this.#records === before) empty ??= part;
    }
    const gone = writer.isFresh ? [] : writer.unseen((seq) => seen.has(seq));
    const isBroken = this.#problemCount > problemsBefore;
    if (isBroken || absence !== undefined || (empty !== undefined && gone.length > 0)) {
      this.#kept += gone.length;
      if (!isBroken && absence === undefined) {
        this.#problem(
          model.name,
          empty?.name ?? place,
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
      this.#problem(model.name, record.place, lackOf(record));
      return;
    }
    const decoded = decodeRecord(record.bytes);
    // Nothing is known of a type that had no entity: a record is new, or its id stands twice.
    const known = decoded.id === undefined || writer.isFresh ? undefined : writer.find(decoded.id);
    const raw = rawDigest(record.bytes);
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
    if (entity.id !== decoded.id) this.#keepsIds = false;
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
