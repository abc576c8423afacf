import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FILES = fileURLToPath(new URL("eleventy/", import.meta.url));
const TEMPLATES = fileURLToPath(new URL("../../templates/packages/", import.meta.url));

/**
 * Writes the package catalogue as an Eleventy site: what `templates/packages` shows, from the same records, by the very same Eta files.
 *
 * The layout was chosen as Eleventy's quickest of the idiomatic ones: one JavaScript template with pagination over one list of pages, which a data file
 * makes with all its indexes; no Markdown, no collections, no deep merge of data. Eta escapes `&<>"'` there, whatever the place, which is less work than here.
 */
export function writeEleventySite(dataDir: string, staticDir: string, siteDir: string): void {
  mkdirSync(join(siteDir, "_data"), { recursive: true });
  for (const [from, to] of [
    ["pages.11ty.cjs", "pages.11ty.cjs"],
    ["catalogue.cjs", "catalogue.cjs"],
    ["pages-data.cjs", "_data/pages.cjs"],
    ["eleventy.config.cjs", "eleventy.config.cjs"],
  ] as const) {
    mkdirSync(dirname(join(siteDir, to)), { recursive: true });
    writeFileSync(join(siteDir, to), readFileSync(join(FILES, from)));
  }
  copyViews(join(TEMPLATES, "templates"), join(siteDir, "views"));
  cpSync(staticDir, join(siteDir, "static"), { recursive: true });
  writeFileSync(join(siteDir, "paths.json"), JSON.stringify({ data: dataDir }));
}

/** Eta's own includes are relative to the file, unless they begin with a slash. */
function copyViews(from: string, to: string): void {
  for (const file of readdirSync(from, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".eta")) continue;
    const text = readFileSync(join(from, file), "utf8").replaceAll(/(include|layout)\("(?!\/)/g, '$1("/');
    mkdirSync(dirname(join(to, file)), { recursive: true });
    writeFileSync(join(to, file), text);
  }
}
