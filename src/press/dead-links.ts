import type { PageKey } from "../core/page.ts";
import { parsePageKey } from "../core/page.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import type { Assets } from "./assets.ts";
import { countPagesQuietly } from "./build-plan.ts";
import { hrefsOf } from "./page-hrefs.ts";
import { wantedOf } from "./path-claims.ts";
import type { SitePaths } from "./site-paths.ts";

/** A page whose content is known, to look for links in. */
export interface LinkingPage {
  readonly key: PageKey;
  /** Decoded, within the site. */
  readonly path: string;
  readonly content: string;
}

export interface DeadLink {
  /** One of the pages that have it, and how many do. */
  readonly key: PageKey;
  readonly pages: number;
  readonly href: string;
}

const SITEMAP = /^\/sitemap(?:-[^/]+)?\.xml$/;

/** The path within the site that an address leads to; undefined for one that leads elsewhere. */
function targetOf(site: Site, page: LinkingPage, href: string): string | undefined {
  const origin = new URL(site.url).origin;
  const from = new URL(origin);
  from.pathname = site.base + page.path;
  const url = URL.parse(href, from.href);
  if (url === null || url.origin !== origin) return undefined;
  // A `mailto:` has no origin that is the site's; an address of the page itself is always there.
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    return url.pathname;
  }
  if (site.base === "") return path;
  const base = decodeURIComponent(site.base);
  return path === base || path.startsWith(`${base}/`) ? path.slice(base.length) || "/" : undefined;
}

/** Links within the site that lead to no page and no file. What is published isn't asked: the config and the data are. */
export function deadLinks(
  context: { readonly site: Site; readonly snapshot: Snapshot; readonly assets: Assets; readonly paths: SitePaths },
  pages: readonly LinkingPage[],
): readonly DeadLink[] {
  const { site, snapshot, assets, paths } = context;
  // A folder answers with its index.
  const addressesOf = (key: string): string[] => [`/${key}`, `/${key.replace(/(^|\/)index\.html$/, "$1")}`];
  const files = new Set([...assets.values()].flatMap(({ key, hashedKey }) => [...addressesOf(key), `/${hashedKey}`]));
  const open = new Map<string, { key: PageKey; pages: number; href: string }>();
  const known = new Set<string>();
  for (const page of pages) {
    const own = new Set<string>();
    for (const href of hrefsOf(page.content)) {
      const target = targetOf(site, page, href);
      if (target === undefined || known.has(target) || own.has(target)) continue;
      own.add(target);
      const before = open.get(target);
      if (before !== undefined) before.pages++;
      else if (files.has(target) || SITEMAP.test(target) || isPage(paths, target)) known.add(target);
      else open.set(target, { key: page.key, pages: 1, href });
    }
  }
  const further = new Map(
    [...open.keys()].flatMap((target) => furtherOf(target) ?? []).map((one) => [one.target, one]),
  );
  const firsts = paths.at(new Set([...further.values()].map(({ first }) => first)));
  for (const { target, first, number } of further.values()) {
    const key = firsts.get(first);
    if (key !== undefined && number <= countPagesQuietly(site, parsePageKey(key), snapshot)) open.delete(target);
  }
  return [...open.values()];
}

/** Without its slash a folder is redirected to. */
function isPage(paths: SitePaths, target: string): boolean {
  return paths.has(target) || (wantedOf(target) === undefined && paths.has(`${target}/`));
}

function furtherOf(
  target: string,
): { readonly target: string; readonly first: string; readonly number: number } | undefined {
  const [, first, number] = /^(.*\/)([1-9]\d{0,8})\/$/.exec(target) ?? [];
  return first === undefined || number === undefined ? undefined : { target, first, number: Number(number) };
}
