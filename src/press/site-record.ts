import { z } from "zod";

import type { PageStore } from "../store/store.ts";

/** Kept in the page store itself: which site this is, which templates it has seen, and how far versions have come. */
export interface SiteRecord {
  readonly format: 1;
  readonly siteId: string;
  /** Identity of the source that the versions are of. */
  readonly source: string;
  /** Raised with each new manifest. */
  readonly generation: number;
  /** Number of the newest template-and-config set. */
  readonly epoch: number;
  /** By route: its fingerprint, and the epoch in which it last changed. */
  readonly routes: Readonly<Record<string, { readonly epoch: number; readonly fingerprint: string }>>;
  /** Digests of the files of `static/`, by name. */
  readonly assets: Readonly<Record<string, string>>;
  /** No stamp is above this version. */
  readonly ceiling: number;
  /** The newest version that a stamp may have. */
  readonly version: number;
  /** No page that isn't there is made from data older than this version; 0 where it was never raised. */
  readonly floor?: number | undefined;
  /** The store was empty when the first build began, and it hasn't ended: a file without a stamp is torn. */
  readonly isFirstBuild: boolean;
}

const schema = z.object({
  format: z.literal(1),
  siteId: z.string().min(1),
  source: z.string(),
  generation: z.number().int(),
  epoch: z.number().int(),
  routes: z.record(z.string(), z.object({ epoch: z.number().int(), fingerprint: z.string() })),
  assets: z.record(z.string(), z.string()),
  ceiling: z.number().int(),
  version: z.number().int(),
  floor: z.number().int().optional(),
  isFirstBuild: z.boolean(),
});

/** Parses a stored record; undefined when it isn't one, so that it must be rebuilt from the stamps. */
export function parseSiteRecord(text: string): SiteRecord | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The record of a store; undefined when there is none, or it is none. */
export function readSiteRecord(store: Pick<PageStore, "readRecord">): SiteRecord | undefined {
  const text = store.readRecord();
  return text === undefined ? undefined : parseSiteRecord(text);
}

export function writeSiteRecord(store: Pick<PageStore, "writeRecord">, record: SiteRecord): void {
  store.writeRecord(`${JSON.stringify(record, undefined, 2)}\n`);
}

/** By route: the newest epoch in which its templates, or the code, changed. */
export function epochsOf(record: SiteRecord): ReadonlyMap<string, number> {
  return new Map(Object.entries(record.routes).map(([route, { epoch }]) => [route, epoch]));
}

const CEILING_STEP = 1_000_000;

/** A ceiling above `version`: raised by a million before the first stamp above it. */
export function ceilingFor(record: SiteRecord, version: number): number {
  return version <= record.ceiling ? record.ceiling : version + CEILING_STEP;
}

export interface Templates {
  readonly routes: ReadonlyMap<string, string>;
  readonly assets: ReadonlyMap<string, string>;
  /** Routes with a page that uses an asset, by its name. */
  usersOf(asset: string): ReadonlySet<string>;
}

/**
 * The record with today's templates: a new epoch when a route's fingerprint is another one, or an asset that pages of
 * it use. Going back to templates of before is a new epoch too. Where only some routes are named, the others stay as they are:
 * nobody renders them, so that the next one who registers must find that they changed.
 */
export function registerTemplates(record: SiteRecord, templates: Templates, only?: ReadonlySet<string>): SiteRecord {
  if (only !== undefined) return registerSome(record, templates, only);
  const changed = new Set<string>();
  for (const [route, fingerprint] of templates.routes) {
    if (record.routes[route]?.fingerprint !== fingerprint) changed.add(route);
  }
  for (const file of new Set([...Object.keys(record.assets), ...templates.assets.keys()])) {
    if (record.assets[file] === templates.assets.get(file)) continue;
    for (const route of templates.usersOf(file)) if (templates.routes.has(route)) changed.add(route);
  }
  const assets = Object.fromEntries(templates.assets);
  if (changed.size === 0) return { ...record, assets };
  const epoch = record.epoch + 1;
  const routes = Object.fromEntries(
    [...templates.routes].map(([route, fingerprint]) => [
      route,
      { fingerprint, epoch: changed.has(route) ? epoch : (record.routes[route]?.epoch ?? epoch) },
    ]),
  );
  return { ...record, epoch, routes, assets };
}

/** Names are the site's own: `constructor` is one. */
function ownOf<T>(of: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

function registerSome(record: SiteRecord, templates: Templates, only: ReadonlySet<string>): SiteRecord {
  const all = registerTemplates(record, templates);
  const isUsedElsewhere = (file: string): boolean => [...templates.usersOf(file)].some((route) => !only.has(route));
  const routes = [...Object.keys(record.routes), ...templates.routes.keys()].flatMap((route) => {
    const registered = ownOf((only.has(route) ? all : record).routes, route);
    return registered === undefined ? [] : [[route, registered] as const];
  });
  const assets = Object.keys({ ...record.assets, ...all.assets }).flatMap((file) => {
    const digest = ownOf((isUsedElsewhere(file) ? record : all).assets, file);
    return digest === undefined ? [] : [[file, digest] as const];
  });
  const isNew = routes.some(([route, { epoch }]) => record.routes[route]?.epoch !== epoch);
  const epoch = isNew ? all.epoch : record.epoch;
  return { ...record, epoch, routes: Object.fromEntries(routes), assets: Object.fromEntries(assets) };
}

/** Routes of today's templates that aren't registered as they are: pages that were made with them would lie about their epoch. */
export function unregisteredRoutes(record: SiteRecord, templates: Templates): ReadonlySet<string> {
  const { routes } = registerTemplates(record, templates);
  return new Set([...templates.routes.keys()].filter((route) => routes[route]?.epoch !== record.routes[route]?.epoch));
}
