import { digestOf } from "../core/digest.ts";
import { parsePath } from "../site/path.ts";
import type { RouteModel, Site } from "../site/site.ts";
import { slug } from "../site/slug.ts";
import type { WantedPath } from "./path-claims.ts";

const NAME_BYTES_MAX = 100;

/**
 * Whether a page stands in a sitemap: one that browsers show, of a route that hasn't opted out. The page that answers
 * where there is none has no address of its own.
 */
export function isListed(route: RouteModel, path: string): boolean {
  return route.isListed && /(?:\/|\.html)$/.test(path) && path !== "/404.html";
}

/** By the routes that may have sitemaps: what these are named after, different for each though case be ignored. */
export function sitemapNames(site: Site): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const route of site.routes.values()) {
    if (!route.isListed) continue;
    const slugged = slug(route.name);
    const base = Buffer.byteLength(slugged) <= NAME_BYTES_MAX ? slugged : digestOf(route.name).slice(0, 12);
    // A slug has no `~`.
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base}~${number}`;
    taken.add(name);
    names.set(route.name, name);
  }
  return names;
}

/** Where a sitemap stands, by its object key, which is a name without a folder. */
export function sitemapAt(objectKey: string): WantedPath {
  const parsed = parsePath(`/${objectKey}`);
  if (!parsed.ok) throw new Error(`${objectKey} ${parsed.problem}`);
  return parsed;
}

/** Where the index stands. */
export const SITEMAP_INDEX: WantedPath = sitemapAt("sitemap.xml");

/**
 * Where a shard stands, or one of the parts of a shard that is too large for one file; both count from 0. It is at the
 * root, since a sitemap may only name addresses below its own folder (sitemaps.org, "Sitemap file location").
 */
export function shardAt(name: string, shard: number, part: number): WantedPath {
  return sitemapAt(`sitemap-${name}-${shard + 1}${part === 0 ? "" : `.${part + 1}`}.xml`);
}
