import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parseSiteRecord } from "../press/site-record.ts";
import { STATE_FOLDER } from "../store/directory.ts";
import type { SiteFolders } from "./site-folders.ts";
import { manifestFileOf } from "./site-state.ts";

/**
 * The file of the manifest of what is published now, whether or not it is there.
 *
 * @throws Error when nothing is published, or its record can't be read
 */
export function publishedManifestFile({ store, state }: SiteFolders): string {
  const record = parseSiteRecord(readFileSync(join(store, STATE_FOLDER, "site.json"), "utf8"));
  if (record === undefined) throw new Error("the site record can't be read");
  return manifestFileOf(state, record);
}
