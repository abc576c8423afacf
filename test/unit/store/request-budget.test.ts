import { describe, expect, test } from "vitest";

import { RequestBudget } from "../../../src/store/request-budget.ts";
import type { BudgetOptions } from "../../../src/store/request-budget.ts";

const MIDNIGHT = Date.UTC(2026, 0, 2);

/** A budget on a clock that passes by sleeping. */
class Clocked {
  now = MIDNIGHT - 3_600_000;
  readonly budget: RequestBudget;

  constructor(options: Partial<BudgetOptions> = {}) {
    const sleep = async (ms: number): Promise<void> => void (this.now += ms);
    this.budget = new RequestBudget({ clock: () => this.now, sleep, ...options });
  }

  /** Puts for so long, as fast as it is let; `answers` says whether the store takes one. @returns puts a second */
  async put(seconds: number, answers: () => boolean = () => true): Promise<number> {
    const [started, end] = [this.now, this.now + seconds * 1000];
    let puts = 0;
    while (this.now < end) {
      if ((await this.budget.admit("put")).kind !== "admitted") break;
      if (answers()) this.budget.taken();
      else this.budget.throttled();
      puts++;
    }
    return (puts * 1000) / (this.now - started);
  }
}

describe("the rate of puts", () => {
  test("begins low and grows while it is used: a cold prefix is warmed slowly", async () => {
    const clocked = new Clocked();
    expect(await clocked.put(1)).toBeLessThan(560);
    await clocked.put(119);
    const rate = clocked.budget.putsPerSecond;
    expect(rate).toBeGreaterThan(2500);
    expect(rate).toBeLessThan(6000);
    clocked.now += 600_000;
    expect(clocked.budget.putsPerSecond).toBe(rate);
  });

  test("is halved by a 503, once a second, and is back within 30 seconds", async () => {
    const clocked = new Clocked();
    await clocked.put(60);
    const before = clocked.budget.putsPerSecond;
    for (let n = 0; n < 50; n++) clocked.budget.throttled();
    expect(clocked.budget.putsPerSecond).toBeCloseTo(before / 2, 0);
    await clocked.put(30);
    expect(clocked.budget.putsPerSecond).toBeGreaterThan(before * 0.95);
  });

  test("finds what a store takes, and stays near it", async () => {
    const clocked = new Clocked();
    let [second, taken] = [0, 0];
    const takesTwoHundred = (): boolean => {
      if (Math.floor(clocked.now / 1000) !== second) [second, taken] = [Math.floor(clocked.now / 1000), 0];
      return ++taken <= 200;
    };
    await clocked.put(60, takesTwoHundred);
    const rate = await clocked.put(60, takesTwoHundred);
    expect(rate).toBeGreaterThan(80);
    expect(rate).toBeLessThan(320);
  });

  test.each([0.5, 10, 50])("is never above a cap of %d a second", async (maxPutsPerSecond) => {
    const clocked = new Clocked({ caps: { maxPutsPerSecond } });
    const rate = await clocked.put(60);
    expect(rate).toBeLessThan(maxPutsPerSecond * 1.1 + 0.1);
    expect(rate).toBeGreaterThan(maxPutsPerSecond * 0.9);
  });

  test("above which too many wait is deferred, with a time", async () => {
    const clocked = new Clocked({ caps: { maxPutsPerSecond: 10 } });
    // Nobody sleeps: all ask at once.
    const budget = new RequestBudget({
      clock: () => clocked.now,
      sleep: async () => undefined,
      caps: { maxPutsPerSecond: 10 },
    });
    const admissions = await Promise.all(Array.from({ length: 200 }, () => budget.admit("put")));
    const admitted = admissions.filter(({ kind }) => kind === "admitted").length;
    expect(admitted).toBeGreaterThanOrEqual(100);
    expect(admitted).toBeLessThanOrEqual(102);
    const last = admissions.at(-1);
    expect(last).toMatchObject({ kind: "deferred", reason: "puts-a-second" });
    expect(last?.kind === "deferred" && last.until - clocked.now).toBeGreaterThan(10_000);
  });

  test("doesn't hold up reads", async () => {
    const clocked = new Clocked({ caps: { maxPutsPerSecond: 1 } });
    for (let n = 0; n < 1000; n++) await clocked.budget.admit("get");
    expect(clocked.now).toBe(MIDNIGHT - 3_600_000);
    expect(clocked.budget.requests).toEqual({ put: 0, remove: 0, get: 1000, list: 0 });
  });
});

describe("the dollars of a day", () => {
  test("end what costs something until midnight, UTC; a storm spends no more", async () => {
    const clocked = new Clocked({ caps: { maxDollarsPerDay: 0.001 } });
    for (let n = 0; n < 200; n++) expect(await clocked.budget.admit("put")).toEqual({ kind: "admitted" });
    for (let n = 0; n < 10_000; n++) {
      expect(await clocked.budget.admit("put")).toEqual({ kind: "deferred", reason: "dollars-a-day", until: MIDNIGHT });
    }
    expect(await clocked.budget.admit("get")).toMatchObject({ kind: "deferred" });
    expect(await clocked.budget.admit("remove")).toEqual({ kind: "admitted" });
    expect(clocked.budget.dollarsToday).toBeCloseTo(0.001, 9);
    clocked.now = MIDNIGHT + 1;
    expect(await clocked.budget.admit("put")).toEqual({ kind: "admitted" });
    expect(clocked.budget.dollarsToday).toBeCloseTo(0.000_005, 9);
  });

  test("and all rates are those of every thread that has the same memory", async () => {
    const first = new Clocked({ caps: { maxDollarsPerDay: 0.000_05 } });
    const second = new RequestBudget({
      clock: () => first.now,
      sleep: async () => undefined,
      caps: { maxDollarsPerDay: 0.000_05 },
      memory: first.budget.memory,
    });
    for (let n = 0; n < 5; n++) {
      await first.budget.admit("put");
      await second.admit("put");
    }
    expect(await second.admit("put")).toMatchObject({ kind: "deferred" });
    first.budget.throttled();
    expect(second.putsPerSecond).toBe(250);
    expect(second.requests.put).toBe(10);
  });

  test("are asked of a ledger in pieces, and no more once it has nothing left", async () => {
    let [left, asked] = [3, 0];
    const ledger = {
      take: async (_: number, wanted: bigint) => {
        asked++;
        return left-- > 0 ? wanted : 0n;
      },
    };
    const clocked = new Clocked({ caps: { maxDollarsPerDay: 0.01 }, ledger });
    let admitted = 0;
    for (let n = 0; n < 500; n++) if ((await clocked.budget.admit("put")).kind === "admitted") admitted++;
    // A hundredth is twenty puts.
    expect(admitted).toBe(60);
    expect(asked).toBe(4);
  });
});

test("whoever is told to stop doesn't wait for a turn", async () => {
  const stop = new AbortController();
  const budget = new RequestBudget({
    clock: () => 0,
    sleep: async () => stop.abort(),
    caps: { maxPutsPerSecond: 1 },
  });
  await budget.admit("put");
  await expect(budget.admit("put", stop.signal)).rejects.toMatchObject({ name: "AbortError" });
});
