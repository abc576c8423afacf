import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { TemporarySite } from "../support/temporary-site.ts";

const TEMPLATE = fileURLToPath(new URL("../../templates/starter/", import.meta.url));

/** The starter, as `rekiln init` copies it. */
export function starterSite(): TemporarySite {
  const site = new TemporarySite();
  cpSync(TEMPLATE, site.folder, { recursive: true });
  return site;
}
