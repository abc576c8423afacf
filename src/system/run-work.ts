import { addCosts, costOf, NO_REQUESTS } from "../core/prices.ts";
import { loadConfig } from "../site/load-config.ts";
import { WorkTally } from "../press/work-tally.ts";
import { openBuiltSite } from "./built-site.ts";
import { releaseLines, watchInputs } from "./inputs-watch.ts";
import { releaseInputs } from "./run-release.ts";
import { readInputs } from "./site-inputs.ts";
import type { SiteInputs } from "./site-inputs.ts";
import { workSession } from "./work-session.ts";
import type { RunWorkOptions, RunWorkResult, WorkSurroundings } from "./work-session.ts";
import { isNewest } from "./working-site.ts";

/**
 * Works on the queue of a site on this machine. A worker that watches registers what changes of templates, static files, config and
 * code, and goes on with that: its threads are started anew.
 *
 * @throws RekilnError `site-not-built`, `templates-not-registered`, `source-older`; of a worker that watches `templates-broken`, `build-running` at its start
 */
export async function runWork(options: RunWorkOptions, surroundings: WorkSurroundings): Promise<RunWorkResult> {
  const { environment, stop, warn } = surroundings;
  const first = await readInputs(await loadConfig(options.configFile, environment), environment);
  const tally = new WorkTally();
  if (!options.watches) return workSession(first, options, surroundings, tally);
  if (!isRegistered(first)) for (const line of releaseLines(await releaseInputs(first, false))) warn(line);
  let cost = costOf(NO_REQUESTS, first.config.site.prices);
  for (let inputs = first; ;) {
    const changed = new AbortController();
    const released: { next: SiteInputs | undefined } = { next: undefined };
    const onReleased = (next: SiteInputs): void => {
      released.next = next;
      changed.abort();
    };
    await using watch = await watchInputs({ inputs, onReleased, say: warn, signal: stop });
    const ending = AbortSignal.any([stop, changed.signal]);
    let result: RunWorkResult | undefined;
    try {
      if (released.next === undefined) {
        const session = await workSession(inputs, options, { ...surroundings, stop: ending }, tally);
        cost = addCosts(cost, session.cost);
        result = { ...session, cost };
      }
    } catch (error) {
      // What it was started with may be registered no longer.
      await watch.settled();
      if (released.next === undefined) throw error;
    }
    // It may have seen the new epoch before it was told of it.
    await watch.settled();
    if (result !== undefined && (stop.aborted || released.next === undefined)) return result;
    inputs = released.next ?? inputs;
  }
}

/** Whether a site's newest epoch is of these very inputs. @throws RekilnError `site-not-built` */
function isRegistered(inputs: SiteInputs): boolean {
  using built = openBuiltSite(inputs.config);
  return isNewest(inputs, built);
}
