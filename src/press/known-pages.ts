import type { Manifest } from "../manifest/manifest.ts";

/** How many pages of a route the manifest knows. */
export function knownPages(manifest: Pick<Manifest, "keysOf">, route: string): number {
  let pages = 0;
  for (const piece of manifest.keysOf(route)) pages += piece.length;
  return pages;
}
