import { batches } from "../core/batches.ts";
import type { PageOutcome } from "../core/outcome.ts";
import { furtherKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import type { Site } from "../site/site.ts";
import type { SourceReader } from "../source/source.ts";
import type { Finding } from "./audit.ts";
import { firstPagesOfRoute, isPageOfSnapshot } from "./build-plan.ts";
import type { PressPool } from "./press-pool.ts";
import { pressAround } from "./press-pool.ts";

const BATCH_PAGES = 256;

export interface AuditPagesContext {
  readonly site: Site;
  readonly manifest: Manifest;
  readonly reader: SourceReader;
  readonly pool: PressPool;
  readonly signal: AbortSignal;
  readonly onProgress: (pages: number) => void;
}

/** Renders every page of the source, and those that only the manifest knows, and names those that aren't stored so. Nothing is written. */
export async function* auditPages(context: AuditPagesContext): AsyncIterable<Finding> {
  const { site, manifest, reader, pool, signal, onProgress } = context;
  const snapshot = reader.snapshot();
  const stuck = new Map<PageKey, string>();
  let pages = 0;
  const press = async (keys: readonly PageKey[], findsFurther: boolean): Promise<readonly Finding[]> => {
    signal.throwIfAborted();
    const options = {
      isFresh: false,
      isDryRun: true,
      trustsVerified: false,
      replacesForeign: false,
      removes: false,
      findsFurther,
    };
    const pressed = await pressAround(pool, keys, stuck, () => options);
    pages += keys.length;
    onProgress(pages);
    const found = pressed.outcomes.flatMap((outcome) => findingOf(outcome) ?? []);
    const further = pressed.further.flatMap(({ first, pages: count }) =>
      Array.from({ length: count - 1 }, (_, index) => furtherKey(first, index + 2)),
    );
    for (const piece of batches(further, BATCH_PAGES)) found.push(...(await press(piece, false)));
    return found;
  };
  for (const route of site.routes.values()) {
    for (const piece of firstPagesOfRoute(route, snapshot, BATCH_PAGES)) yield* await press(piece, true);
  }
  for (const route of manifest.routes()) {
    for (const piece of manifest.keysOf(route)) {
      const gone = piece.filter((key) => !isPageOfSnapshot(site, key, snapshot));
      if (gone.length > 0) yield* await press(gone, false);
    }
  }
}

function findingOf(outcome: PageOutcome): Finding | undefined {
  const { key } = outcome;
  switch (outcome.kind) {
    case "written": {
      // What is missing in the store, or altered there, its listing tells.
      if (outcome.reason === "missing" || outcome.reason === "altered") return undefined;
      // Its bytes are right, only their stamp is old.
      if (outcome.reason === "stamp") return undefined;
      const where = objectAt(outcome.path);
      if (outcome.reason === "new") return { kind: "missing", where, key, detail: `${key} was never made` };
      return { kind: "differs", where, key, detail: `a fresh render of ${key} is another one` };
    }
    case "gone":
      return outcome.path === undefined
        ? undefined
        : { kind: "orphan", where: objectAt(outcome.path), key, detail: `the source has no ${key} any more` };
    case "unchanged":
    case "removed":
    case "absent":
    case "newer":
    case "collided":
    case "failed":
      return undefined;
  }
}

function objectAt(path: string): string {
  const parsed = parsePath(path);
  return parsed.ok ? parsed.key : path;
}
