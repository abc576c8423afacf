import { join } from "node:path";

import { runAudit } from "../../src/system/run-audit.ts";
import type { AuditReport, RunAuditOptions } from "../../src/system/run-audit.ts";
import { runBuild } from "../../src/system/run-build.ts";
import type { BuildReport, RunBuildOptions } from "../../src/system/run-build.ts";
import type { TemporarySite } from "./temporary-site.ts";

/** What commands are run with, in this very process. */
export const quiet = () => ({
  environment: { ...process.env },
  clock: Date.now,
  stop: new AbortController().signal,
  signal: new AbortController().signal,
  progress: { phase: () => undefined, expect: () => undefined, records: () => undefined, outcomes: () => undefined },
  onProgress: () => undefined,
  onReady: () => undefined,
  warn: () => undefined,
});

export const configOf = (site: TemporarySite): string => join(site.folder, "rekiln.config.ts");

/** `rekiln build`, in this process. */
export async function buildHere(site: TemporarySite, options: Partial<RunBuildOptions> = {}): Promise<BuildReport> {
  const usual = { routes: undefined, concurrency: 1, isDryRun: false, isForced: false, maxDeletes: undefined };
  return runBuild({ configFile: configOf(site), ...usual, ...options }, quiet());
}

/** `rekiln audit`, in this process. */
export async function auditHere(site: TemporarySite, options: Partial<RunAuditOptions> = {}): Promise<AuditReport> {
  const usual = { isDeep: false, repairs: false, maxDeletes: undefined, concurrency: 1 };
  return runAudit({ configFile: configOf(site), ...usual, ...options }, quiet());
}
