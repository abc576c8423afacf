import type { IncomingHttpHeaders } from "node:http";

import type { Validators } from "./validators.ts";

type SelectedRange =
  /** No range, one that can't be read, several, or one for an older copy: all bytes. */
  | { readonly kind: "whole" }
  /** `start` is the first byte; `length` is at least 1. */
  | { readonly kind: "part"; readonly start: number; readonly length: number }
  | { readonly kind: "unsatisfiable" };

const whole: SelectedRange = { kind: "whole" };
const singleRange = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;

/**
 * Which bytes of a file of `size` bytes a GET asks for (RFC 9110, 14). A server may ignore any range; several are
 * ignored here.
 */
export function selectRange(headers: IncomingHttpHeaders, size: number, validators: Validators): SelectedRange {
  const [, first, last] = singleRange.exec(headers.range ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return whole;
  if (!holdsIfRange(headers["if-range"], validators)) return whole;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: "unsatisfiable" } : { kind: "part", start: size - length, length };
  }
  const start = Number(first);
  const end = last === "" ? Infinity : Number(last);
  if (end < start) return whole;
  if (start >= size) return { kind: "unsatisfiable" };
  return { kind: "part", start, length: Math.min(end, size - 1) - start + 1 };
}

// A date never vouches for the same bytes: two writes in one second share it.
function holdsIfRange(condition: string | string[] | undefined, validators: Validators): boolean {
  return condition === undefined || condition === validators.etag;
}
