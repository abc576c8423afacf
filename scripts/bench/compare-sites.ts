import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { pageSubstance } from "./page-substance.ts";

/** How far two built sites are the same site. Pages are named by the first one's paths. */
export interface SiteComparison {
  /** Pages of both, of the first only, of the second only. */
  readonly common: number;
  readonly onlyFirst: readonly string[];
  readonly onlySecond: readonly string[];
  /** HTML pages read in both, and those whose text or links differ. */
  readonly sampled: number;
  readonly differing: readonly string[];
}

/**
 * Compares two folders of pages: the sets of all, and the substance of `sample` HTML pages spread evenly over the common
 * ones. `nameOf` gives the name under which a file of the second is a page of the first; undefined when it is none. The
 * case of paths doesn't count: Hugo makes them lower case.
 */
export function compareSites(
  first: string,
  second: string,
  sample: number,
  nameOf: (file: string) => string | undefined,
): SiteComparison {
  const ofFirst = new Map(pagesBelow(first).map((file) => [file.toLowerCase(), file]));
  const ofSecond = new Map<string, string>();
  for (const file of pagesBelow(second)) {
    const name = nameOf(file);
    if (name !== undefined) ofSecond.set(name.toLowerCase(), file);
  }
  const common = [...ofFirst.keys()].filter((name) => ofSecond.has(name)).sort();
  const html = common.filter((name) => name.endsWith(".html"));
  const count = Math.min(sample, html.length);
  const chosen = Array.from({ length: count }, (_, index) => html[Math.floor((index * html.length) / count)] ?? "");
  const isSame = (name: string): boolean => {
    const a = pageSubstance(readFileSync(join(first, ofFirst.get(name) ?? name), "utf8"));
    const b = pageSubstance(readFileSync(join(second, ofSecond.get(name) ?? name), "utf8"));
    return a.text === b.text && a.links.join("\n").toLowerCase() === b.links.join("\n").toLowerCase();
  };
  return {
    common: common.length,
    onlyFirst: [...ofFirst.keys()].filter((name) => !ofSecond.has(name)),
    onlySecond: [...ofSecond.keys()].filter((name) => !ofFirst.has(name)),
    sampled: chosen.length,
    differing: chosen.filter((name) => !isSame(name)),
  };
}

/** HTML, JSON and XML files; what lies in folders with a dot is nobody's page. */
function pagesBelow(dir: string): string[] {
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" });
  return files.filter((file) => /\.(?:html|json|xml)$/.test(file) && !file.startsWith("."));
}
