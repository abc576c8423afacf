import type { OrderField } from "./entity.ts";
import type { Scalar } from "./read.ts";

const encoder = new TextEncoder();

/**
 * A value as bytes whose order is the order of values: null, booleans, numbers, strings by UTF-8 bytes. Equal on
 * every source, since each compares the bytes.
 */
export function orderKey(value: Scalar | null): Uint8Array {
  if (value === null) return Uint8Array.of(0);
  if (typeof value === "boolean") return Uint8Array.of(value ? 2 : 1);
  if (typeof value === "number") {
    const key = new Uint8Array(9);
    key[0] = 3;
    const view = new DataView(key.buffer);
    view.setFloat64(1, value === 0 ? 0 : value);
    // IEEE 754 sorts as an unsigned integer once the sign bit is flipped, or all bits when negative.
    if (value < 0) for (let index = 1; index < 9; index++) key[index] = ~(key[index] ?? 0);
    else key[1] = (key[1] ?? 0) ^ 0x80;
    return key;
  }
  // U+0004 is the byte 4.
  return encoder.encode(`\u0004${value}`);
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The reverse of `orderKey`. */
export function fromOrderKey(key: Uint8Array): Scalar | null {
  switch (key[0]) {
    case 1:
      return false;
    case 2:
      return true;
    case 3: {
      const bytes = key.slice(1);
      if ((bytes[0] ?? 0) & 0x80) bytes[0] = (bytes[0] ?? 0) ^ 0x80;
      else for (let index = 0; index < 8; index++) bytes[index] = ~(bytes[index] ?? 0);
      return new DataView(bytes.buffer).getFloat64(0);
    }
    case 4:
      return decoder.decode(key.subarray(1));
    default:
      return null;
  }
}

function rank(value: Scalar | null): number {
  return value === null ? 0 : typeof value === "boolean" ? 1 : typeof value === "number" ? 2 : 3;
}

/** Order of well-formed strings by code point, which is the order of their UTF-8 bytes. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    let a = left.charCodeAt(index);
    let b = right.charCodeAt(index);
    if (a === b) continue;
    // Surrogates stand for code points above all of the BMP, though their code units lie below U+E000.
    if (a >= 0xd800 && b >= 0xd800) {
      a = a >= 0xe000 ? a - 0x800 : a + 0x2000;
      b = b >= 0xe000 ? b - 0x800 : b + 0x2000;
    }
    return a - b;
  }
  return left.length - right.length;
}

/** The order of values that `orderKey` gives. */
export function compareValues(left: Scalar | null, right: Scalar | null): number {
  if (typeof left === "string" && typeof right === "string") return compareText(left, right);
  const byRank = rank(left) - rank(right);
  if (byRank !== 0 || left === null || right === null) return byRank;
  return Number(left) - Number(right);
}

/** What a list sorts a row by: its value of each order field, and its id. */
export interface SortKey {
  readonly values: readonly (Scalar | null)[];
  readonly id: string;
}

/** Order of two rows of a list; ties by id, ascending. */
export function compareSortKeys(order: readonly OrderField[], left: SortKey, right: SortKey): number {
  for (const [index, { descending }] of order.entries()) {
    const compared = compareValues(left.values[index] ?? null, right.values[index] ?? null);
    if (compared !== 0) return descending ? -compared : compared;
  }
  return compareText(left.id, right.id);
}
