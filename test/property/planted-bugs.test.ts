import * as fc from "fast-check";
import { expect, it } from "vitest";

import { PLANTED_BUGS } from "../support/planted-bugs.ts";
import { randomHistory } from "../support/random-site.ts";
import { checkHistory } from "../support/site-history.ts";

/** Far more than it takes today: another generator may need more. */
const RUNS_MAX = 250;
const TIMEOUT_MS = 300_000;
/** Of those that were tried, the seed that finds the bug in the fewest runs: 1 to 19. */
const SEEDS: Readonly<Record<string, number>> = {
  "only the first of the fields that changed is looked at": 3,
  "pages whose path comes free, or is taken, aren't pressed again": 4,
  "an entity's fields are overlooked": 5,
  "whether an entity exists is overlooked": 5,
  "windows are overlooked": 3,
  "windows further down are overlooked": 2,
  "counts are overlooked": 5,
  "whether a value exists is overlooked": 6,
  "numbers of pages are overlooked": 4,
  "pages that a list comes to have are overlooked": 3,
  "redirects and tombstones stay where a page comes": 8,
  "redirects stay as they are when their page moves on, or goes": 5,
  "folders that a file stands in the way of are overlooked": 5,
};

// Proves that random histories come to what each kind of dependency is there for.
it.each(Object.entries(PLANTED_BUGS))(
  "random histories notice when %s",
  async (name, plant) => {
    const property = fc.asyncProperty(randomHistory, async (history) =>
      checkHistory(history, { builds: 0, drains: 0, rendered: 0, changed: 0 }, plant),
    );
    const { failed } = await fc.check(property, { seed: SEEDS[name] ?? 1, numRuns: RUNS_MAX, endOnFailure: true });
    expect(failed).toBe(true);
  },
  TIMEOUT_MS,
);
