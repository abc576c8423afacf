import type { Manifest } from "../manifest/manifest.ts";

/** How long pages of a site take, as builds measured it. */
export interface Pace {
  /** Milliseconds of one thread for a page: rendered, written and recorded. */
  readonly msPerPage: number;
  /** How many pages that is measured on, up to `PAGES_KEPT_MAX`. */
  readonly pages: number;
  /** Threads that the last build had. */
  readonly threads: number;
}

const META = "pace";
/** What was measured long ago counts as so many pages at most, so that a site's growth shows. */
const PAGES_KEPT_MAX = 10_000;

/** What builds have measured so far; undefined before the first page. */
export function paceOf(manifest: Pick<Manifest, "meta">): Pace | undefined {
  const text = manifest.meta(META);
  if (text === undefined) return undefined;
  const [msPerPage = Number.NaN, pages = Number.NaN, threads = Number.NaN] = text.split(" ").map(Number);
  return Number.isFinite(msPerPage) && pages > 0 && threads > 0 ? { msPerPage, pages, threads } : undefined;
}

/** Adds what a build measured: `pages` that were rendered took `ms` of its threads together. */
export function notePace(
  manifest: Pick<Manifest, "meta" | "setMeta">,
  measured: { readonly pages: number; readonly ms: number; readonly threads: number },
): void {
  const { pages, ms, threads } = measured;
  if (pages === 0 || !(ms > 0)) return;
  const known = paceOf(manifest);
  const pagesBefore = known?.pages ?? 0;
  const msPerPage = ((known?.msPerPage ?? 0) * pagesBefore + ms) / (pagesBefore + pages);
  manifest.setMeta(META, `${msPerPage.toFixed(4)} ${Math.min(PAGES_KEPT_MAX, pagesBefore + pages)} ${threads}`);
}

/** Seconds that pages take, by the clock: no fewer threads help than there are pages. */
export function secondsFor({ msPerPage, threads }: Pace, pages: number): number {
  return (pages * msPerPage) / Math.max(1, Math.min(threads, pages)) / 1000;
}
