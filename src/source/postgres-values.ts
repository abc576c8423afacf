import { parse as parseArray } from "postgres-array";

import { messageOf } from "../core/errors.ts";

/** What a column's text is in JSON; thrown is why it can't be that. */
type ReadValue = (text: string) => unknown;

/** Digits that a number of JavaScript always keeps. */
const EXACT_DIGITS = 15;

/** By the numbers of https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_type.dat */
const READERS: ReadonlyMap<number, ReadValue> = new Map<number, ReadValue>([
  [16, (text) => text === "t"],
  [17, bytes],
  [20, exactNumber],
  [21, exactNumber],
  [23, exactNumber],
  [26, exactNumber],
  [700, exactFloat],
  [701, exactFloat],
  [1700, exactNumber],
  [114, json],
  [3802, json],
  [1114, (text) => text.replace(/^(\d+-\d\d-\d\d) /, "$1T")],
  [1184, (text) => text.replace(/^(\d+-\d\d-\d\d) (.*)\+00$/, "$1T$2Z")],
]);

/** What columns of a type become; an array of it, when `element` is its element's type. Anything that isn't listed is text. */
export function readerOf(type: number, element: number | undefined): ReadValue {
  if (element === undefined) return READERS.get(type) ?? asText;
  const read = READERS.get(element) ?? asText;
  // Two old types of the catalogue are lists without braces.
  return (text) => (/^[{[]/.test(text) ? parseArray(text, (one) => (one === null ? null : read(one))) : text);
}

function asText(text: string): string {
  return text;
}

function bytes(): never {
  throw new Error("holds bytes, which JSON has no place for: leave it out, or select encode(…, 'hex')");
}

function exactFloat(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error(`is ${text}, which JSON has no number for: select it as text`);
  return number;
}

function exactNumber(text: string): number {
  const number = Number(text);
  const digits = significantDigits(text);
  const isExact = digits.length <= EXACT_DIGITS || (String(number) === text && Number.isSafeInteger(number));
  // A number of Postgres may be so large, or so small, that nothing of it is left.
  if (isExact && Number.isFinite(number) && (number !== 0 || digits === "")) return number;
  throw new Error(`is ${shorten(text)}, which a number of JavaScript can't hold: select it as text (…::text)`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`isn't JSON: ${messageOf(error)}`, { cause: error });
  }
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}

/** Without sign, point, and zeros at either end. */
function significantDigits(text: string): string {
  const digits = text.replace(/[-.]/g, "").replace(/^0+/, "");
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}
