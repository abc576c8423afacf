import { createHmac, hash } from "node:crypto";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export type Header = readonly [name: string, value: string];

export interface SignableRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Encoded, with `/` in front and without a query. */
  readonly path: string;
  /** Names in small letters and in their order; without `host`, and without those that the signer adds. */
  readonly headers: readonly Header[];
  /** SHA-256 of the body in hexadecimal, or `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
}

/** Proxies may change it, so that the SDK doesn't sign it either. */
const UNSIGNED = "cache-control";

/**
 * Signs requests to S3 by AWS Signature Version 4, with the key of the day kept:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. What it signs equals what the SDK's
 * signer signs, byte for byte; it does it in a fraction of the time.
 */
export class S3Signer {
  readonly #region: string;
  readonly #host: string;
  #key: { readonly date: string; readonly secret: string; readonly hmac: Hmac } | undefined;
  #second: { readonly at: number; readonly text: string } | undefined;

  constructor(region: string, host: string) {
    this.#region = region;
    this.#host = host;
  }

  /**
   * The headers that a signed request has beside its own and `host`, as names and values in turn. `nowMs`: as the store's clock
   * has it, in milliseconds since 1970.
   */
  sign(request: SignableRequest, credentials: AwsCredentials, nowMs: number): string[] {
    const time = this.#timeText(nowMs);
    const date = time.slice(0, 8);
    const { method, path, payloadHash } = request;
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const added: Header[] = [
      ["host", this.#host],
      ["x-amz-content-sha256", payloadHash],
      ["x-amz-date", time],
    ];
    if (sessionToken !== undefined) added.push(["x-amz-security-token", sessionToken]);
    let lines = "";
    let names = "";
    let next = 0;
    const add = ([name, value]: Header): void => {
      lines += `${name}:${tidy(value)}\n`;
      names += names === "" ? name : `;${name}`;
    };
    for (const header of request.headers) {
      for (let one = added[next]; one !== undefined && one[0] < header[0]; one = added[++next]) add(one);
      if (header[0] !== UNSIGNED) add(header);
    }
    for (let one = added[next]; one !== undefined; one = added[++next]) add(one);
    const canonical = `${method}\n${path}\n\n${lines}\n${names}\n${payloadHash}`;
    const scope = `${date}/${this.#region}/s3/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash("sha256", canonical, "hex")}`;
    const signature = this.#keyOf(secretAccessKey, date).sign(text);
    const sent = [
      "authorization",
      `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
      "x-amz-content-sha256",
      payloadHash,
      "x-amz-date",
      time,
    ];
    if (sessionToken !== undefined) sent.push("x-amz-security-token", sessionToken);
    return sent;
  }

  #keyOf(secret: string, date: string): Hmac {
    if (this.#key?.date === date && this.#key.secret === secret) return this.#key.hmac;
    let key: Buffer = Buffer.from(`AWS4${secret}`);
    for (const part of [date, this.#region, "s3", "aws4_request"])
      key = createHmac("sha256", key).update(part).digest();
    const hmac = new Hmac(key);
    this.#key = { date, secret, hmac };
    return hmac;
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

const BLOCK_BYTES = 64;

/**
 * HMAC with SHA-256 (RFC 2104) by a key of 32 bytes, over ASCII, by two hashes in one call each: a third of the time of
 * `createHmac`, which makes an object of the key each time.
 */
class Hmac {
  readonly #outer = Buffer.alloc(BLOCK_BYTES + 32, 0x5c);
  #inner = Buffer.alloc(BLOCK_BYTES + 256, 0x36);

  constructor(key: Buffer) {
    for (const [place, byte] of key.entries()) {
      this.#outer[place] = byte ^ 0x5c;
      this.#inner[place] = byte ^ 0x36;
    }
  }

  sign(text: string): string {
    const length = BLOCK_BYTES + text.length;
    if (length > this.#inner.length) this.#inner = Buffer.concat([this.#inner], length);
    this.#inner.write(text, BLOCK_BYTES, "latin1");
    hash("sha256", this.#inner.subarray(0, length), "buffer").copy(this.#outer, BLOCK_BYTES);
    return hash("sha256", this.#outer, "hex");
  }
}

function tidy(value: string): string {
  return /^\s|\s$|\s\s|[^\S ]/.test(value) ? value.trim().replaceAll(/\s+/g, " ") : value;
}
