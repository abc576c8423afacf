import type { RecordBytes } from "./record-files.ts";

/** A piece of what a type is read from: a file, or a query. */
export interface RecordPart {
  /** As people write it: `data/film.ndjson`. */
  readonly name: string;
  /** Records in the order in which they stand, some at a time. */
  read(signal: AbortSignal): AsyncIterable<readonly RecordBytes[]>;
}

/** What a mirrored type is read from. */
export interface MirroredType {
  /** Where problems of the type as a whole are, as people write it. */
  readonly place: string;
  /** Why there is nothing to read; undefined when `parts` has any. */
  readonly absence: string | undefined;
  readonly parts: readonly RecordPart[];
  /** Parts that can't be read, and why. */
  readonly broken: readonly { readonly name: string; readonly why: string }[];
  /** Of all bytes that the records are made of: where it is the same, nothing changed. */
  readonly digest: (signal: AbortSignal) => Promise<string>;
}

/** Something that stands outside and is mirrored: opened for one pass over it. */
export interface MirroredRecords extends AsyncDisposable {
  type(name: string): Promise<MirroredType>;
}
