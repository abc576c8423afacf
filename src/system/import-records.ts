import type { Edit } from "../source/edit.ts";
import type { EmbeddedSource } from "../source/embedded-source.ts";
import { decodeRecord } from "../source/parse-record.ts";
import { readLines, RECORD_BYTES_MAX } from "../source/record-files.ts";
import { embeddedOf } from "./open-embedded.ts";
import type { SiteWriter } from "./site-writer.ts";

/** Of one transaction: others get their turn between two. */
const BATCH_RECORDS = 2000;
const BATCH_BYTES = 4 << 20;
const REFUSED_KEPT_MAX = 100;

export interface ImportInput {
  readonly type: string;
  readonly input: { readonly name: string; readonly stream: AsyncIterable<unknown> };
}

export interface ImportReport {
  readonly records: number;
  readonly inserted: number;
  readonly updated: number;
  readonly same: number;
  /** The first bad records; `refusedCount` tells how many there are in all. */
  readonly refused: readonly { readonly place: string; readonly message: string }[];
  readonly refusedCount: number;
}

/**
 * Stores records from NDJSON, batch by batch. Bad ones are told of, and the others are stored; of two with one id the later one
 * stays. An aborted signal ends it after the batch that it is at; `onRecords` is told how many there were so far.
 */
export async function importRecords(
  site: SiteWriter,
  inputs: readonly ImportInput[],
  signal: AbortSignal,
  onRecords: (records: number) => void,
): Promise<ImportReport> {
  const run = new Import();
  for (const { type, input } of inputs) {
    const source = await embeddedOf(site, type, undefined);
    try {
      for await (const records of readLines(input.stream, input.name)) {
        for (const { place, bytes } of records) {
          if (run.take(type, place, bytes)) await run.flush(source);
        }
        onRecords(run.records);
        if (signal.aborted) break;
      }
    } catch (error) {
      // It waited for more when it was told to stop: what had come is stored.
      if (!signal.aborted) throw error;
    }
    await run.flush(source);
    if (signal.aborted) break;
  }
  return run.report();
}

/** A record, and where people find it. */
interface Place {
  /** Counted from 1, over all inputs. */
  readonly number: number;
  readonly place: string;
}

class Import {
  #records = 0;
  readonly #done = { inserted: 0, updated: 0, same: 0 };
  readonly #refused: { readonly place: string; readonly message: string }[] = [];
  #refusedCount = 0;
  /** Of the batch. */
  #edits: Edit[] = [];
  #places: Place[] = [];
  #bad: (Place & { readonly message: string })[] = [];
  #bytes = 0;

  get records(): number {
    return this.#records;
  }

  /** @returns whether the batch is large enough */
  take(type: string, place: string, bytes: Uint8Array | undefined): boolean {
    this.#records++;
    const at = { number: this.#records, place };
    const tooLarge = { ok: false, message: `is larger than ${RECORD_BYTES_MAX >> 20} MB` } as const;
    const decoded = bytes === undefined ? tooLarge : decodeRecord(bytes);
    if (decoded.ok) {
      this.#edits.push({ kind: "put", type, input: decoded.input });
      this.#places.push(at);
    } else {
      this.#bad.push({ ...at, message: decoded.message });
    }
    this.#bytes += bytes?.length ?? 0;
    return this.#edits.length + this.#bad.length >= BATCH_RECORDS || this.#bytes >= BATCH_BYTES;
  }

  async flush(source: EmbeddedSource): Promise<void> {
    for (const [index, outcome] of (await source.apply(this.#edits)).entries()) {
      switch (outcome.kind) {
        case "refused":
          this.#bad.push({ number: 0, place: "", ...this.#places[index], message: outcome.message });
          break;
        case "inserted":
        case "updated":
        case "same":
          this.#done[outcome.kind]++;
          break;
        case "deleted":
        case "touched":
        case "absent":
          throw new Error(`a put that ended as ${outcome.kind}`);
      }
    }
    this.#refusedCount += this.#bad.length;
    this.#bad.sort((left, right) => left.number - right.number);
    const left = REFUSED_KEPT_MAX - this.#refused.length;
    for (const { place, message } of this.#bad.slice(0, left)) this.#refused.push({ place, message });
    this.#edits = [];
    this.#places = [];
    this.#bad = [];
    this.#bytes = 0;
  }

  report(): ImportReport {
    return { records: this.#records, ...this.#done, refused: this.#refused, refusedCount: this.#refusedCount };
  }
}
