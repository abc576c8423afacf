import { createHash } from "node:crypto";

export interface FakeObject {
  readonly content: Buffer;
  readonly etag: string;
  /** Headers that come back with it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly modifiedMs: number;
}

export type Condition = { readonly ifMatch?: string | undefined; readonly ifNoneMatch?: string | undefined };

export interface Refusal {
  readonly status: number;
  readonly code: string;
}

/** How a bucket departs from what S3 documents, for those who must notice it. */
export interface BucketQuirks {
  /** Puts whatever the condition says. */
  readonly ignoresConditions?: boolean;
  /** Knows no conditional removal, as many compatible services. */
  readonly hasConditionalDelete?: boolean;
  /** Most keys of one page of a list; default 1,000. */
  readonly listMax?: number;
}

/** The objects of a bucket, with the conditions that S3 documents. */
export class FakeBucket {
  readonly objects = new Map<string, FakeObject>();
  quirks: BucketQuirks = {};
  /** Counts removals, so that a put knows of one that came while its body was sent. */
  #removals = 0;
  readonly #removedAt = new Map<string, number>();

  get removals(): number {
    return this.#removals;
  }

  /** `removalsBefore`: as they were when the request began. */
  put(
    key: string,
    content: Buffer,
    headers: FakeObject["headers"],
    condition: Condition,
    removalsBefore: number,
    nowMs: number,
  ): Refusal | FakeObject {
    const { ifMatch, ifNoneMatch } = condition;
    if (ifMatch !== undefined && ifNoneMatch !== undefined) return { status: 501, code: "NotImplemented" };
    if (ifNoneMatch !== undefined && ifNoneMatch !== "*") return { status: 501, code: "NotImplemented" };
    const stored = this.objects.get(key);
    const isRemovedMeanwhile = (this.#removedAt.get(key) ?? 0) > removalsBefore;
    if (this.quirks.ignoresConditions !== true) {
      if (ifMatch !== undefined) {
        if (stored === undefined) return { status: 404, code: "NoSuchKey" };
        if (!isSame(ifMatch, stored.etag)) return { status: 412, code: "PreconditionFailed" };
      }
      if (ifNoneMatch !== undefined) {
        if (stored !== undefined) return { status: 412, code: "PreconditionFailed" };
        if (isRemovedMeanwhile) return { status: 409, code: "ConditionalRequestConflict" };
      }
    }
    const etag = `"${createHash("md5").update(content).digest("hex")}"`;
    const object = { content, etag, headers, modifiedMs: nowMs };
    this.objects.set(key, object);
    return object;
  }

  remove(key: string, ifMatch: string | undefined): Refusal | undefined {
    const stored = this.objects.get(key);
    if (ifMatch !== undefined) {
      if (this.quirks.hasConditionalDelete === false) return { status: 501, code: "NotImplemented" };
      if (stored === undefined) return { status: 404, code: "NoSuchKey" };
      if (ifMatch !== "*" && !isSame(ifMatch, stored.etag)) return { status: 412, code: "PreconditionFailed" };
    }
    this.objects.delete(key);
    this.#removedAt.set(key, ++this.#removals);
    return undefined;
  }

  /** Keys below a prefix behind `after`, in the order of their bytes. */
  list(prefix: string, after: string): readonly string[] {
    const from = Buffer.from(after);
    return [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), from) > 0)
      .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  }
}

/** ETags may come without their quotes. */
function isSame(one: string, other: string): boolean {
  return one.replaceAll('"', "") === other.replaceAll('"', "");
}
