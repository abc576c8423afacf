import type { Digest } from "../core/digest.ts";
import type { RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Carried } from "../core/stamp.ts";
import type { DeferReason } from "./request-budget.ts";

/** The store's own token for what is stored under a key, as the service gives it. Another one after each write of other bytes. */
export type ObjectEtag = string & { readonly __objectEtag: never };

/** What stands in the headers of an object. Values are printable ASCII; `redirect` is encoded if it isn't. */
export interface ObjectHeaders {
  readonly contentType: string;
  readonly cacheControl?: string | undefined;
  /** How the bytes are packed; undefined when they aren't. */
  readonly contentEncoding?: "gzip" | "br" | undefined;
  /** Where a website endpoint sends whoever asks for it: a path from `/`, or an absolute address. */
  readonly redirect?: string | undefined;
  /** For CDNs that purge by tag. */
  readonly cacheTags?: readonly string[] | undefined;
  /** Mirrors the carrier of the bytes, so that `head` knows it. */
  readonly carried?: Carried | undefined;
  /** Of the unpacked bytes without their carrier. */
  readonly digest?: Digest | undefined;
}

/** Bytes that needn't be in memory: read as they are sent, and checked against their hash by the store. */
interface StreamedContent {
  readonly bytes: number;
  /** SHA-256 of all bytes, in hexadecimal. */
  readonly sha256: string;
  open(): AsyncIterable<Uint8Array>;
}
export type ObjectContent = Uint8Array | StreamedContent;

export type PutCondition =
  /** Only over what this token stands for. */
  | { readonly ifMatch: ObjectEtag }
  /** Only where nothing is. */
  | { readonly ifNoneMatch: "*" };

/** An object as its headers tell of it. The truth is in its bytes: where `carried` is undefined they may still carry a stamp. */
export interface ObjectHead {
  readonly etag: ObjectEtag;
  readonly bytes: number;
  readonly carried: Carried | undefined;
  readonly digest: Digest | undefined;
  readonly contentEncoding: string | undefined;
  readonly redirect: string | undefined;
}

/** Why a request wasn't answered. What it asked for wasn't done; the adapter has tried again already where that helps. */
export type StoreTrouble =
  /** Asked too often. */
  | { readonly kind: "throttled"; readonly error: RekilnError }
  /** It never reached the store, or a read brought no answer. */
  | { readonly kind: "unreachable"; readonly error: RekilnError }
  /** A cap is reached: to be done later, never dropped. `until` is in milliseconds since 1970. */
  | { readonly kind: "deferred"; readonly until: number; readonly reason: DeferReason }
  /** Credentials, permissions, or a request that the store doesn't take: not this object's fault. */
  | { readonly kind: "refused"; readonly error: RekilnError };

export type HeadOutcome =
  | { readonly kind: "found"; readonly head: ObjectHead }
  | { readonly kind: "absent" }
  | StoreTrouble;

export type PutOutcome =
  | { readonly kind: "put"; readonly etag: ObjectEtag }
  /** Something else is stored. A question, not an answer: an earlier attempt of the same put may have won. */
  | { readonly kind: "precondition-failed" }
  /** Another write of the same key was under way: nothing was stored, and it can be tried again. */
  | { readonly kind: "conflict" }
  /** `ifMatch`, and nothing is stored. */
  | { readonly kind: "absent" }
  /** It was sent, and nobody knows whether it was done, or will be. The next `head` tells. */
  | { readonly kind: "unknown"; readonly error: RekilnError }
  | StoreTrouble;

export type GetOutcome =
  | { readonly kind: "found"; readonly head: ObjectHead; readonly content: Uint8Array }
  | { readonly kind: "absent" }
  | StoreTrouble;

export type RemoveOutcome =
  | { readonly kind: "removed" }
  | { readonly kind: "absent" }
  | { readonly kind: "precondition-failed" }
  | { readonly kind: "conflict" }
  /** The service has no conditional removal: nothing was done. */
  | { readonly kind: "unsupported" }
  | { readonly kind: "unknown"; readonly error: RekilnError }
  | StoreTrouble;

export interface ListedObject {
  readonly key: ObjectKey;
  readonly etag: ObjectEtag;
  readonly bytes: number;
}

export interface Put {
  readonly key: ObjectKey;
  readonly content: ObjectContent;
  readonly headers: ObjectHeaders;
  readonly condition: PutCondition;
}

/**
 * A store of objects with conditional puts of its own: whoever writes asks for what is there (`head`), decides, and
 * puts under the condition that it is still there. A reader sees one object or the other, never half of one, and whoever
 * asks after a put was answered sees it, or what came later.
 *
 * The shape is that of Amazon S3: strong consistency, https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel;
 * conditions and their answers, https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html (412 when the
 * condition doesn't hold, 409 when another write was under way, 404 where `ifMatch` finds nothing) and
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html; the order of lists,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html.
 *
 * Keys come from the path grammar and are below the store's own prefix: nothing outside of it is ever read or written.
 * A signal ends waits for a turn, with its reason thrown; what was sent already is waited for. Reads are tried again by the
 * adapter; a put is, as long as it is known that it wasn't done.
 */
export interface ObjectStore extends AsyncDisposable {
  /** What it is called in messages, like `s3://bucket/prefix/`. */
  readonly name: string;
  head(key: ObjectKey, signal?: AbortSignal): Promise<HeadOutcome>;
  put(put: Put, signal?: AbortSignal): Promise<PutOutcome>;
  /** Many side by side, as far as the store's concurrency goes; outcomes in the order of the keys. */
  headMany(keys: readonly ObjectKey[], signal?: AbortSignal): Promise<readonly HeadOutcome[]>;
  putMany(puts: readonly Put[], signal?: AbortSignal): Promise<readonly PutOutcome[]>;
  /** An object as it is stored, packed if it is. */
  get(key: ObjectKey, signal?: AbortSignal): Promise<GetOutcome>;
  /** As `get`, with the last `bytes` bytes only, or all when there are fewer. */
  getTail(key: ObjectKey, bytes: number, signal?: AbortSignal): Promise<GetOutcome>;
  /** Removes an object if it is still this one. */
  remove(key: ObjectKey, ifMatch: ObjectEtag, signal?: AbortSignal): Promise<RemoveOutcome>;
  /**
   * All objects whose keys begin with `under` (default: all), in the order of the bytes of their keys, 1,000 at a time.
   * Keys are as they are stored, whoever wrote them.
   * @throws RekilnError when the store can't be asked, or a cap is reached
   */
  list(under?: string, signal?: AbortSignal): AsyncIterable<readonly ListedObject[]>;
}
