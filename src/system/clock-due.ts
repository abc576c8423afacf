import { RekilnError } from "../core/errors.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { openBuiltSite } from "./built-site.ts";

/** Whether at a time (milliseconds since 1970) pages have fallen due, or entities are to appear or go. A site that isn't built has none. */
export function isClockDue(config: LoadedConfig, now: number): boolean {
  try {
    // Opened each time: a build may replace the manifest meanwhile.
    using built = openBuiltSite(config);
    if (!built.isComplete) return false;
    return built.source.isTimeToTurn() || built.manifest.due(Math.floor(now / 1000), 1).length > 0;
  } catch (error) {
    if (error instanceof RekilnError) return false;
    throw error;
  }
}
