import { existsSync } from "node:fs";

import { readSiteRecord } from "../press/site-record.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { openPageStore } from "./open-page-store.ts";
import { entityFileOf } from "./open-source.ts";
import type { SiteFolders } from "./site-folders.ts";
import { storeSetupOf } from "./store-setup.ts";

/** Where an entity store that isn't there yet begins to count: above all stamps of a site that has been built already. */
export function firstVersionOf({ site }: LoadedConfig, folders: SiteFolders): number {
  const setup = storeSetupOf(site, folders);
  if (existsSync(entityFileOf(folders)) || (setup.kind === "directory" && !existsSync(setup.folder))) return 0;
  using store = openPageStore(setup, `${process.pid}-write`);
  return readSiteRecord(store)?.ceiling ?? 0;
}
