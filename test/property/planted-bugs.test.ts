import * as fc from "fast-check";
import { expect, it } from "vitest";

import { PLANTED_BUGS } from "../support/planted-bugs.ts";
import { randomHistory } from "../support/random-site.ts";
import { checkHistory } from "../support/site-history.ts";

const RUNS_MAX = 250;
const TIMEOUT_MS = 300_000;
/** Of those that were tried: the one that finds the bug in the fewest runs. */
const SEEDS: Readonly<Record<string, number>> = {};

// Proves that random histories come to what each kind of dependency is there for.
it.each(Object.entries(PLANTED_BUGS))(
  "random histories find the bug that %s",
  async (name, plant) => {
    const property = fc.asyncProperty(randomHistory, async (history) =>
      checkHistory(history, { builds: 0, rendered: 0, changed: 0 }, plant),
    );
    const { failed } = await fc.check(property, { seed: SEEDS[name] ?? 1, numRuns: RUNS_MAX, endOnFailure: true });
    expect(failed).toBe(true);
  },
  TIMEOUT_MS,
);
