import type { Digest } from "../core/digest.ts";
import type { PageKey } from "../core/page.ts";
import type { PageRow, Published, Stale } from "./manifest.ts";
import type { Row } from "./sqlite-statements.ts";

/** What the columns of a row of `page` say. */
export function toPageRow(row: Row): PageRow {
  return {
    id: Number(row["id"]),
    // Only `record` writes keys, and it is given page keys.
    key: String(row["key"]) as PageKey,
    published: row["path"] === null ? undefined : toPublished(row),
    verified: { epoch: Number(row["verified_epoch"]), version: Number(row["verified_version"]) },
    due: row["due"] === null ? undefined : Number(row["due"]),
    error: typeof row["error"] === "string" ? row["error"] : undefined,
    stale: toStale(row),
  };
}

export function toStale(row: Row): Stale | undefined {
  const since = row["stale_since"];
  return typeof since === "number" ? { kind: toStaleKind(row["stale"]), since } : undefined;
}

export function toStaleKind(kind: unknown): Stale["kind"] {
  return kind === "collided" || kind === "withheld" ? kind : "failed";
}

function toPublished(row: Row): Published {
  const digest = row["digest"];
  return {
    path: String(row["path"]),
    stamp: { epoch: Number(row["epoch"]), version: Number(row["version"]), time: Number(row["time"]) },
    // Only `record` writes digests, from the hexadecimal form.
    digest: (digest instanceof Uint8Array ? Buffer.from(digest).toString("hex") : "") as Digest,
    etag: String(row["etag"]),
    bytes: Number(row["bytes"]),
    lastmod: typeof row["lastmod"] === "string" ? row["lastmod"] : undefined,
  };
}
