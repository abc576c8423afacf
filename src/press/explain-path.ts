import type { PageKey } from "../core/page.ts";
import { subjectKey } from "../core/page.ts";
import type { LeftPath } from "../manifest/left-paths.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import type { PageStore, StoredObject } from "../store/store.ts";
import { claimantsOf } from "./path-claims.ts";
import type { Claimant, WantedPath } from "./path-claims.ts";

export interface PathExplanation {
  readonly path: string;
  readonly objectKey: string;
  /** The page that is published there. */
  readonly owner: PageKey | undefined;
  /** All pages that want the path, or have one that can't stand beside it; the owner is among them. Who should have it first. */
  readonly claimants: readonly Claimant[];
  /** What is recorded of a page that left the path, and where that page is now. */
  readonly left: { readonly record: LeftPath; readonly now: string | undefined } | undefined;
  /** The file of `static/` that is copied there. */
  readonly staticFile: string | undefined;
  readonly file: StoredObject | undefined;
}

/** No page has this key: routes have names. */
const NOBODY = subjectKey("", undefined);

/** Says who has a path, who wants it, and what was there. */
export function explainPath(
  {
    site,
    manifest,
    store,
    snapshot,
  }: { readonly site: Site; readonly manifest: Manifest; readonly store: PageStore; readonly snapshot: Snapshot },
  wanted: WantedPath,
): PathExplanation {
  const claimants = claimantsOf(site, manifest, snapshot, NOBODY, wanted);
  const record = manifest.left.at(wanted.collisionKey);
  return {
    path: wanted.path,
    objectKey: wanted.key,
    owner: claimants.find(({ stands }) => stands?.at.key === wanted.key)?.key,
    claimants,
    left: record === undefined ? undefined : { record, now: manifest.page(record.key)?.published?.path },
    staticFile: manifest.copiedFiles().find(({ objectKey }) => objectKey === wanted.key)?.file,
    file: store.read(wanted.key),
  };
}
