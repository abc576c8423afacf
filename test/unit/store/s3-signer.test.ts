import { createHash, createHmac } from "node:crypto";

import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { expect, test } from "vitest";

import { encodeKey } from "../../../src/store/s3-key.ts";
import { S3Signer } from "../../../src/store/s3-signer.ts";
import type { SignableRequest } from "../../../src/store/s3-signer.ts";

const HOST = "bucket.s3.amazonaws.com";

/** SHA-256 in the form that the SDK's signer asks for. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key =
      typeof secret === "string" ? secret : secret === undefined ? undefined : Buffer.from(secret as Uint8Array);
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }
  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

async function signedBySdk(
  request: SignableRequest,
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
  region: string,
  nowMs: number,
): Promise<Readonly<Record<string, string>>> {
  const signer = new SignatureV4({ service: "s3", region, credentials, sha256: Sha256, uriEscapePath: false });
  const { method, path, headers, payloadHash } = request;
  const signed = await signer.sign(
    {
      method,
      path,
      protocol: "https:",
      hostname: HOST,
      query: {},
      headers: { ...Object.fromEntries(headers), host: HOST, "x-amz-content-sha256": payloadHash },
    },
    { signingDate: new Date(nowMs) },
  );
  return signed.headers;
}

const printable = fc.stringMatching(/^[\t -~]{0,40}$/);
const headerName = fc.stringMatching(
  /^(?:x-amz-meta-[a-z0-9-]{1,12}|content-type|if-match|if-none-match|content-encoding|cache-control)$/,
);
const secret = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 });

test("signs what the SDK signs, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<SignableRequest["method"]>("PUT", "HEAD", "GET", "DELETE"),
      fc.string({ unit: "binary", maxLength: 60 }).filter((key) => key.isWellFormed()),
      fc.dictionary(headerName, printable, { maxKeys: 8 }),
      fc.record({ accessKeyId: fc.stringMatching(/^[A-Z0-9]{4,20}$/), secretAccessKey: secret }),
      fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,80}$/), { nil: undefined }),
      fc.constantFrom("us-east-1", "eu-central-1", "auto"),
      fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }),
      fc.uint8Array({ maxLength: 50 }),
      async (method, key, given, pair, sessionToken, region, date, body) => {
        const headers = Object.entries(given).sort(([one], [other]) => (one < other ? -1 : 1));
        const payloadHash = createHash("sha256").update(body).digest("hex");
        const request = { method, path: `/${encodeKey(key)}`, headers, payloadHash };
        const credentials = sessionToken === undefined ? pair : { ...pair, sessionToken };
        const signer = new S3Signer(region, HOST);
        // Twice: the second time with the key that was kept.
        signer.sign(request, credentials, date.getTime());
        const ours = signer.sign(request, credentials, date.getTime());
        const theirs = await signedBySdk(request, credentials, region, date.getTime());
        for (let place = 0; place < ours.length; place += 2) {
          expect(ours[place + 1]).toBe(theirs[ours[place] ?? ""]);
        }
        expect(ours).toContain("authorization");
      },
    ),
    { numRuns: 100 },
  );
});

test("takes another key when the day, the secret or the token is another one", async () => {
  const signer = new S3Signer("us-east-1", HOST);
  const request: SignableRequest = {
    method: "PUT",
    path: "/k",
    headers: [["content-type", "text/html"]],
    payloadHash: "UNSIGNED-PAYLOAD",
  };
  const night = Date.UTC(2026, 0, 1, 23, 59, 59);
  for (const [credentials, now] of [
    [{ accessKeyId: "A", secretAccessKey: "s" }, night],
    [{ accessKeyId: "A", secretAccessKey: "s" }, night + 1000],
    [{ accessKeyId: "A", secretAccessKey: "other" }, night + 1000],
    [{ accessKeyId: "A", secretAccessKey: "s", sessionToken: "t" }, night],
  ] as const) {
    const [, ours] = signer.sign(request, credentials, now);
    const theirs = await signedBySdk(
      { ...request, headers: [["content-type", "text/html"]] },
      { ...credentials },
      "us-east-1",
      now,
    );
    expect(ours).toBe(theirs["authorization"]);
  }
});
