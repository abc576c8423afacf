import type { PageKey } from "../core/page.ts";
import { claimRef } from "../core/ref.ts";
import type { RefHash } from "../core/ref.ts";
import type { Asked } from "../manifest/manifest.ts";
import { ancestorKeys } from "../site/path.ts";
import { openPathsSetting } from "./open-paths.ts";
import type { Prepared } from "./settle-pages.ts";

/** What is asked of a manifest about pages before they are rendered. */
export function askedBefore(keys: readonly PageKey[]): Asked {
  return { pages: keys, settings: keys.map(openPathsSetting) };
}

/** What a press asks of a manifest about pages that were rendered. */
export function askedByPress(prepared: readonly Prepared[]): Asked {
  const keys = prepared.map(({ key }) => key);
  const refs = new Set<RefHash>();
  const left = new Set<string>();
  const below = new Set<string>();
  const touched = new Set<RefHash>();
  for (const { rendered } of prepared) {
    if (rendered.kind === "none") continue;
    for (const { ref } of rendered.edges) touched.add(ref);
    if (rendered.kind !== "page") continue;
    const { path, collisionKey } = rendered.located;
    for (const place of [collisionKey, ...ancestorKeys(path)]) {
      refs.add(claimRef(place));
      left.add(place);
    }
    if (!path.endsWith("/")) below.add(collisionKey);
  }
  return { ...askedBefore(keys), refs, touched, left, below };
}
