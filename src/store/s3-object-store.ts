import { hash } from "node:crypto";
import { crc32 } from "node:zlib";

import type { Clock } from "../core/clock.ts";
import { RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";
import type {
  GetOutcome,
  HeadOutcome,
  ListedObject,
  ObjectContent,
  ObjectEtag,
  ObjectStore,
  Put,
  PutOutcome,
  RemoveOutcome,
  StoreTrouble,
} from "./object-store.ts";
import { readErrorBody, answerError } from "./s3-answer.ts";
import type { S3Answer } from "./s3-answer.ts";
import { S3Attempts } from "./s3-attempts.ts";
import type { Attempted, AttemptSettings } from "./s3-attempts.ts";
import { S3Connection } from "./s3-connection.ts";
import type { CredentialsProvider, S3Location } from "./s3-connection.ts";
import { headOf, putHeaders } from "./s3-headers.ts";
import { S3Http } from "./s3-http.ts";
import type { HttpAnswer } from "./s3-http.ts";
import { encodeKey } from "./s3-key.ts";
import { S3Sdk } from "./s3-sdk.ts";
import { S3Signer } from "./s3-signer.ts";
import type { Header } from "./s3-signer.ts";

export interface S3StoreOptions extends S3Location, AttemptSettings {
  /** What every key begins with: "" or ending in `/`. */
  readonly prefix: string;
  /** Requests side by side; default 64. */
  readonly concurrency?: number | undefined;
  readonly clock: Clock;
  /** Instead of the SDK's own providers. */
  readonly credentials?: CredentialsProvider | undefined;
}

const CONCURRENCY = 64;
/** SHA-256 of nothing. */
const EMPTY_HASH = hash("sha256", "", "hex");

type HotAnswer = S3Answer & { readonly http: HttpAnswer };

/**
 * Objects in a bucket of Amazon S3, or of a service that answers as it does. HEAD and PUT, of which there are as many as
 * pages, are signed and sent by our own: the SDK takes about a millisecond of CPU for each. All else is left to the SDK.
 */
export class S3ObjectStore implements ObjectStore {
  readonly name: string;
  readonly #options: S3StoreOptions;
  readonly #connection: S3Connection;
  readonly #attempts: S3Attempts;
  readonly #http: S3Http;
  readonly #signer: S3Signer;
  readonly #sdk: S3Sdk;
  readonly #base: string;

  private constructor(options: S3StoreOptions, connection: S3Connection) {
    this.#options = options;
    this.name = `s3://${options.bucket}/${options.prefix}`;
    this.#connection = connection;
    this.#attempts = new S3Attempts(connection, options);
    this.#http = new S3Http(connection.origin, options.concurrency ?? CONCURRENCY);
    this.#signer = new S3Signer(connection.region, connection.host);
    this.#sdk = new S3Sdk(connection, options.bucket);
    this.#base = connection.basePath + encodeKey(options.prefix);
  }

  /** @throws RekilnError `store-region`, `store-address` */
  static async open(options: S3StoreOptions): Promise<S3ObjectStore> {
    const { clock, credentials } = options;
    return new S3ObjectStore(options, await S3Connection.open(options, clock, credentials));
  }

  async head(key: ObjectKey, signal?: AbortSignal): Promise<HeadOutcome> {
    const send = (): Promise<HotAnswer> => this.#send("HEAD", key, [], EMPTY_HASH, undefined);
    const what = this.#nameOf(key);
    const ended = await this.#attempts.run({ kind: "get", what, isRepeatable: true, send }, signal);
    if (ended.kind !== "answered") return withoutUnknown(ended);
    if (ended.verdict === "done") return { kind: "found", head: headOf(ended.answer.http.headers) };
    return ended.verdict === "absent" ? { kind: "absent" } : this.#refused(what, ended);
  }

  async put({ key, content, headers, condition }: Put, signal?: AbortSignal): Promise<PutOutcome> {
    const what = this.#nameOf(key);
    const { payloadHash, checksum } = describeContent(content);
    let sent: readonly Header[];
    try {
      sent = putHeaders(headers, condition, checksum);
    } catch (error) {
      if (error instanceof RekilnError) return { kind: "refused", error };
      throw error;
    }
    const send = (): Promise<HotAnswer> => this.#send("PUT", key, sent, payloadHash, content);
    const ended = await this.#attempts.run({ kind: "put", what, isRepeatable: false, send }, signal);
    if (ended.kind !== "answered") return ended;
    switch (ended.verdict) {
      case "done":
        return { kind: "put", etag: headOf(ended.answer.http.headers).etag };
      case "precondition-failed":
      case "conflict":
      case "absent":
        return { kind: ended.verdict };
      case "empty-range":
      case "expired":
      case "skewed":
      case "unsupported":
      case "refused":
        return this.#refused(what, ended);
    }
  }

  headMany(keys: readonly ObjectKey[], signal?: AbortSignal): Promise<readonly HeadOutcome[]> {
    return Promise.all(keys.map((key) => this.head(key, signal)));
  }

  putMany(puts: readonly Put[], signal?: AbortSignal): Promise<readonly PutOutcome[]> {
    return Promise.all(puts.map((put) => this.put(put, signal)));
  }

  get(key: ObjectKey, signal?: AbortSignal): Promise<GetOutcome> {
    return this.#get(key, undefined, signal);
  }

  async getTail(key: ObjectKey, bytes: number, signal?: AbortSignal): Promise<GetOutcome> {
    return this.#get(key, `bytes=-${bytes}`, signal);
  }

  async remove(key: ObjectKey, ifMatch: ObjectEtag, signal?: AbortSignal): Promise<RemoveOutcome> {
    const what = this.#nameOf(key);
    const send = () => this.#sdk.remove(this.#options.prefix + key, ifMatch);
    const ended = await this.#attempts.run({ kind: "remove", what, isRepeatable: false, send }, signal);
    if (ended.kind !== "answered") return ended;
    switch (ended.verdict) {
      case "done":
        return { kind: "removed" };
      case "precondition-failed":
      case "conflict":
      case "absent":
      case "unsupported":
        return { kind: ended.verdict };
      case "empty-range":
      case "expired":
      case "skewed":
      case "refused":
        return this.#refused(what, ended);
    }
  }

  async *list(under = "", signal?: AbortSignal): AsyncIterable<readonly ListedObject[]> {
    const { prefix } = this.#options;
    const what = this.#nameOf(under);
    let token: string | undefined;
    do {
      const after = token;
      const send = () => this.#sdk.list(prefix + under, after);
      const ended = await this.#attempts.run({ kind: "list", what, isRepeatable: true, send }, signal);
      const page = ended.kind === "answered" ? ended.answer.value : undefined;
      if (page === undefined) throw this.#listError(what, ended);
      const objects = page.objects.map(({ key, etag, bytes }) => ({
        // What stands below the prefix is a key, whoever wrote it; tokens are the service's.
        key: key.slice(prefix.length) as ObjectKey,
        etag: etag as ObjectEtag,
        bytes,
      }));
      // A folder as consoles make them is an object with the prefix's own name.
      yield objects.filter(({ key }) => key !== "");
      token = page.next;
    } while (token !== undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    await this.#http.close();
  }

  async #send(
    method: "HEAD" | "PUT",
    key: ObjectKey,
    headers: readonly Header[],
    payloadHash: string,
    content: ObjectContent | undefined,
  ): Promise<HotAnswer> {
    const credentials = await this.#connection.credentials();
    const path = this.#base + encodeKey(key);
    const signed = this.#signer.sign({ method, path, headers, payloadHash }, credentials, this.#connection.now());
    for (const [name, value] of headers) signed.push(name, value);
    const isStream = content !== undefined && !(content instanceof Uint8Array);
    if (isStream) signed.push("content-length", String(content.bytes));
    const http = await this.#http.request({
      method,
      path,
      headers: signed,
      body: isStream ? content.open() : content,
    });
    const { status } = http;
    if (status < 300) return { status, code: "", message: "", dateMs: undefined, http };
    const dateMs = Date.parse(textOf(http.headers["date"]));
    return { status, ...readErrorBody(http.body), dateMs: Number.isNaN(dateMs) ? undefined : dateMs, http };
  }

  async #get(key: ObjectKey, range: string | undefined, signal: AbortSignal | undefined): Promise<GetOutcome> {
    const what = this.#nameOf(key);
    const send = () => this.#sdk.get(this.#options.prefix + key, range);
    const ended = await this.#attempts.run({ kind: "get", what, isRepeatable: true, send }, signal);
    if (ended.kind !== "answered") return withoutUnknown(ended);
    if (ended.verdict === "done" && ended.answer.value !== undefined) return { kind: "found", ...ended.answer.value };
    if (ended.verdict === "absent") return { kind: "absent" };
    // An empty object has no last bytes.
    if (ended.verdict === "empty-range" && range !== undefined) return this.#get(key, undefined, signal);
    return this.#refused(what, ended);
  }

  #nameOf(key: string): string {
    return this.name + key;
  }

  #refused<A extends S3Answer>(what: string, ended: Attempted<A> & { readonly kind: "answered" }): StoreTrouble {
    return { kind: "refused", error: answerError(what, ended.answer, ended.verdict) };
  }

  #listError<A extends S3Answer>(what: string, ended: Attempted<A>): RekilnError {
    switch (ended.kind) {
      case "answered":
        return answerError(what, ended.answer, ended.verdict);
      case "deferred":
        return new RekilnError({
          code: "store-deferred",
          message: `The store can't be listed before ${new Date(ended.until).toISOString()}: the cap ${ended.reason} is reached.`,
          disposition: "retry",
          hint: "Raise the cap in `store: s3(…)`, or wait.",
        });
      case "throttled":
      case "unreachable":
      case "refused":
      case "unknown":
        return ended.error;
    }
  }
}

const textOf = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(",") : (value ?? "");

/** A read is repeated until somebody knows. */
function withoutUnknown(ended: Exclude<Attempted<S3Answer>, { kind: "answered" }>): StoreTrouble {
  return ended.kind === "unknown" ? { kind: "unreachable", error: ended.error } : ended;
}

/**
 * What the store checks the bytes by: the hash that is signed, and a checksum that is kept with them, CRC-32 as the SDK sends it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
function describeContent(content: ObjectContent): { readonly payloadHash: string; readonly checksum: Header } {
  if (!(content instanceof Uint8Array)) {
    const checksum = Buffer.from(content.sha256, "hex").toString("base64");
    return { payloadHash: content.sha256, checksum: ["x-amz-checksum-sha256", checksum] };
  }
  const sum = Buffer.allocUnsafe(4);
  sum.writeUInt32BE(crc32(content));
  return { payloadHash: hash("sha256", content, "hex"), checksum: ["x-amz-checksum-crc32", sum.toString("base64")] };
}
