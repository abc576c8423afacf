import { batches } from "../core/batches.ts";
import type { PageKey } from "../core/page.ts";
import { staleOf } from "../manifest/manifest.ts";
import type { Manifest } from "../manifest/manifest.ts";

const PIECE_PAGES = 256;
const HOUR_MS = 3_600_000;
const SLICE_MS = 600_000;
const META = "deletes";

/** Most pages that may be removed at once, or in an hour: 5 % of all, and at least 100. */
export function deleteCap(pages: number): number {
  return Math.max(100, Math.floor(pages / 20));
}

/** Notes on the rows that their pages should go, so that a build comes to them again. `now`: in milliseconds since 1970. */
export function withhold(manifest: Manifest, keys: readonly PageKey[], maxDeletes: number, now: number): void {
  for (const piece of batches(keys, PIECE_PAGES)) {
    manifest.transact((transaction) => {
      for (const key of piece) {
        const row = transaction.page(key);
        if (row === undefined) continue;
        const error = `${key}: is gone from the source, but more than ${maxDeletes} removals are withheld`;
        const stale = staleOf("withheld", row, Math.floor(now / 1000));
        transaction.recordFailure({ ...row, error, stale }, []);
      }
    });
  }
}

type Slices = readonly (readonly [start: number, deletes: number])[];

function slicesOf(manifest: Manifest, now: number): Slices {
  const stored = manifest.meta(META);
  if (stored === undefined) return [];
  // Only `noteDeletes` writes it.
  const slices = JSON.parse(stored) as Slices;
  // Others' clocks may be ahead; one that was wrong by more holds nobody back.
  return slices.filter(([start]) => Math.abs(start - now) < HOUR_MS);
}

/** How many pages drains removed within the last hour, to ten minutes. */
export function deletesInHour(manifest: Manifest, now: number): number {
  return slicesOf(manifest, now).reduce((sum, [, deletes]) => sum + deletes, 0);
}

/**
 * Counts removals of drains, unless they would be more than `cap` within an hour, to ten minutes. All processes of a site share the count:
 * they look and count in one transaction.
 *
 * @returns whether they may be done
 */
export function countDeletes(manifest: Manifest, count: number, cap: number, now: number): boolean {
  const slice = Math.floor(now / SLICE_MS) * SLICE_MS;
  return manifest.transact(() => {
    if (deletesInHour(manifest, now) + count > cap) return false;
    const slices = new Map(slicesOf(manifest, now));
    slices.set(slice, (slices.get(slice) ?? 0) + count);
    manifest.setMeta(META, JSON.stringify([...slices]));
    return true;
  });
}
