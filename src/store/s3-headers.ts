import { RekilnError } from "../core/errors.ts";
import { formatStamp, parseStamp } from "../core/stamp.ts";
import type { Carried } from "../core/stamp.ts";
import type { Digest } from "../core/digest.ts";
import type { Header } from "./s3-signer.ts";
import type { ObjectEtag, ObjectHead, ObjectHeaders, PutCondition } from "./object-store.ts";

const STAMP = "rekiln-stamp";
const PAGE = "rekiln-page";
const DIGEST = "rekiln-digest";
const TAGS = "cache-tag";
const PREFIX = "x-amz-meta-";

/** What S3 takes and what every proxy passes on. */
const PRINTABLE = /^[\u0020-\u007E]*$/;

/**
 * The headers of a put in the order of their names, `checksum` among them; what rekiln knows of a page is user metadata:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 *
 * @throws RekilnError `store-header` for what no header can hold
 */
export function putHeaders(headers: ObjectHeaders, condition: PutCondition, checksum: Header): readonly Header[] {
  const { cacheControl, contentEncoding, contentType, redirect, carried, digest, cacheTags = [] } = headers;
  const all: Header[] = [];
  if (cacheControl !== undefined) all.push(["cache-control", cacheControl]);
  if (contentEncoding !== undefined) all.push(["content-encoding", contentEncoding]);
  all.push(["content-type", contentType]);
  if ("ifMatch" in condition) all.push(["if-match", condition.ifMatch]);
  else all.push(["if-none-match", condition.ifNoneMatch]);
  all.push(checksum);
  if (cacheTags.length > 0) all.push([PREFIX + TAGS, cacheTags.join(",")]);
  if (digest !== undefined) all.push([PREFIX + DIGEST, digest]);
  if (carried !== undefined) {
    all.push([PREFIX + PAGE, carried.key], [PREFIX + STAMP, formatStamp(carried.stamp)]);
  }
  if (redirect !== undefined) all.push(["x-amz-website-redirect-location", encodeRedirect(redirect)]);
  for (const [name, value] of all) {
    if (PRINTABLE.test(value)) continue;
    throw new RekilnError({
      code: "store-header",
      message: `The header ${name} would be ${JSON.stringify(value)}.`,
      disposition: "discard",
      hint: "Headers hold printable ASCII only: change what the config says for it.",
    });
  }
  return all;
}

/** Everything outside of ASCII is encoded; what is encoded already stays. */
function encodeRedirect(to: string): string {
  return PRINTABLE.test(to) ? to : to.replaceAll(/[^\u0021-\u007E]/gu, (character) => encodeURIComponent(character));
}

const first = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** Reads what `putHeaders` wrote, and whatever else somebody put there. */
export function headOf(headers: Readonly<Record<string, string | string[] | undefined>>): ObjectHead {
  const metadata = (name: string): string | undefined => first(headers[PREFIX + name]);
  return {
    // The service's own token is one, whatever it looks like.
    etag: (first(headers["etag"]) ?? "") as ObjectEtag,
    bytes: bytesOf(headers),
    ...describeMetadata(metadata),
    contentEncoding: first(headers["content-encoding"]),
    redirect: first(headers["x-amz-website-redirect-location"]),
  };
}

/** The whole object's size, of an answer that holds a part of it too. */
function bytesOf(headers: Readonly<Record<string, string | string[] | undefined>>): number {
  const [, whole] = /\/(\d+)$/.exec(first(headers["content-range"]) ?? "") ?? [];
  return Number(whole ?? first(headers["content-length"]) ?? 0);
}

/** Stamp, page and digest of user metadata that may be anybody's. */
export function describeMetadata(get: (name: string) => string | undefined): Pick<ObjectHead, "carried" | "digest"> {
  const stamp = parseStamp(get(STAMP) ?? "");
  const key = get(PAGE);
  const digest = get(DIGEST);
  const carried: Carried | undefined = stamp === undefined || key === undefined ? undefined : { stamp, key };
  return {
    carried,
    // Written by us of a digest; somebody else's text equals no digest.
    digest: digest === undefined || !/^[0-9a-f]{64}$/.test(digest) ? undefined : (digest as Digest),
  };
}
