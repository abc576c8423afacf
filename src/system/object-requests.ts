import type { ObjectKey } from "../core/path.ts";
import type { Carried } from "../core/stamp.ts";
import { STATE_FOLDER } from "../store/directory.ts";
import type { ObjectHeaders, PutCondition } from "../store/object-store.ts";
import type { StoredObject } from "../store/store.ts";
import type { PlainError } from "./plain-error.ts";

/** What a thread that waits asks the one that talks to the store. */
export interface ObjectRequests {
  /** The etag of an object, by its headers. */
  readonly etag: { readonly ask: { readonly key: ObjectKey }; readonly reply: string | undefined };
  readonly etags: {
    readonly ask: { readonly keys: readonly ObjectKey[] };
    readonly reply: readonly (string | undefined)[];
  };
  /** What is stored, by its headers or, where they are silent, by its bytes. */
  readonly read: { readonly ask: { readonly key: ObjectKey }; readonly reply: StoredObject | undefined };
  /** The same by its bytes, whatever its headers say. */
  readonly bytes: { readonly ask: { readonly key: ObjectKey }; readonly reply: StoredObject | undefined };
  readonly content: {
    readonly ask: { readonly key: ObjectKey };
    readonly reply: { readonly etag: string; readonly content: Uint8Array } | undefined;
  };
  readonly put: {
    readonly ask: {
      readonly key: ObjectKey;
      readonly content: Uint8Array;
      readonly headers: ObjectHeaders;
      readonly condition: PutCondition;
    };
    /** `lost`: something else is there, or nobody knows what is. */
    readonly reply: { readonly kind: "put"; readonly etag: string } | { readonly kind: "lost" };
  };
  readonly remove: {
    readonly ask: { readonly key: ObjectKey; readonly etag: string };
    readonly reply: "removed" | "lost" | "unsupported";
  };
  /** The next keys with their etags; none: it was the end. */
  readonly keys: {
    readonly ask: { readonly cursor: number };
    readonly reply: readonly { readonly key: ObjectKey; readonly etag: string }[];
  };
  /** The next objects after `after`, with what they carry; none: it was the end. */
  readonly list: {
    readonly ask: { readonly cursor: number };
    readonly reply: readonly { readonly key: ObjectKey; readonly carried: Carried | undefined }[];
  };
}

export type ObjectAsk = {
  readonly [Name in keyof ObjectRequests]: { readonly name: Name } & ObjectRequests[Name]["ask"];
}[keyof ObjectRequests];

export type ObjectReply =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: PlainError };

/** What rekiln keeps for itself beside the pages. No page can stand there: the path grammar refuses the leading dot. */
export function isOwnKey(key: ObjectKey): boolean {
  return key.startsWith(`${STATE_FOLDER}/`);
}
