import type { IncomingHttpHeaders } from "node:http";

import type { Validators } from "./validators.ts";

const fixedForm = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const entityTag = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Whether the client's copy is still good (RFC 9110, 13.2.2): If-None-Match by weak comparison, and only without it
 * If-Modified-Since.
 */
export function isNotModified(headers: IncomingHttpHeaders, validators: Validators): boolean {
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === "*") return true;
    return ifNoneMatch.matchAll(entityTag).some(([, opaqueTag]) => opaqueTag === validators.etag);
  }
  const sinceMs = parseHttpDate(headers["if-modified-since"]);
  return sinceMs !== undefined && validators.lastModifiedMs <= sinceMs;
}

/**
 * Reads a date as HTTP writes it today (`Sun, 06 Nov 1994 08:49:37 GMT`), in milliseconds. Anything else is undefined:
 * a condition that can't be read is ignored, which costs one full answer.
 */
function parseHttpDate(text: string | undefined): number | undefined {
  if (text === undefined || !fixedForm.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
