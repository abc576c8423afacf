import { describe, expect, test } from "vitest";

import { checkSite } from "../../../src/site/check-site.ts";
import { embedded } from "../../../src/site/define-site.ts";
import { defineEntities } from "../../../src/site/entities.ts";
import type { ScheduleEntry } from "../../../src/site/schedule.ts";
import { runSchedule } from "../../../src/system/run-schedule.ts";
import type { StartedAt } from "../../../src/system/run-schedule.ts";

const DAY_MS = 86_400_000;

interface Run {
  readonly name: string;
  readonly at: string;
}

/** A machine that schedules by a clock of its own. */
class Scheduled {
  nowMs: number;
  readonly runs: Run[] = [];
  started: StartedAt = {};
  /** When something falls due by the clock; each is done by one drain. */
  dueAt: number[] = [];
  /** How long each run takes. */
  takesMs = 60_000;
  tickMs: number | undefined;
  readonly #entries: readonly ScheduleEntry[];

  constructor(now: string, entries: readonly ScheduleEntry[]) {
    this.nowMs = Date.parse(now);
    this.#entries = entries;
  }

  async until(end: string): Promise<number> {
    const stop = new AbortController();
    const endMs = Date.parse(end);
    return runSchedule(
      this.#entries,
      {
        clock: () => this.nowMs,
        tickMs: this.tickMs,
        sleep: async (ms) => {
          this.nowMs += Math.max(1, ms);
          if (this.nowMs >= endMs) stop.abort();
        },
        run: async (_, name) => {
          this.runs.push({ name, at: new Date(this.nowMs).toISOString() });
          this.dueAt = this.dueAt.filter((at) => at > this.nowMs);
          this.nowMs += this.takesMs;
          if (this.nowMs >= endMs) stop.abort();
          return true;
        },
        isDue: () => this.dueAt.some((at) => at <= this.nowMs),
        read: () => this.started,
        write: (started) => (this.started = { ...started }),
        onRun: () => undefined,
        onDone: () => undefined,
      },
      stop.signal,
    );
  }

  of(name: string): readonly string[] {
    return this.runs.filter((run) => run.name === name).map(({ at }) => at);
  }
}

const DRAIN: ScheduleEntry = { name: "drain", cron: "0 6,18 * * *", zone: "Europe/Berlin", run: "drain" };
const SWEEP: ScheduleEntry = { name: "sweep", cron: "30 2 * * 0", zone: "Europe/Berlin", run: "sweep" };

describe("a schedule", () => {
  test("starts each thing at its time for twelve months, over both changes of daylight saving", async () => {
    const machine = new Scheduled("2026-01-01T00:00:00Z", [DRAIN, SWEEP]);
    machine.tickMs = DAY_MS / 24;
    await machine.until("2027-01-01T00:00:00Z");
    const drains = machine.of("drain");
    expect(drains).toHaveLength(730);
    const berlin = new Intl.DateTimeFormat("de", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" });
    expect(new Set(drains.map((at) => berlin.format(new Date(at))))).toEqual(new Set(["06:00", "18:00"]));
    // 2:30 isn't there on the day on which the clocks go forward, and twice on the day on which they go back.
    expect(machine.of("sweep")).toHaveLength(52);
    expect(machine.runs).toHaveLength(782);
  }, 60_000);

  test("starts once what came due several times while something ran", async () => {
    const often: ScheduleEntry = { name: "often", cron: "*/5 * * * *", zone: "UTC", run: "drain" };
    const machine = new Scheduled("2026-01-01T00:00:00Z", [often]);
    machine.takesMs = 17 * 60_000;
    await machine.until("2026-01-01T01:00:00Z");
    expect(machine.of("often").map((at) => at.slice(11, 16))).toEqual(["00:05", "00:22", "00:39", "00:56"]);
  });

  test("starts once what came due while nobody scheduled, and nothing twice after a restart", async () => {
    const machine = new Scheduled("2026-01-01T00:00:00Z", [DRAIN]);
    await machine.until("2026-01-01T12:00:00Z");
    machine.nowMs += 3 * DAY_MS;
    await machine.until("2026-01-04T13:00:00Z");
    await machine.until("2026-01-04T14:00:00Z");
    expect(machine.of("drain")).toEqual(["2026-01-01T05:00:00.000Z", "2026-01-04T12:00:00.000Z"]);
  });

  test("isn't held back by what a clock that was a year ahead started", async () => {
    const machine = new Scheduled("2026-01-01T00:00:00Z", [DRAIN]);
    machine.started = { drain: Date.parse("2027-01-01T00:00:00Z") };
    await machine.until("2026-01-02T00:00:00Z");
    expect(machine.of("drain")).toHaveLength(2);
  });

  test("drains within a minute of when a page falls due", async () => {
    const machine = new Scheduled("2026-01-01T10:00:00Z", [DRAIN]);
    machine.dueAt = [Date.parse("2026-01-01T11:00:00Z")];
    await machine.until("2026-01-01T12:00:00Z");
    expect(machine.runs.map(({ name }) => name)).toEqual(["due pages"]);
    expect(Date.parse(machine.runs[0]?.at ?? "") - Date.parse("2026-01-01T11:00:00Z")).toBeLessThan(60_000);
  });
});

test("a config's schedule and prices are checked, and each mistake says what to write", () => {
  const { types, route } = defineEntities({});
  const options = (schedule: unknown, prices?: unknown): unknown => ({
    url: "https://x.example",
    source: embedded(),
    entities: { types },
    routes: { home: route({ path: "/", template: "home" }) },
    schedule,
    prices,
  });
  const problemsOf = (given: unknown): readonly string[] => {
    const checked = checkSite(given);
    return "problems" in checked ? checked.problems.map(({ path, message }) => `${path} ${message}`) : [];
  };
  expect(problemsOf(options({ drain: { cron: "0 6,18 * * *", run: "drain" } }, { put: 5 }))).toEqual([]);
  expect(problemsOf(options({ a: { cron: "0 6 * * *", run: "dance" } }))).toEqual([
    "schedule.a.run is nothing that a schedule can start",
  ]);
  expect(problemsOf(options({ a: { cron: "nonsense", run: "drain" } }))[0]).toContain(
    '"nonsense" in UTC isn\'t understood',
  );
  expect(problemsOf(options({ a: { cron: "0 6 * * *", zone: "Mars", run: "drain" } }))[0]).toContain("Mars");
  expect(problemsOf(options({ a: { cron: "0 0 30 2 *", run: "drain" } }))[0]).toContain("is never due");
  expect(problemsOf(options(undefined, { put: -1 }))).toEqual(["prices.put is no price"]);
});
