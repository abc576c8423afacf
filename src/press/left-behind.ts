import type { PageKey } from "../core/page.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { isPageOfSnapshot } from "./build-plan.ts";

/** Setting of the manifest: which version the source had, and when. */
const META = "sweep:versions";
const SAMPLES_MAX = 200;
/** Pages that are pressed together: so many that the cap on removals sees all that are gone at once. */
const LEFT_MAX = 200_000;

type Sample = readonly [seconds: number, version: number];

/** Notes which version the source has now, at most once in `everySeconds`. */
export function noteVersion(manifest: Manifest, version: number, nowSeconds: number, everySeconds: number): void {
  const last = samplesOf(manifest).at(-1);
  // A clock that was ahead is behind its own samples now.
  if (last !== undefined && nowSeconds - last[0] < everySeconds && nowSeconds >= last[0]) return;
  manifest.transact(() => {
    const samples = [
      ...samplesOf(manifest).filter(([seconds]) => seconds < nowSeconds),
      [nowSeconds, version] as const,
    ];
    manifest.setMeta(META, JSON.stringify(samples.slice(-SAMPLES_MAX)));
  });
}

function samplesOf(manifest: Manifest): readonly Sample[] {
  // Only `noteVersion` writes it.
  return JSON.parse(manifest.meta(META) ?? "[]") as readonly Sample[];
}

/** The newest version that the source is known to have had at a time (Unix seconds); undefined when nobody looked before it. */
export function versionAt(manifest: Manifest, seconds: number): number | undefined {
  return samplesOf(manifest).findLast(([at]) => at <= seconds)?.[1];
}

/**
 * Pages that were last verified before `version`: of subjects that the source had, or will have, but not when their slice was gone over. Pages that
 * fail are only among them when they are gone; those whose removal is withheld wait for whoever lifts the cap.
 *
 * @param routes only pages of these; undefined is all
 */
export function pagesLeftBehind(
  site: Site,
  manifest: Manifest,
  snapshot: Snapshot,
  version: number,
  routes: ReadonlySet<string> | undefined,
): readonly PageKey[] {
  const left: PageKey[] = [];
  for (const route of new Set([...site.routes.keys(), ...manifest.routes()])) {
    if (routes?.has(route) === false) continue;
    const isRoute = site.routes.has(route);
    for (const piece of isRoute ? manifest.behind(route, version) : manifest.keysOf(route)) {
      const look = manifest.look({ pages: piece });
      for (const key of piece) {
        const { error, stale } = look.page(key) ?? {};
        if (stale?.kind === "withheld" || (error !== undefined && isPageOfSnapshot(site, key, snapshot))) continue;
        left.push(key);
        if (left.length === LEFT_MAX) return left;
      }
    }
  }
  return left;
}
