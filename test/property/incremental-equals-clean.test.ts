import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { describeHistory } from "../support/describe-history.ts";
import { randomHistory } from "../support/random-site.ts";
import { checkHistory } from "../support/site-history.ts";

/** Sequences a seed; REKILN_PROPERTY_RUNS is how many there are in all. */
const RUNS = Number(process.env["REKILN_PROPERTY_RUNS"] ?? 304);
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const TIMEOUT_MS = 60_000 + RUNS * 1000;

describe("an incremental build", () => {
  const cost = { builds: 0, drains: 0, rendered: 0, changed: 0 };

  it.each(SEEDS)(
    "equals a clean build whatever was edited (seed %i)",
    async (seed) => {
      const property = fc.asyncProperty(randomHistory, async (history) => checkHistory(history, cost));
      const details = await fc.check(property, { seed, numRuns: Math.ceil(RUNS / SEEDS.length) });
      if (!details.failed) return;
      const [history] = details.counterexample ?? [];
      const message = details.errorInstance instanceof Error ? details.errorInstance.message : "";
      const where = `after ${details.numRuns} runs and ${details.numShrinks} shrinks: seed ${seed}, path "${details.counterexamplePath}"`;
      expect.fail(`${message}\n\n${history === undefined ? "" : describeHistory(history)}\n\n${where}`);
    },
    TIMEOUT_MS,
  );

  afterAll(() => {
    const amplification = (cost.rendered / Math.max(1, cost.changed)).toFixed(2);
    const text = `${cost.builds} incremental builds and ${cost.drains} drains: ${cost.rendered} pages rendered for ${cost.changed} that changed, amplification ${amplification}\n`;
    process.stderr.write(text);
  });
});
