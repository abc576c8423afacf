import { hash53 } from "../core/ref.ts";
import { messageOf } from "../core/errors.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { ancestorKeys, windowsProblem } from "../site/path.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { firstPagesOfRoute } from "./build-plan.ts";
import { locatePage } from "./locate-page.ts";
import type { Located } from "./locate-page.ts";

const BATCH_PAGES = 500;
const KEPT_MAX = 1000;

interface PageAt {
  readonly key: PageKey;
  readonly at: Located & { readonly kind: "page" };
}

/** A page that can't have a path, or not the one that it wants. */
export interface PathProblem {
  readonly key: PageKey;
  readonly message: string;
}

/** Page 1 of every subject that has a path, in the order in which they own paths; what can't be evaluated is told. */
function* pagesOfSite(
  site: Site,
  snapshot: Snapshot,
  onProblem: (problem: PathProblem) => void = () => undefined,
): Iterable<PageAt> {
  for (const route of site.routes.values()) {
    for (const keys of firstPagesOfRoute(route, snapshot, BATCH_PAGES)) {
      const parsed = keys.map((key) => ({ key, parts: parsePageKey(key) }));
      const { each } = route;
      if (each.kind === "entity") {
        const ids = parsed.flatMap(({ parts }) => (typeof parts.subject === "string" ? [parts.subject] : []));
        snapshot.prefetch(each.type, ids);
      }
      for (const { key, parts } of parsed) {
        try {
          const at = locatePage(site, parts, snapshot, undefined);
          if (at.kind === "page") yield { key, at };
          else if (at.kind === "bad-path") onProblem({ key, message: `the path ${at.problem}` });
        } catch (error) {
          onProblem({ key, message: messageOf(error) });
        }
      }
    }
  }
}

/** The first of many, and how many there are. */
class Kept<T> {
  readonly items: T[] = [];
  count = 0;

  add(item: T): void {
    this.count++;
    if (this.items.length < KEPT_MAX) this.items.push(item);
  }
}

/** Where all pages of a site stand: evaluated, not rendered. Paths are kept as hashes, so that a million of them are small. */
export class SitePaths {
  readonly #site: Site;
  readonly #snapshot: Snapshot;
  readonly #paths: Float64Array;
  readonly problems = new Kept<PathProblem>();
  /** Pages that lose their path to another one, or to a static file. */
  readonly collisions = new Kept<PathProblem>();
  /** Pages whose file Windows can't hold. */
  readonly windows = new Kept<PathProblem>();
  readonly count: number;

  /**
   * @param staticKeys collision keys of the files of `static/`
   * @param onPage told of each page, in the order of the routes
   */
  constructor(site: Site, snapshot: Snapshot, staticKeys: ReadonlySet<string>, onPage: (key: PageKey) => void) {
    this.#site = site;
    this.#snapshot = snapshot;
    const paths: number[] = [];
    const places: number[] = [];
    const files = new Set<number>();
    const folders = new Set<number>();
    for (const { key, at } of pagesOfSite(site, snapshot, (problem) => this.problems.add(problem))) {
      onPage(key);
      paths.push(hash53(at.path));
      places.push(hash53(at.collisionKey));
      if (!at.path.endsWith("/")) files.add(hash53(at.collisionKey));
      for (const folder of ancestorKeys(at.path)) folders.add(hash53(folder));
      if (staticKeys.has(at.collisionKey)) {
        this.collisions.add({ key, message: `the path ${at.path} belongs to a file of static/` });
      }
      const problem = windowsProblem(at.path);
      if (problem !== undefined) this.windows.add({ key, message: `${at.path}: ${problem}` });
    }
    this.#paths = Float64Array.from(paths).sort();
    this.count = paths.length;
    const shared = repeated(Float64Array.from(places).sort());
    for (const folder of folders) if (files.has(folder)) shared.add(folder);
    if (shared.size > 0) this.#findCollisions(shared);
  }

  /** Whether a page 1 stands at exactly this path. */
  has(path: string): boolean {
    const wanted = hash53(path);
    let low = 0;
    let high = this.#paths.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#paths[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return this.#paths[low] === wanted;
  }

  /** The pages that stand at some of these paths. */
  at(paths: ReadonlySet<string>): ReadonlyMap<string, PageKey> {
    const found = new Map<string, PageKey>();
    if (paths.size === 0) return found;
    for (const { key, at } of pagesOfSite(this.#site, this.#snapshot)) {
      if (paths.has(at.path) && !found.has(at.path)) found.set(at.path, key);
    }
    return found;
  }

  /** Whoever comes first owns a place; what follows collides with it. */
  #findCollisions(shared: ReadonlySet<number>): void {
    const owners = new Map<string, PageAt>();
    const below = new Map<string, PageAt>();
    for (const page of pagesOfSite(this.#site, this.#snapshot)) {
      const { key, at } = page;
      const folders = ancestorKeys(at.path);
      const blocking = folders
        .map((folder) => owners.get(folder))
        .find((owner) => owner?.at.path.endsWith("/") === false);
      const owner =
        owners.get(at.collisionKey) ?? blocking ?? (at.path.endsWith("/") ? undefined : below.get(at.collisionKey));
      if (owner !== undefined) {
        this.collisions.add({ key, message: `wants ${at.path}, which belongs to ${owner.key} (${owner.at.path})` });
        continue;
      }
      if (shared.has(hash53(at.collisionKey))) owners.set(at.collisionKey, page);
      for (const folder of folders) if (shared.has(hash53(folder))) below.set(folder, page);
    }
  }
}

/** The values that occur more than once in a sorted array. */
function repeated(sorted: Float64Array): Set<number> {
  const found = new Set<number>();
  for (let index = 1; index < sorted.length; index++) {
    const value = sorted[index];
    if (value !== undefined && value === sorted[index - 1]) found.add(value);
  }
  return found;
}
