import { RekilnError } from "../core/errors.ts";
import { EmbeddedSource } from "../source/embedded-source.ts";
import { SnapshotSource } from "../source/snapshot-source.ts";
import type { SiteWriter } from "./site-writer.ts";

/**
 * The source of a site, to be written.
 *
 * @throws RekilnError `type-unknown`; `source-read-only`, naming the file to edit instead
 */
export async function embeddedOf(site: SiteWriter, type: string, id: string | undefined): Promise<EmbeddedSource> {
  site.checkType(type);
  if (site.source instanceof EmbeddedSource) return site.source;
  const place = await site.placeOf(type, id);
  if (site.source instanceof SnapshotSource) {
    throw new RekilnError({
      code: "source-read-only",
      message: "The source of this site is a snapshot: rekiln only reads it here.",
      disposition: "fatal",
      hint: `Edit ${place} on its own machine, then run rekiln snapshot there.`,
    });
  }
  throw new RekilnError({
    code: "source-read-only",
    message: `The source of this site is ${site.source.identity.replace(":", " ")}: rekiln only reads it.`,
    disposition: "fatal",
    hint: `Edit ${place}, then run ${id === undefined ? "" : `rekiln publish ${type}:${id}, or `}rekiln build.`,
  });
}
