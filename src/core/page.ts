import type { Scalar } from "./read.ts";

/** One page of a route as text: `film/42`, `genre/drama#2`, `home`. */
export type PageKey = string & { readonly __pageKey: never };

/** A page key taken apart. `subject` is undefined for the page of a route without `each`. */
export interface PageParts {
  readonly route: string;
  readonly subject: Scalar | undefined;
  /** From 1. */
  readonly number: number;
}

const PLAIN = /^[A-Za-z0-9._~+-]*$/;
const encoder = new TextEncoder();

/** Percent-encodes everything outside `[A-Za-z0-9._~+-]`. */
function encodePart(text: string): string {
  if (PLAIN.test(text)) return text;
  let encoded = "";
  for (const character of text) {
    if (PLAIN.test(character)) encoded += character;
    else
      for (const byte of encoder.encode(character)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** A string stands for itself; a number or a boolean has `=` in front, which no encoded string has. */
function encodeSubject(subject: Scalar): string {
  return typeof subject === "string" ? encodePart(subject) : `=${encodePart(String(subject))}`;
}

function decodeSubject(text: string): Scalar {
  if (!text.startsWith("=")) return decodeURIComponent(text);
  const plain = decodeURIComponent(text.slice(1));
  return plain === "true" ? true : plain === "false" ? false : Number(plain);
}

/** The key of page 1 of a subject: what the keys of its further pages begin with. */
export function subjectKey(route: string, subject: Scalar | undefined): PageKey {
  // The one place, with `furtherKey`, that makes page keys.
  return (subject === undefined ? encodePart(route) : `${encodePart(route)}/${encodeSubject(subject)}`) as PageKey;
}

export function pageKey(route: string, subject: Scalar | undefined, number: number): PageKey {
  return furtherKey(subjectKey(route, subject), number);
}

/** The key of page `number` of a subject, of that of page 1. */
export function furtherKey(first: PageKey, number: number): PageKey {
  return number === 1 ? first : (`${first}#${number}` as PageKey);
}

/** The key of page 1 of the subject that a page is of. */
export function firstKeyOf(key: PageKey): PageKey {
  const hash = key.indexOf("#");
  return hash < 0 ? key : (key.slice(0, hash) as PageKey);
}

/** The reverse of `pageKey`. */
export function parsePageKey(key: PageKey): PageParts {
  const hash = key.indexOf("#");
  const number = hash < 0 ? 1 : Number(key.slice(hash + 1));
  const first = hash < 0 ? key : key.slice(0, hash);
  const slash = first.indexOf("/");
  return slash < 0
    ? { route: decodeURIComponent(first), subject: undefined, number }
    : { route: decodeURIComponent(first.slice(0, slash)), subject: decodeSubject(first.slice(slash + 1)), number };
}
