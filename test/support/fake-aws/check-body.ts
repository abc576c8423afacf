import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export type CheckedBody = { readonly content: Buffer } | { readonly status: number; readonly code: string };

const sha256 = (content: Buffer, encoding: "hex" | "base64"): string =>
  createHash("sha256").update(content).digest(encoding);

function crc32Of(content: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(content));
  return sum.toString("base64");
}

const BAD_DIGEST = { status: 400, code: "BadDigest" };

/** A body as it is to be stored, checked against everything that its headers say of it. */
export function checkBody(headers: Readonly<Record<string, string>>, body: Buffer): CheckedBody {
  const hash = headers["x-amz-content-sha256"] ?? "";
  let content = body;
  let sums = headers;
  if (hash === "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
    const decoded = decodeChunks(body);
    if (decoded === undefined) return { status: 400, code: "IncompleteBody" };
    content = decoded.content;
    sums = { ...headers, ...decoded.trailer };
    if (Number(headers["x-amz-decoded-content-length"]) !== content.length)
      return { status: 400, code: "IncompleteBody" };
  } else if (hash.startsWith("STREAMING-")) return { status: 501, code: "NotImplemented" };
  else if (hash !== "UNSIGNED-PAYLOAD" && hash !== sha256(body, "hex")) {
    return { status: 400, code: "XAmzContentSHA256Mismatch" };
  }
  const md5 = sums["content-md5"];
  if (md5 !== undefined && md5 !== createHash("md5").update(content).digest("base64")) return BAD_DIGEST;
  const crc = sums["x-amz-checksum-crc32"];
  if (crc !== undefined && crc !== crc32Of(content)) return BAD_DIGEST;
  const sum = sums["x-amz-checksum-sha256"];
  if (sum !== undefined && sum !== sha256(content, "base64")) return BAD_DIGEST;
  return { content };
}

/** Takes an `aws-chunked` body with a trailer apart; undefined when it is cut short. */
function decodeChunks(body: Buffer): { content: Buffer; trailer: Record<string, string> } | undefined {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const size = Number.parseInt(body.toString("latin1", at, end), 16);
    at = end + 2;
    if (size === 0) break;
    if (!(size > 0) || at + size + 2 > body.length) return undefined;
    pieces.push(body.subarray(at, at + size));
    at += size + 2;
  }
  const trailer: Record<string, string> = {};
  for (const line of body.toString("latin1", at).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) trailer[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { content: Buffer.concat(pieces), trailer };
}
