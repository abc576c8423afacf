import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { expect, it } from "vitest";

import { Counts } from "./counts.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 2000;
const TIMEOUT_MS = 300_000;
/** By then all code has run often. */
const WARM_SEEDS = 500;
/** Each seed that was kept took some 40 KB. */
const GROWTH_BYTES_MAX = 15_000_000;

/** Bytes in use, without those that nobody needs any more. */
function bytesInUse(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("no garbage collector can be called");
  collect();
  return process.memoryUsage().heapUsed;
}

it(
  `keeps its promises in ${SEEDS} simulated machines, and nothing of those that are done`,
  async () => {
    const counts = new Counts();
    const broken: string[] = [];
    let warm = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violation, counts: counted } = await simulate(seed);
      counts.merge(counted);
      if (violation !== undefined) broken.push(`npm run sim -- --seed ${seed}: ${violation}`);
      if (seed === WARM_SEEDS) warm = bytesInUse();
    }
    expect(bytesInUse() - warm).toBeLessThan(GROWTH_BYTES_MAX);
    process.stderr.write(counts.text());
    expect(broken).toEqual([]);
    // A simulation in which nothing goes wrong proves nothing.
    for (const fault of ["kills", "kills within", "pauses", "messages redelivered", "queue errors", "epochs"]) {
      expect(counts.all.get(fault), fault).toBeGreaterThan(100);
    }
  },
  TIMEOUT_MS,
);

it.each([39161, 58642, 61402, 70533, 78730, 107001, 107715, 109241, 110821])(
  "keeps its promises with seed %i, with which it once didn't",
  async (seed) => {
    expect((await simulate(seed)).violation).toBeUndefined();
  },
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
