import * as fc from "fast-check";
import { expect, it } from "vitest";

import { describeHistory } from "../support/describe-history.ts";
import { FakeS3 } from "../support/fake-aws/fake-s3.ts";
import { openS3Store } from "../support/fake-aws/open-s3-store.ts";
import { randomHistory } from "../support/random-site.ts";
import { checkHistory } from "../support/site-history.ts";

/** Sequences a seed; REKILN_PROPERTY_RUNS is how many there are in all. */
const RUNS = Number(process.env["REKILN_PROPERTY_RUNS"] ?? 6);
const SEEDS = [1, 2];
const TIMEOUT_MS = 120_000 + RUNS * 5000;

it.each(SEEDS)(
  "builds and drains from snapshots equal a clean build, whatever was edited and whenever the writer died (seed %i)",
  async (seed) => {
    const fake = await FakeS3.start("bucket");
    let histories = 0;
    try {
      const property = fc.asyncProperty(randomHistory, async (history) => {
        const store = await openS3Store(fake.server.url, { prefix: `history-${histories++}/` });
        await checkHistory(history, { builds: 0, drains: 0, rendered: 0, changed: 0 }, {}, store);
      });
      const details = await fc.check(property, { seed, numRuns: Math.ceil(RUNS / SEEDS.length) });
      if (!details.failed) return;
      const [history] = details.counterexample ?? [];
      const message = details.errorInstance instanceof Error ? (details.errorInstance.stack ?? "") : "";
      const where = `after ${details.numRuns} runs and ${details.numShrinks} shrinks: seed ${seed}, path "${details.counterexamplePath}"`;
      expect.fail(`${message}\n\n${history === undefined ? "" : describeHistory(history)}\n\n${where}`);
    } finally {
      await fake.server.stop();
    }
  },
  TIMEOUT_MS,
);
