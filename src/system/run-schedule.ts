import type { Clock } from "../core/clock.ts";
import type { Sleep } from "../queue/queue.ts";
import { nextTime } from "../site/schedule.ts";
import type { ScheduledRun, ScheduleEntry } from "../site/schedule.ts";

/** How often the clock is looked at: pages change within a minute of when they fall due. */
const TICK_MS = 30_000;

/** When entries were started last, by name, in milliseconds since 1970. */
export type StartedAt = Readonly<Record<string, number>>;

export interface ScheduleContext {
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** How often the clock is looked at, in milliseconds; default 30,000. */
  readonly tickMs?: number | undefined;
  /** Runs something to its end. @returns whether it went well */
  readonly run: (run: ScheduledRun, name: string) => Promise<boolean>;
  /** Whether the clock has made pages stale, or lets entities appear or go. */
  readonly isDue: () => boolean;
  /** What was started when, as an earlier process left it. */
  readonly read: () => StartedAt;
  readonly write: (started: StartedAt) => void;
  readonly onRun: (name: string, run: ScheduledRun) => void;
  readonly onDone: (name: string, run: ScheduledRun, isWell: boolean, ms: number) => void;
}

/** What the schedule starts by itself, when the clock asks for it. */
const DUE_NAME = "due pages";

/**
 * Starts what a site's schedule says, one thing after the other, until it is told to stop. What came due several times while something ran, or
 * while nobody scheduled, is started once.
 *
 * @returns how many runs there were
 */
export async function runSchedule(
  entries: readonly ScheduleEntry[],
  context: ScheduleContext,
  stop: AbortSignal,
): Promise<number> {
  const { clock, sleep, isDue, read, write } = context;
  const begun = clock();
  const started: Record<string, number> = { ...read() };
  // A new entry is due from now on; one that was started by a clock that was ahead, too.
  for (const { name } of entries) started[name] = Math.min(started[name] ?? begun, begun);
  // Asked once for each start: finding the next time takes longer than a look at the clock.
  const next = new Map(entries.map((entry) => [entry, nextTime(entry, started[entry.name] ?? begun)]));
  let runs = 0;
  const run = async (name: string, what: ScheduledRun): Promise<void> => {
    runs++;
    context.onRun(name, what);
    const from = clock();
    const isWell = await context.run(what, name);
    context.onDone(name, what, isWell, clock() - from);
  };
  while (!stop.aborted) {
    const now = clock();
    const [first] = [...next]
      .flatMap(([entry, at]) => (at !== undefined && at <= now ? [{ entry, at }] : []))
      .toSorted((left, right) => left.at - right.at);
    if (first !== undefined) {
      const { entry } = first;
      started[entry.name] = now;
      write(started);
      next.set(entry, nextTime(entry, now));
      await run(entry.name, entry.run);
      continue;
    }
    if (isDue()) await run(DUE_NAME, "drain");
    const waits = [...next.values()].flatMap((at) => (at === undefined ? [] : [at - clock()]));
    await sleep(Math.max(0, Math.min(context.tickMs ?? TICK_MS, ...waits)), stop);
  }
  return runs;
}
