import type { BigIntStats } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";

import { twinKey } from "../core/encoding.ts";
import type { Encoding } from "../core/encoding.ts";
import { acceptedEncodings } from "./accepted-encodings.ts";
import { openSiteFile } from "./open-site-file.ts";
import type { SiteFile } from "./open-site-file.ts";

/**
 * Opens the precompressed twin of a file that suits a request best; undefined when there is none. One that is older than its file isn't its
 * twin: somebody else wrote the file. A range is of the file itself.
 */
export async function openTwin(
  root: string,
  key: string,
  stats: BigIntStats,
  headers: IncomingHttpHeaders,
  offered: readonly Encoding[],
): Promise<(SiteFile & { readonly kind: "file"; readonly encoding: Encoding }) | undefined> {
  if (headers.range !== undefined) return undefined;
  for (const encoding of acceptedEncodings(headers["accept-encoding"], offered)) {
    const twin = await openSiteFile(root, twinKey(key, encoding).split("/"));
    if (twin.kind !== "file") continue;
    if (twin.stats.mtimeNs >= stats.mtimeNs) return { ...twin, encoding };
    await twin.handle.close();
  }
  return undefined;
}
