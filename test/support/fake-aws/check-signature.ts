import { createHash, createHmac } from "node:crypto";

export interface SignedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface KnownCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** What temporary ones must send along; undefined for others. */
  readonly sessionToken?: string | undefined;
}

export type SignatureProblem = { readonly status: number; readonly code: string } | undefined;

const SKEW_MS = 15 * 60_000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/**
 * Whether a request is signed by Signature Version 4 with headers, written from its documentation alone:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function checkSignature(
  { method, url, headers }: SignedRequest,
  known: KnownCredentials,
  payloadHash: string,
  nowMs: number,
): SignatureProblem {
  const parsed = AUTHORIZATION.exec(headers["authorization"] ?? "");
  if (parsed === null) return { status: 403, code: "AccessDenied" };
  const [, keyId = "", date = "", region = "", service = "", names = "", signature = ""] = parsed;
  if (keyId !== known.accessKeyId) return { status: 403, code: "InvalidAccessKeyId" };
  if (headers["x-amz-security-token"] !== known.sessionToken) return { status: 400, code: "ExpiredToken" };
  const time = headers["x-amz-date"] ?? "";
  const sentAt = Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"));
  if (!(Math.abs(sentAt - nowMs) <= SKEW_MS) || !time.startsWith(date)) {
    return { status: 403, code: "RequestTimeTooSkewed" };
  }
  const signed = new Set(names.split(";"));
  const mustBeSigned = Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  if (mustBeSigned.some((name) => !signed.has(name))) return { status: 403, code: "AccessDenied" };
  const [path = "", query = ""] = url.split("?");
  const canonical = [
    method,
    path,
    canonicalQuery(query),
    ...[...signed].map((name) => `${name}:${(headers[name] ?? "").trim().replaceAll(/ +/g, " ")}`),
    "",
    names,
    payloadHash,
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, `${date}/${region}/${service}/aws4_request`, sha256(canonical)].join("\n");
  let key: Buffer = Buffer.from(`AWS4${known.secretAccessKey}`);
  for (const part of [date, region, service, "aws4_request"]) key = createHmac("sha256", key).update(part).digest();
  const expected = createHmac("sha256", key).update(text).digest("hex");
  return expected === signature ? undefined : { status: 403, code: "SignatureDoesNotMatch" };
}

function canonicalQuery(query: string): string {
  const pairs = query.split("&").filter((pair) => pair !== "");
  const whole = pairs.map((pair) => (pair.includes("=") ? pair : `${pair}=`));
  return whole.sort((left, right) => (left < right ? -1 : 1)).join("&");
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
