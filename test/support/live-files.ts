import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { extensionOf, findCarrier } from "../../src/core/stamp.ts";
import { isRedirectKey, redirectAddress } from "../../src/press/redirect-page.ts";
import { STATE_FOLDER } from "../../src/store/directory.ts";

/** What the carriers of sitemaps name. */
export const SITEMAP = ":sitemap";

export interface LiveFile {
  /** The page that it was written for, as its carrier names it; `SITEMAP` for a sitemap. */
  readonly key: string;
  /** Without its stamp. */
  readonly body: string;
}

export interface StoredFiles {
  /** Live pages, and other files, by object key. */
  readonly live: Map<string, LiveFile>;
  /** The addresses that redirects lead to, by object key. */
  readonly redirects: Map<string, string>;
}

/** What stands in a store. */
export function storedFiles(store: string): StoredFiles {
  const live = new Map<string, LiveFile>();
  const redirects = new Map<string, string>();
  if (!existsSync(store)) return { live, redirects };
  for (const entry of readdirSync(store, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name).slice(store.length + 1);
    if (!entry.isFile() || name.startsWith(`${STATE_FOLDER}/`)) continue;
    const content = readFileSync(join(store, name));
    const text = content.toString("latin1");
    const carried = findCarrier(extensionOf(name), text);
    if (carried !== undefined && isRedirectKey(carried.key)) {
      redirects.set(name, redirectAddress(content.toString()) ?? "nowhere");
      continue;
    }
    const body = carried === undefined ? text : text.slice(0, -carried.length);
    live.set(name, { key: carried?.key ?? "no stamp", body: Buffer.from(body, "latin1").toString("utf8") });
  }
  return { live, redirects };
}

/** The live pages of a store, and other files, by object key; redirects are none. */
export function liveFiles(store: string): Map<string, LiveFile> {
  return storedFiles(store).live;
}
