import { extensionOf, findCarrier } from "../../src/core/stamp.ts";
import { isRedirectKey } from "../../src/press/redirect-page.ts";
import { isTombstoneKey } from "../../src/press/tombstone-page.ts";

/** Of objects below a prefix, by name, with their bytes as one character each: pages and other files as `TemporarySite.pages` has them. */
export function livePages(objects: Iterable<readonly [file: string, text: string]>): ReadonlyMap<string, string> {
  const pages = new Map<string, string>();
  for (const [file, text] of objects) {
    const carrier = findCarrier(extensionOf(file), text);
    const key = carrier?.key;
    if (key !== undefined && (isRedirectKey(key) || isTombstoneKey(key))) continue;
    const body = text.slice(0, text.length - (carrier?.length ?? 0));
    pages.set(file, `${key ?? "no stamp"}: ${Buffer.from(body, "latin1").toString()}`);
  }
  return pages;
}
