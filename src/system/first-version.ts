import { existsSync } from "node:fs";

import { readSiteRecord } from "../press/site-record.ts";
import { DirectoryPageStore } from "../store/directory.ts";
import { entityFileOf } from "./open-source.ts";
import type { SiteFolders } from "./site-folders.ts";

/** Where an entity store that isn't there yet begins to count: above all stamps of a site that has been built already. */
export function firstVersionOf(folders: SiteFolders): number {
  if (existsSync(entityFileOf(folders)) || !existsSync(folders.store)) return 0;
  return readSiteRecord(new DirectoryPageStore(folders.store, `${process.pid}-write`))?.ceiling ?? 0;
}
