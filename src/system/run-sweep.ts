import type { Cost } from "../core/prices.ts";
import type { SweepOptions, SweepResult } from "../press/sweep-context.ts";
import { checkRoutes } from "./check-routes.ts";
import { sweepSite } from "./sweep-site.ts";
import type { SweepSurroundings } from "./sweep-site.ts";
import { openWorkingConfig } from "./working-site.ts";

export interface RunSweepOptions extends Omit<SweepOptions, "stop"> {
  readonly configFile: string;
  /** Threads; undefined is one for each processor. */
  readonly concurrency: number | undefined;
}

export interface RunSweepResult extends SweepResult {
  readonly cost: Cost;
}

/** Sweeps a site on this machine. @throws RekilnError `site-not-built`, `templates-not-registered`, `route-unknown` */
export async function runSweep(
  options: RunSweepOptions,
  surroundings: SweepSurroundings & { readonly onReady: (threads: number) => void },
): Promise<RunSweepResult> {
  const { configFile, concurrency, ...how } = options;
  const { environment, stop, warn } = surroundings;
  await using opened = await openWorkingConfig(configFile, { concurrency, environment, stop, warn });
  checkRoutes([...(options.routes ?? [])], opened.config.site);
  surroundings.onReady(opened.threads);
  return { ...(await sweepSite(opened, how, surroundings)), cost: opened.cost() };
}
