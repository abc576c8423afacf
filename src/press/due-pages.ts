import type { PageKey } from "../core/page.ts";
import { regenerate } from "./regenerate.ts";
import type { RegenerateContext, Regenerated } from "./regenerate.ts";
import { holdTask, releaseTask } from "./task-lease.ts";

const PIECE_PAGES = 256;
const TASK = "due";

/** How the pages of one piece came out. */
export interface DuePressed extends Regenerated {
  readonly keys: readonly PageKey[];
}

/**
 * Presses the pages that the clock has made stale, those that have been so longest first. One process of a site at a time does that; the
 * others find nothing to do.
 *
 * @param version of the newest data, which the pages are to be as new as
 */
export async function pressDue(
  context: RegenerateContext,
  {
    version,
    holder,
    signal,
  }: { readonly version: () => number; readonly holder: string; readonly signal: AbortSignal },
): Promise<readonly DuePressed[]> {
  const { manifest, clock } = context;
  const pressed: DuePressed[] = [];
  const seen = new Set<PageKey>();
  while (!signal.aborted) {
    // A page that fails stays due: it is tried once, and then waits for the next tick.
    const keys = manifest.due(Math.floor(clock() / 1000), PIECE_PAGES + seen.size).filter((key) => !seen.has(key));
    if (keys.length === 0 || !holdTask(manifest, TASK, holder, clock)) break;
    for (const key of keys) seen.add(key);
    const options = { version: version(), isForced: false, findsFurther: false };
    pressed.push({ keys, ...(await regenerate(context, [keys], options)) });
  }
  if (pressed.length > 0) releaseTask(manifest, TASK, holder);
  return pressed;
}
