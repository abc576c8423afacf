import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { parse } from "parse5";

import { extensionOf, findCarrier } from "../../src/core/stamp.ts";

export interface Seen {
  reads: number;
  readonly torn: string[];
  readonly missing: string[];
}

const PROBLEMS_MAX = 20;
const PAUSE_MS = 2;

/** Why a page that was read isn't a whole one. */
function problemOf(file: string, text: string): string | undefined {
  const extension = extensionOf(file);
  const carried = findCarrier(extension, text);
  if (carried === undefined) return "it doesn't end in a carrier";
  const body = text.slice(0, -carried.length);
  if (extension === "json") {
    try {
      JSON.parse(body);
      return undefined;
    } catch (error) {
      return String(error);
    }
  }
  // A feed or a sitemap.
  if (extension !== "html") return /<(\w+) xmlns=.*<\/\1>\s*$/s.test(body) ? undefined : "it doesn't end as it should";
  const errors: string[] = [];
  parse(body, { onParseError: ({ code }) => errors.push(code) });
  if (errors.length > 0) return errors.join(", ");
  return body.trimEnd().endsWith("</body></html>") ? undefined : "it doesn't end as it should";
}

/** Reads pages that must be there, over and over, until the signal is aborted. */
export async function readPages(dist: string, files: readonly string[], signal: AbortSignal): Promise<Seen> {
  const seen: Seen = { reads: 0, torn: [], missing: [] };
  for (let place = 0; !signal.aborted; place = (place + 7919) % files.length) {
    const file = files[place] ?? "";
    const text = await readFile(join(dist, file), "utf8").catch(() => undefined);
    seen.reads++;
    const problem = text === undefined ? undefined : problemOf(file, text);
    if (text === undefined && seen.missing.length < PROBLEMS_MAX) seen.missing.push(file);
    if (problem !== undefined && seen.torn.length < PROBLEMS_MAX) seen.torn.push(`${file}: ${problem}`);
    await setTimeout(PAUSE_MS);
  }
  return seen;
}
