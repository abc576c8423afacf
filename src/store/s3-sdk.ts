import type { ObjectEtag, ObjectHead } from "./object-store.ts";
import type { S3Answer } from "./s3-answer.ts";
import type { S3Connection } from "./s3-connection.ts";
import { describeMetadata } from "./s3-headers.ts";
import { NoAnswerError } from "./s3-http.ts";

/** An answer to a request that the SDK sent. */
export interface SdkAnswer<T> extends S3Answer {
  readonly value: T | undefined;
}

export interface SdkObject {
  readonly head: ObjectHead;
  readonly content: Uint8Array;
}

export interface SdkPage {
  readonly objects: readonly { readonly key: string; readonly etag: string; readonly bytes: number }[];
  readonly next: string | undefined;
}

/** What is asked of S3 by way of the SDK: all but the many HEADs and PUTs. */
export class S3Sdk {
  readonly #connection: S3Connection;
  readonly #bucket: string;

  constructor(connection: S3Connection, bucket: string) {
    this.#connection = connection;
    this.#bucket = bucket;
  }

  get(key: string, range: string | undefined): Promise<SdkAnswer<SdkObject>> {
    const { sdk, client } = this.#connection;
    return this.#answered(async () => {
      const command = new sdk.GetObjectCommand({ Bucket: this.#bucket, Key: key, Range: range });
      const got = await client.send(command);
      const content = (await got.Body?.transformToByteArray()) ?? new Uint8Array();
      const [, whole] = /\/(\d+)$/.exec(got.ContentRange ?? "") ?? [];
      const head = {
        etag: (got.ETag ?? "") as ObjectEtag,
        bytes: Number(whole ?? got.ContentLength ?? content.length),
        ...describeMetadata((name) => got.Metadata?.[name]),
        contentEncoding: got.ContentEncoding,
        redirect: got.WebsiteRedirectLocation,
      };
      return { head, content };
    });
  }

  remove(key: string, ifMatch: ObjectEtag): Promise<SdkAnswer<boolean>> {
    const { sdk, client } = this.#connection;
    return this.#answered(async () => {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: this.#bucket, Key: key, IfMatch: ifMatch }));
      return true;
    });
  }

  list(prefix: string, token: string | undefined): Promise<SdkAnswer<SdkPage>> {
    const { sdk, client } = this.#connection;
    return this.#answered(async () => {
      const listed = await client.send(
        // Keys may hold what XML can't.
        new sdk.ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          MaxKeys: 1000,
          EncodingType: "url",
          ContinuationToken: token,
        }),
      );
      const objects = (listed.Contents ?? []).map(({ Key = "", ETag = "", Size = 0 }) => ({
        key: decodeListedKey(Key, listed.EncodingType),
        etag: ETag,
        bytes: Size,
      }));
      return { objects, next: listed.IsTruncated === true ? listed.NextContinuationToken : undefined };
    });
  }

  /** @throws RekilnError `store-credentials`; NoAnswerError when the service didn't answer */
  async #answered<T>(ask: () => Promise<T>): Promise<SdkAnswer<T>> {
    // The SDK would say no more than that something failed.
    await this.#connection.credentials();
    return answered(ask);
  }
}

function decodeListedKey(key: string, encoding: string | undefined): string {
  return encoding === "url" ? decodeURIComponent(key.replaceAll("+", " ")) : key;
}

interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** @throws NoAnswerError when the service didn't answer */
async function answered<T>(ask: () => Promise<T>): Promise<SdkAnswer<T>> {
  try {
    return { status: 200, code: "", message: "", dateMs: undefined, value: await ask() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The SDK's errors carry these, its types don't say it of what is thrown.
    const { name, message, $metadata, $response } = error as ServiceError;
    const status = $metadata?.httpStatusCode;
    if (status === undefined || status < 300) throw noAnswer(error);
    const dateMs = Date.parse($response?.headers?.["date"] ?? "");
    // A status without a body has a name made of it.
    const code = /^(?:\d+|Unknown\w*|NotFound)$/.test(name) ? "" : name;
    return { status, code, message, dateMs: Number.isNaN(dateMs) ? undefined : dateMs, value: undefined };
  }
}

function noAnswer(error: Error): Error {
  const code = "code" in error ? String(error.code) : error.name;
  return error.name === "TypeError" ? error : new NoAnswerError(code, true, error);
}
