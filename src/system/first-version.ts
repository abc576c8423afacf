import { existsSync } from "node:fs";

import { readSiteRecord } from "../press/site-record.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { openPageStore } from "./open-page-store.ts";
import { entityFileOf } from "./open-source.ts";
import { siteFolders } from "./site-folders.ts";
import { isStoreThere, storeSetupOf } from "./store-setup.ts";

/** The ceiling of the versions that pages of a site's store may have; 0 where there is no store, which isn't made. */
export function ceilingOf(config: LoadedConfig): number {
  const setup = storeSetupOf(config.site, siteFolders(config));
  if (!isStoreThere(setup)) return 0;
  using store = openPageStore(setup, `${process.pid}-look`);
  return readSiteRecord(store)?.ceiling ?? 0;
}

/** Where an entity store that isn't there yet begins to count: above all stamps of a site that has been built already. */
export function firstVersionOf(config: LoadedConfig): number {
  return existsSync(entityFileOf(siteFolders(config))) ? 0 : ceilingOf(config);
}
