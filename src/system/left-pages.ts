import { existsSync } from "node:fs";
import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import { SqliteLeftReader } from "../manifest/sqlite-left-reader.ts";
import { openSiteFile } from "../serve/open-site-file.ts";
import { redirectOfFile } from "../serve/redirect-of-file.ts";
import type { MovedPages } from "../serve/server-config-input.ts";
import { parsePath } from "../site/path.ts";
import { STATE_FOLDER } from "../store/directory.ts";
import { publishedManifestFile } from "./published-manifest.ts";
import type { SiteFolders } from "./site-folders.ts";

/** Where pages of a site were, and aren't any more: none before its first build. */
export async function leftPages(folders: SiteFolders, clock: Clock): Promise<MovedPages> {
  const none = { moved: new Map<string, string>(), gone: [] };
  if (!existsSync(join(folders.store, STATE_FOLDER, "site.json"))) return none;
  const file = publishedManifestFile(folders);
  if (!existsSync(file)) return none;
  using left = new SqliteLeftReader(file);
  const moved = new Map<string, string>();
  for (const path of left.redirects()) {
    const address = await redirectAt(folders.store, path);
    if (address !== undefined) moved.set(path, address);
  }
  return { moved, gone: left.tombstones(Math.floor(clock() / 1000)) };
}

/** Where the file at a path leads, if it is a redirect: what stands there counts, as it does for `rekiln serve`. */
async function redirectAt(store: string, path: string): Promise<string | undefined> {
  const parsed = parsePath(path);
  if (!parsed.ok) return undefined;
  const file = await openSiteFile(store, parsed.key.split("/"));
  if (file.kind !== "file") return undefined;
  try {
    return await redirectOfFile(parsed.key, file);
  } finally {
    await file.handle.close();
  }
}
