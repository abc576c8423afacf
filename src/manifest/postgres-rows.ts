import type { Digest } from "../core/digest.ts";
import { firstKeyOf } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { hash53 } from "../core/ref.ts";
import type { LeftKind, LeftPath } from "./left-paths.ts";
import type { PageRecord, PageRow, Stale } from "./manifest.ts";
import { placeOf } from "./page-place.ts";
import type { SqlRow } from "./postgres-channel.ts";
import { decoded, idOf, numberOf, sqlBytes, sqlText, sqlValue } from "./postgres-sql.ts";

/** What is selected of a page for `toPageRow`; `page` is the table's name in the statement. */
export const PAGE_COLUMNS = `page.key, page.path, page.epoch, page.version, page.time, encode(page.digest, 'hex') AS digest, page.etag, page.bytes,
  page.verified_epoch, page.verified_version, page.due, page.error, page.stale, page.stale_since, page.lastmod`;

/** In the order of `pageValues`. */
const WRITTEN = [
  "path",
  "epoch",
  "version",
  "time",
  "digest",
  "etag",
  "bytes",
  "verified_epoch",
  "verified_version",
  "due",
  "error",
  "stale",
  "stale_since",
  "lastmod",
];
export const PAGE_INSERTED = `site, key_id, subject_id, key, place, ${WRITTEN.join(", ")}`;
export const PAGE_UPDATED = WRITTEN.map((name) => `${name} = excluded.${name}`).join(", ");

/** A page as it is written: its columns, spelt. */
export function pageValues(site: number, record: PageRecord): readonly string[] {
  const { key, published, verified, due, error, stale } = record;
  const { stamp } = published ?? {};
  return [
    String(site),
    idOf(key),
    idOf(firstKeyOf(key)),
    sqlText(key),
    String(placeOf(key)),
    // A column of nothing but nulls would have no type.
    `${sqlValue(published?.path)}::text`,
    `${sqlValue(stamp?.epoch)}::bigint`,
    `${sqlValue(stamp?.version)}::bigint`,
    `${sqlValue(stamp?.time)}::bigint`,
    published === undefined ? "NULL::bytea" : sqlBytes(published.digest),
    `${sqlValue(published?.etag)}::text`,
    `${sqlValue(published?.bytes)}::bigint`,
    String(verified.epoch),
    String(verified.version),
    `${sqlValue(due)}::bigint`,
    `${sqlValue(error)}::text`,
    `${sqlValue(error === undefined ? undefined : stale?.kind)}::text`,
    `${sqlValue(error === undefined ? undefined : stale?.since)}::bigint`,
    `${sqlValue(published?.lastmod)}::text`,
  ];
}

export const keyOf = (row: SqlRow, column = "key"): PageKey =>
  // Only rekiln writes keys, and it is given page keys.
  decoded(row[column]) as PageKey;

export const optionalText = (text: string | null | undefined): string | undefined =>
  text === null || text === undefined ? undefined : decoded(text);

export const optionalNumber = (text: string | null | undefined): number | undefined =>
  text === null || text === undefined ? undefined : Number(text);

export function toPageRow(row: SqlRow): PageRow {
  return rowOf({
    key: keyOf(row),
    published:
      row["path"] === null
        ? undefined
        : {
            path: decoded(row["path"]),
            stamp: {
              epoch: numberOf(row["epoch"]),
              version: numberOf(row["version"]),
              time: numberOf(row["time"]),
            },
            // Only `pageValues` writes digests.
            digest: (row["digest"] ?? "") as Digest,
            etag: decoded(row["etag"]),
            bytes: numberOf(row["bytes"]),
            lastmod: optionalText(row["lastmod"]),
          },
    verified: { epoch: numberOf(row["verified_epoch"]), version: numberOf(row["verified_version"]) },
    due: optionalNumber(row["due"]),
    error: optionalText(row["error"]),
    stale: toStale(row),
  });
}

/** The row that a record becomes. */
export function rowOf({ key, published, verified, due, error, stale }: PageRecord): PageRow {
  const isStale = error !== undefined && stale !== undefined;
  // Pages are found by their keys; the number only tells rows apart.
  return { id: hash53(key), key, published, verified, due, error, stale: isStale ? stale : undefined };
}

export function toStale(row: SqlRow): Stale | undefined {
  const since = optionalNumber(row["stale_since"]);
  return since === undefined ? undefined : { kind: toStaleKind(row["stale"]), since };
}

export function toStaleKind(kind: string | null | undefined): Stale["kind"] {
  return kind === "collided" || kind === "withheld" ? kind : "failed";
}

export function toLeftPath(row: SqlRow): LeftPath {
  return {
    collisionKey: decoded(row["collision_key"]),
    path: decoded(row["path"]),
    key: keyOf(row),
    // Only rekiln writes kinds, and it is given no others.
    kind: decoded(row["kind"]) as LeftKind,
    version: numberOf(row["version"]),
    since: numberOf(row["since"]),
    expires: numberOf(row["expires"]),
  };
}
