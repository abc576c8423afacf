import { carrier, extensionOf } from "../core/stamp.ts";
import type { Stamp } from "../core/stamp.ts";

/** What a tombstone's carrier has in front of the page's key. No page's own can begin so: a colon is encoded there. */
const MARK = "tombstone:";

/** The key that the tombstone of a page carries, whose carried key this is. */
export function tombstoneKey(carried: string): string {
  return MARK + carried;
}

export function isTombstoneKey(carried: string): boolean {
  return carried.startsWith(MARK);
}

/**
 * What stands in a page's place in a store of objects: an older put that comes late finds another etag there. Visitors see that the page
 * is gone, and crawlers aren't to keep it.
 */
export function tombstoneObject(key: string, stamp: Stamp, carried: string): string {
  const extension = extensionOf(key);
  const body =
    extension === "html"
      ? '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Gone</title>\n<meta name="robots" content="noindex">\n</head>\n<body>\n<p>This page is gone.</p>\n</body>\n</html>'
      : "";
  return body + carrier(extension, { ...stamp, time: 0 }, tombstoneKey(carried));
}
