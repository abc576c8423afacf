import type { IncomingHttpHeaders } from "node:http";

import type { Encoding } from "../core/encoding.ts";
import { contentTypeOf } from "../core/content-type.ts";
import { isHashedKey } from "../press/assets.ts";
import { isNotModified } from "./is-not-modified.ts";
import type { ResponsePlan } from "./response-plan.ts";
import { selectRange } from "./select-range.ts";
import type { Validators } from "./validators.ts";

interface PlanFileInput {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly key: string;
  readonly size: number;
  readonly validators: Validators;
  /** How the bytes are encoded: those of a twin of the file. */
  readonly encoding?: Encoding;
}

/** Decides how a file of the site is answered: 200, 304, 206 or 416. */
export function planFile({ method, headers, key, size, validators, encoding }: PlanFileInput): ResponsePlan {
  const cached = {
    "Cache-Control": cacheControlOf(key),
    ETag: validators.etag,
    "Last-Modified": new Date(validators.lastModifiedMs).toUTCString(),
  };
  if (isNotModified(headers, validators)) return { status: 304, headers: cached, body: { kind: "none" } };
  // Range is defined for GET alone.
  const range = method === "GET" ? selectRange(headers, size, validators) : ({ kind: "whole" } as const);
  const described = {
    ...cached,
    "Accept-Ranges": "bytes",
    "Content-Type": contentTypeOf(key),
    ...(encoding === undefined ? {} : { "Content-Encoding": encoding }),
  };
  switch (range.kind) {
    case "whole":
      return {
        status: 200,
        headers: { ...described, "Content-Length": String(size) },
        body: { kind: "bytes", start: 0, length: size },
      };
    case "part":
      return {
        status: 206,
        headers: {
          ...described,
          "Content-Length": String(range.length),
          "Content-Range": `bytes ${range.start}-${range.start + range.length - 1}/${size}`,
        },
        body: { kind: "bytes", start: range.start, length: range.length },
      };
    case "unsatisfiable":
      return {
        status: 416,
        headers: { "Cache-Control": "no-cache", "Content-Length": "0", "Content-Range": `bytes */${size}` },
        body: { kind: "none" },
      };
  }
}

/**
 * Decides how a page is answered that the site has for a status, such as `404.html`: whole, without validators, since the status is about another path.
 */
export function planMissingPage(status: 404 | 410 | 502 | 504, key: string, size: number): ResponsePlan {
  return {
    status,
    headers: { "Cache-Control": "no-cache", "Content-Length": String(size), "Content-Type": contentTypeOf(key) },
    body: { kind: "bytes", start: 0, length: size },
  };
}

/** How long a file of the site may be kept: for good when its name holds its hash, else until asked again. */
function cacheControlOf(key: string): string {
  return isHashedKey(key) ? "public, max-age=31536000, immutable" : "no-cache";
}
