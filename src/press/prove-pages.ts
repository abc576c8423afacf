import type { PageKey } from "../core/page.ts";
import { parsePageKey } from "../core/page.ts";
import type { Manifest, PageRow } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import type { Snapshot } from "../source/source.ts";
import type { PageStore } from "../store/store.ts";
import { refsOf } from "./find-drift.ts";
import type { SourceTouches } from "./source-touches.ts";

export interface ProveContext {
  readonly manifest: Manifest;
  readonly store: Pick<PageStore, "etag">;
  readonly epochs: ReadonlyMap<string, number>;
  readonly touches: SourceTouches;
  readonly nowSeconds: number;
}

/** The pages of one subject that the manifest knows, if all of them are proven to be what a render would give. */
export function provenPages(context: ProveContext, first: PageKey): readonly PageRow[] | undefined {
  const rows = context.manifest.pagesOf(first);
  const isKnown = rows.some(({ key }) => key === first);
  return isKnown && rows.every((row) => isProven(context, row)) ? rows : undefined;
}

/**
 * Whether the stored bytes of a page are what a render would give: by the source's own changes nothing that it reads was touched since it was
 * verified, its templates are the newest, its time hasn't come, and its file is the one that was put.
 */
function isProven({ manifest, store, epochs, touches, nowSeconds }: ProveContext, row: PageRow): boolean {
  const { key, published, verified, due, error } = row;
  if (published === undefined || error !== undefined) return false;
  if (due !== undefined && due <= nowSeconds) return false;
  // A stamp of a clock that was ahead by more than any may be is due at once.
  if (published.stamp.time > nowSeconds) return false;
  if (verified.epoch < (epochs.get(parsePageKey(key).route) ?? 0)) return false;
  if (!touches.knows(verified.version)) return false;
  if (touches.newest(refsOf(manifest.edgesOf(key)), verified.version) !== undefined) return false;
  const parsed = parsePath(published.path);
  return parsed.ok && store.etag(parsed.key) === published.etag;
}

/** Notes that pages are proven up to a snapshot. Whoever was written meanwhile keeps what is said of it. */
export function noteProven({ manifest }: ProveContext, rows: readonly PageRow[], snapshot: Snapshot): void {
  const behind = rows.filter(({ verified }) => verified.version < snapshot.version);
  if (behind.length === 0) return;
  manifest.transact((transaction) => {
    for (const row of behind) transaction.verify(row, { epoch: row.verified.epoch, version: snapshot.version });
  });
}
