import type { ObjectKey } from "../core/path.ts";
import { claimRef } from "../core/ref.ts";
import type { ManifestReads } from "../manifest/manifest.ts";
import { foldCase } from "../site/fold-case.ts";
import type { PageStore } from "../store/store.ts";
import type { Assets } from "./assets.ts";
import type { WantedPath } from "./path-claims.ts";
import { isSitemap } from "./sitemap-xml.ts";

/**
 * What of the site's own wants a sitemap's path, or stands below it as if it were a folder: a file of `static/`, or a
 * page, published or not.
 */
export function ownerOfSitemap(
  assets: Assets,
  manifest: Pick<ManifestReads, "dependants">,
  { collisionKey }: WantedPath,
): string | undefined {
  for (const file of assets.keys()) {
    const folded = `/${foldCase(file)}`;
    if (folded === collisionKey || folded.startsWith(`${collisionKey}/`)) return `static/${file}`;
  }
  for (const { key } of manifest.dependants(claimRef(collisionKey))) return key;
  return undefined;
}

/** A sitemap of rekiln's that stands where an object needs a folder: it gives way. */
export function sitemapAbove(store: Pick<PageStore, "read" | "etag">, key: ObjectKey): ObjectKey | undefined {
  if (!key.startsWith("sitemap")) return undefined;
  const name = /^sitemap[^/]*\.xml(?=\/)/.exec(key)?.[0];
  if (name === undefined) return undefined;
  // The name of a folder that the grammar accepts is that of a file too.
  const above = name as ObjectKey;
  return isSitemap(store.read(above)?.carried) ? above : undefined;
}
