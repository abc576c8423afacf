import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { TemporarySite } from "../support/temporary-site.ts";

const TEMPLATE = fileURLToPath(new URL("../../templates/packages/", import.meta.url));

/** The package catalogue with its fixture, as `rekiln init` would copy it. */
export function packageSite(): TemporarySite {
  const site = new TemporarySite();
  for (const name of ["rekiln.config.ts", "data", "static", "templates"]) {
    cpSync(join(TEMPLATE, name), join(site.folder, name), { recursive: true });
  }
  return site;
}
