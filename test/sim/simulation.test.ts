import { expect, it } from "vitest";

import { Counts } from "./counts.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 2000;
const TIMEOUT_MS = 300_000;

it(
  `keeps its promises in ${SEEDS} simulated machines`,
  async () => {
    const counts = new Counts();
    const broken: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violation, counts: counted } = await simulate(seed);
      counts.merge(counted);
      if (violation !== undefined) broken.push(`npm run sim -- --seed ${seed}: ${violation}`);
    }
    process.stderr.write(counts.text());
    expect(broken).toEqual([]);
    // A simulation in which nothing goes wrong proves nothing.
    for (const fault of ["kills", "kills within", "pauses", "messages redelivered", "queue errors", "epochs"]) {
      expect(counts.all.get(fault), fault).toBeGreaterThan(100);
    }
  },
  TIMEOUT_MS,
);

it("does the same with the same seed, and something else with another", async () => {
  const digests = new Set<string>();
  for (let seed = 1; seed <= 30; seed++) {
    const first = await simulate(seed);
    const second = await simulate(seed, { keepsTrace: true });
    expect(second.traceDigest).toBe(first.traceDigest);
    expect([...second.counts.all]).toEqual([...first.counts.all]);
    digests.add(first.traceDigest);
  }
  expect(digests.size).toBe(30);
});
