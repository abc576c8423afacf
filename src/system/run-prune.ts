import type { Cost } from "../core/prices.ts";
import { planPrune, raiseFloor, removeOrphans } from "../press/prune.ts";
import type { PrunePlan } from "../press/prune.ts";
import { regenerate } from "../press/regenerate.ts";
import { openWorkingConfig } from "./working-site.ts";

export interface RunPruneOptions {
  readonly configFile: string;
  readonly maxDeletes: number | undefined;
  readonly isDryRun: boolean;
}

export interface PruneReport {
  readonly plan: PrunePlan;
  readonly pages: number;
  readonly orphans: number;
  readonly tombstones: number;
  /** Pages that couldn't be removed, and why. */
  readonly failed: readonly string[];
  readonly cost: Cost;
}

/**
 * Removes what belongs to nothing any more: pages whose entities are gone, those among them that were withheld, orphans, and tombstones whose
 * time is over. Above the cap nothing is removed. @throws RekilnError `site-not-built`, `templates-not-registered`
 */
export async function runPrune(
  options: RunPruneOptions,
  environment: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
  warn: (message: string) => void,
): Promise<PruneReport> {
  const { configFile, isDryRun, maxDeletes } = options;
  await using opened = await openWorkingConfig(configFile, { concurrency: 1, environment, stop, warn, isDryRun });
  const { config, manifest, store, reader, pool, settle } = opened;
  const context = { site: config.site, manifest, store, reader, clock: Date.now, signal: stop };
  const plan = planPrune(context, maxDeletes);
  const nothing = { plan, pages: 0, orphans: 0, tombstones: 0, failed: [] };
  if (isDryRun) return { ...nothing, cost: opened.cost() };
  raiseFloor(context);
  if (plan.isWithheld) {
    await settle();
    return { ...nothing, tombstones: plan.tombstones, cost: opened.cost() };
  }
  const orphans = removeOrphans(context, plan.orphans);
  const done = await regenerate(
    // What was asked for here isn't held back by what drains removed before.
    { manifest, pool, clock: Date.now, maxDeletes: Number.POSITIVE_INFINITY, onPressed: () => undefined },
    [plan.pages],
    { version: reader.snapshot().version, isForced: true, findsFurther: false },
  );
  await settle();
  const { tombstones } = plan;
  const failed = [...done.failed.values()];
  return { plan, pages: done.removed, orphans, tombstones, failed, cost: opened.cost() };
}
