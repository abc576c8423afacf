import type { Digest } from "../core/digest.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Carried } from "../core/stamp.ts";

/** An object as found in the store. */
export interface StoredObject {
  /** The store's own token: another one after each write. */
  readonly etag: string;
  readonly bytes: number;
  /** SHA-256 of the content without its stamp. */
  readonly digest: Digest;
  /** The stamp and page at its end; undefined when it has none: a torn write, or somebody else's file. */
  readonly carried: Carried | undefined;
}

/** Bytes that wait beside the page they are to replace. */
export interface Staged {
  readonly key: ObjectKey;
  readonly temporary: string;
}

/**
 * A page store without conditional puts of its own: whoever writes holds the manifest's write transaction, compares
 * what is stored, and replaces, all before anyone else can. Its calls are synchronous for that reason.
 * Readers never see half an object. Keys are relative and come from the path grammar.
 */
export interface PageStore extends Disposable {
  /**
   * Whether late puts of others may still come to it, so that what goes leaves an object which says so, and equal bytes under an older
   * stamp are put again: whoever is late finds another token.
   */
  readonly buries: boolean;
  /** The etag of an object, without reading it. */
  etag(key: ObjectKey): string | undefined;
  /** The etags of many objects in their order, asked for side by side where that is quicker. */
  etags(keys: readonly ObjectKey[]): readonly (string | undefined)[];
  read(key: ObjectKey): StoredObject | undefined;
  /** As `read`, but by the bytes themselves: what stands beside them, in headers, is another's word. */
  readBytes(key: ObjectKey): StoredObject | undefined;
  /** Whether the object that an etag is of was written at a time, in milliseconds since 1970, or later. */
  isWrittenSince(etag: string, timeMs: number): boolean;
  /**
   * Writes an object under its own name at once, for a store that held nothing: it may be torn when the process dies.
   * @returns undefined when something is there already, or in the way
   */
  create(key: ObjectKey, content: Uint8Array): string | undefined;
  /** Writes an object beside its place; `discard` has to follow, whether it was put there or not. @throws RekilnError `store-blocked` when something is in the way */
  stage(key: ObjectKey, content: Uint8Array): Staged;
  /**
   * As `stage`, for an object that may be larger than memory: each piece is written before the next one is asked for.
   * What `pieces` throws is thrown, and then nothing is staged.
   */
  stagePieces(key: ObjectKey, pieces: Iterable<Uint8Array>): Staged;
  /**
   * Puts a staged object in its place, whatever is there. A store that others may put to meanwhile puts it only over the object with the
   * etag `over`, or where none is; without `over` it looks what is there.
   *
   * @throws RekilnError `store-conflict` when something else is there by now
   */
  replace(staged: Staged, over?: { readonly etag: string | undefined }): string;
  /** Ends what `stage` began: removes what wasn't put in its place. Outside of the transaction, since it may take its time. */
  discard(staged: Staged): void;
  /** Removes an object and the folders that it leaves empty. */
  remove(key: ObjectKey): void;
  /** All objects with what their last bytes carry, in no order; only those that are wanted. */
  scan(
    isWanted?: (key: ObjectKey) => boolean,
  ): Iterable<{ readonly key: ObjectKey; readonly carried: Carried | undefined }>;
  /** All objects, in no order and without reading them. */
  list(): Iterable<{ readonly key: ObjectKey; readonly etag: string }>;
  /** What killed processes left of their own: see `removeTemporary`. */
  temporary(): readonly string[];
  /** The site record's text. */
  readRecord(): string | undefined;
  /** Replaces the site record, durably. */
  writeRecord(text: string): void;
  /** Whether nothing is stored. */
  isEmpty(): boolean;
  /** Removes what killed processes left; what others are writing stays. Before this process writes. @returns how many objects */
  removeTemporary(): number;
}
