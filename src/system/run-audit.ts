import { auditPages } from "../press/audit-pages.ts";
import { auditStore } from "../press/audit.ts";
import type { Finding, FindingKind } from "../press/audit.ts";
import type { Cost } from "../core/prices.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey } from "../core/path.ts";
import { deleteCap } from "../press/deletes.ts";
import { removeOrphans } from "../press/prune.ts";
import { regenerate } from "../press/regenerate.ts";
import { openWorkingConfig } from "./working-site.ts";
import type { WorkingSite } from "./working-site.ts";

const FINDINGS_KEPT_MAX = 10_000;

export interface RunAuditOptions {
  readonly configFile: string;
  /** Reads every object, and renders every page. */
  readonly isDeep: boolean;
  readonly repairs: boolean;
  readonly maxDeletes: number | undefined;
  readonly concurrency: number | undefined;
}

export interface AuditSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stop: AbortSignal;
  readonly onProgress: (pages: number) => void;
  readonly warn: (message: string) => void;
}

export interface AuditReport {
  readonly counts: Readonly<Record<FindingKind, number>>;
  /** The first of them. */
  readonly findings: readonly Finding[];
  /** What was done about them; undefined when nothing was to be. */
  readonly repaired:
    | { readonly pages: number; readonly removed: number; readonly withheld: number; readonly failed: number }
    | undefined;
  readonly cost: Cost;
}

/** Compares a site's store with its manifest, and if asked with fresh renders. @throws RekilnError `site-not-built`, `templates-not-registered` */
export async function runAudit(options: RunAuditOptions, surroundings: AuditSurroundings): Promise<AuditReport> {
  const { configFile, concurrency, isDeep, repairs } = options;
  const { environment, stop, warn, onProgress } = surroundings;
  await using opened = await openWorkingConfig(configFile, {
    concurrency,
    environment,
    stop,
    warn,
    isDryRun: !repairs,
  });
  const { config, store, manifest, reader, pool } = opened;
  const found = new Findings();
  for (const finding of auditStore({ manifest, store, signal: stop }, isDeep)) found.add(finding);
  if (isDeep) {
    const context = { site: config.site, manifest, reader, pool, signal: stop, onProgress };
    for await (const finding of auditPages(context)) found.add(finding);
  }
  const repaired = repairs ? await repair(opened, found, options.maxDeletes) : undefined;
  return { counts: found.counts, findings: found.kept, repaired, cost: opened.cost() };
}

/** What was found; one page, or one object, is found once. */
class Findings {
  readonly counts: Record<FindingKind, number> = { differs: 0, missing: 0, orphan: 0, foreign: 0, temporary: 0 };
  readonly kept: Finding[] = [];
  readonly pages = new Set<PageKey>();
  readonly orphans: ObjectKey[] = [];

  add(finding: Finding): void {
    const { kind, key, where } = finding;
    if (key !== undefined && this.pages.has(key)) return;
    this.counts[kind]++;
    if (key !== undefined) this.pages.add(key);
    // What the store lists is a key.
    else if (kind === "orphan") this.orphans.push(where as ObjectKey);
    if (this.kept.length < FINDINGS_KEPT_MAX) this.kept.push(finding);
  }
}

async function repair(
  { manifest, store, reader, pool, settle }: WorkingSite,
  found: Findings,
  maxDeletes: number | undefined,
): Promise<NonNullable<AuditReport["repaired"]>> {
  const most = maxDeletes ?? deleteCap(manifest.count());
  const isWithheld = found.orphans.length > most;
  const removed = isWithheld ? 0 : removeOrphans({ manifest, store, clock: Date.now }, found.orphans);
  store.removeTemporary();
  const done = await regenerate(
    { manifest, pool, clock: Date.now, maxDeletes, onPressed: () => undefined },
    [[...found.pages]],
    { version: reader.snapshot().version, isForced: true, findsFurther: false },
  );
  await settle();
  return {
    pages: found.pages.size - done.failed.size - done.withheld - done.removed,
    removed: removed + done.removed,
    withheld: (isWithheld ? found.orphans.length : 0) + done.withheld,
    failed: done.failed.size,
  };
}
