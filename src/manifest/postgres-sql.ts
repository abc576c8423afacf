import { hash } from "node:crypto";

import type { RefHash } from "../core/ref.ts";

/** Spelt into statements: several of them go in one round trip, which parameters don't allow. */
export type SqlValue = string | number | boolean | null | undefined;

/** Postgres has no text with the character 0, so that it is written as two; in the order of the bytes nothing changes by it. */
function encoded(text: string): string {
  return text.replaceAll("\u0001", "\u0001\u0002").replaceAll("\0", "\u0001\u0001").toWellFormed();
}

/** The reverse of what `sqlText` does to a text, of one that Postgres gave. */
export function decoded(text: string | null | undefined): string {
  if (text === null || text === undefined) throw new TypeError("a manifest row without its text");
  if (!text.includes("\u0001")) return text;
  let plain = "";
  for (let place = 0; place < text.length; place++) {
    const unit = text[place] ?? "";
    // What comes behind it tells which of the two it is.
    plain += unit !== "\u0001" ? unit : text[++place] === "\u0001" ? "\0" : "\u0001";
  }
  return plain;
}

/** Safe whatever `standard_conforming_strings` says. */
export function sqlText(text: string): string {
  const quoted = `'${encoded(text).replaceAll("'", "''")}'`;
  return quoted.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

export function sqlValue(value: SqlValue): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "string") return sqlText(value);
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new TypeError(`${value} is no whole number`);
  return String(value);
}

/** What a text of any length is found by: a key of an index can't be long. */
export function idOf(text: string): string {
  return sqlBytes(hash("sha256", encoded(text), "hex").slice(0, 32));
}

/** Some of them, for `= ANY(…)`. */
export function idsOf(texts: Iterable<string>): string {
  return `ARRAY[${Array.from(texts, idOf).join(",")}]::bytea[]`;
}

export function sqlBytes(hex: string): string {
  return `decode('${hex}','hex')`;
}

export function sqlRefs(refs: Iterable<RefHash>): string {
  return `'{${[...refs].join(",")}}'::bigint[]`;
}

/** An array of whole numbers as Postgres writes it. */
export function parseRefs(text: string | null | undefined): readonly RefHash[] {
  if (text === null || text === undefined) throw new TypeError("a manifest row without refs");
  if (text === "{}") return [];
  // Only `sqlRefs` writes them.
  return text.slice(1, -1).split(",").map(Number) as unknown as readonly RefHash[];
}

/** Rows of `VALUES`. */
export function sqlRows(rows: Iterable<readonly string[]>): string {
  return Array.from(rows, (row) => `(${row.join(",")})`).join(",\n");
}

export function numberOf(text: string | null | undefined): number {
  return Number(text ?? 0);
}
