import type { EntityChange } from "../core/change.ts";
import { isPassing, troubleText } from "../core/passing-error.ts";
import type { SweepSlice } from "../manifest/sweep-state.ts";
import { countSubjects } from "./build-plan.ts";
import { pressDue } from "./due-pages.ts";
import { settleAtLast } from "./settle-at-last.ts";
import { affectedPages } from "./expand.ts";
import { noteVersion, versionAt } from "./left-behind.ts";
import type { Pressed } from "./press-pages.ts";
import type { SweepContext, SweepOptions, SweepResult } from "./sweep-context.ts";
import { chooseSlice, lateRoutes } from "./sweep-pace.ts";
import type { PacedRoute } from "./sweep-pace.ts";
import { LEASE_SECONDS, leaseSlice, makeSlices, returnSlice } from "./sweep-slices.ts";
import { regenerate } from "./regenerate.ts";
import { SweepTally } from "./sweep-tally.ts";
import { holdTask, releaseTask } from "./task-lease.ts";
import { SliceVerifier } from "./verify-slice.ts";

/** How often the clock, the mirror and what others did are looked at. */
export const TICK_SECONDS = 30;
/** A page that stands in a slice is verified within this part of its period. */
const BEHIND_AGE = 0.95;
const FOLLOWED_MAX = 50_000;
const TROUBLE_SECONDS_MAX = 60;
const LATE_WARN_SECONDS = 600;
/** A pass that was begun longer ago is begun anew. */
const PASS_SECONDS_MAX = 7 * 86_400;
const PASS_META = "sweep:pass";

/**
 * Verifies every page once in each period, whatever happens to events: page by page as the source gives them, then those that only the
 * manifest knows. What differs is written, by the same press as all pages.
 */
export async function sweep(context: SweepContext, options: SweepOptions): Promise<SweepResult> {
  return new Sweeper(context, options).run();
}

class Sweeper {
  readonly #context: SweepContext;
  readonly #options: SweepOptions;
  readonly #tally = new SweepTally();
  readonly #verifier: SliceVerifier;
  /** Versions that were found in a mirrored source without an event. */
  readonly #found = new Set<number>();
  /** Up to which version pages were looked for that stand in no slice. */
  #behindVersion: number | undefined;
  /** Of the source when the pass began. */
  #passVersion = 0;
  #tickedAt = Number.NEGATIVE_INFINITY;
  #lateAt = Number.NEGATIVE_INFINITY;
  #allowedAt = Number.NEGATIVE_INFINITY;
  #trouble = 0;

  constructor(context: SweepContext, options: SweepOptions) {
    this.#context = context;
    this.#options = options;
    this.#verifier = new SliceVerifier(context, options, this.#tally, this.#found);
  }

  async run(): Promise<SweepResult> {
    const { once, stop } = this.#options;
    const { manifest, sleep, standing, settle } = this.#context;
    let passSince = once ? this.#beginPass() : undefined;
    let message: string | undefined;
    let ended: SweepResult["ended"] = "stopped";
    while (!stop.aborted) {
      const now = standing();
      if (now.kind === "replaced") {
        [ended, message] = ["replaced", now.message];
        break;
      }
      try {
        // By a clock that was set back nothing would be verified since.
        if (passSince !== undefined && this.#now < passSince) passSince = this.#beginPass();
        await this.#tick(passSince);
        const waitSeconds = await this.#turn(passSince);
        this.#trouble = 0;
        if (waitSeconds === undefined) {
          ended = "done";
          if (once) manifest.transact(() => manifest.setMeta(PASS_META, undefined));
          break;
        }
        if (waitSeconds > 0) await sleep(waitSeconds * 1000, stop);
      } catch (error) {
        if (!isPassing(error)) throw error;
        await this.#backOff(error);
      }
    }
    await settleAtLast({ settle, standing, stop, pause: async (error) => this.#backOff(error) });
    return { tally: this.#tally, ended, message };
  }

  /** Source, store or manifest can't be used now: nothing is lost by waiting. */
  async #backOff(error: Error): Promise<void> {
    const { sleep, warn } = this.#context;
    const seconds = Math.min(2 ** this.#trouble++, TROUBLE_SECONDS_MAX);
    warn(`${troubleText(error)} The sweep goes on in ${seconds} s.`);
    await sleep(seconds * 1000, this.#options.stop);
  }

  get #now(): number {
    return Math.floor(this.#context.clock() / 1000);
  }

  /** A pass that was killed is gone on with. */
  #beginPass(): number {
    const { manifest, reader } = this.#context;
    const { version } = reader.snapshot();
    return manifest.transact(() => {
      const now = this.#now;
      const [begun = Number.NaN, versionThen = version] = (manifest.meta(PASS_META) ?? "").split(" ").map(Number);
      this.#passVersion = versionThen;
      if (begun <= now && now - begun < PASS_SECONDS_MAX) return begun;
      this.#passVersion = version;
      manifest.setMeta(PASS_META, `${now} ${version}`);
      // What was verified in this very second, or by a clock that is ahead, was so before.
      manifest.sweep.holdBack(now - 1);
      return now;
    });
  }

  /** What is done now and then: mirror, clock, sitemaps. */
  async #tick(passSince: number | undefined): Promise<void> {
    const { site, manifest, pool, clock, holder, refresh, settle, reader, onProgress } = this.#context;
    if (Math.abs(this.#now - this.#tickedAt) < TICK_SECONDS) return;
    const isFirst = this.#tickedAt === Number.NEGATIVE_INFINITY;
    // By a clock that is set back the rate would allow nothing for long.
    if (this.#now < this.#tickedAt) this.#allowedAt = Number.NEGATIVE_INFINITY;
    // What can't be read now is tried again before anything is verified by what was read before.
    const taken = await refresh();
    this.#tickedAt = this.#now;
    if (taken !== undefined) {
      this.#tally.found += taken.found;
      for (let version = taken.from + 1; version <= taken.to; version++) this.#found.add(version);
      await this.#follow(taken.turned ?? []);
    }
    makeSlices(site, manifest, this.#now, (passSince ?? this.#now) - 1);
    const periods = [...site.routes.values()].map(({ sweepSeconds }) => sweepSeconds ?? this.#options.periodSeconds);
    const shortest = Math.min(...periods);
    noteVersion(manifest, reader.snapshot().version, this.#now, Math.max(TICK_SECONDS, shortest / 100));
    if (passSince === undefined) await this.#lookBehind(versionAt(manifest, this.#now - shortest * BEHIND_AGE));
    const { maxDeletes, stop } = this.#options;
    const onPressed = (pressed: Pressed): void => this.#verifier.note(pressed);
    const due = await pressDue(
      { manifest, pool, clock, maxDeletes, onPressed },
      { version: () => reader.snapshot().version, holder, signal: stop },
    );
    for (const { keys, withheld } of due) {
      this.#tally.due += keys.length;
      this.#tally.pages.withheld += withheld;
    }
    if (!isFirst) await settle();
    onProgress(this.#tally);
  }

  /** What the clock has changed is followed at once, whether or not anybody works on the queue. */
  async #follow(changes: readonly EntityChange[]): Promise<void> {
    if (changes.length === 0) return;
    const { site, manifest, pool, clock, reader } = this.#context;
    const snapshot = reader.snapshot();
    const limits = { limit: FOLLOWED_MAX, edgesMax: 10 * FOLLOWED_MAX, isDryRun: false };
    // More than that are left to the queue, which has the events too.
    const affected = affectedPages(site, manifest, snapshot, changes, limits);
    if (affected === undefined) return;
    const { maxDeletes } = this.#options;
    const onPressed = (pressed: Pressed): void => this.#verifier.note(pressed);
    const done = await regenerate({ manifest, pool, clock, maxDeletes, onPressed }, [[...affected]], {
      version: snapshot.version,
      isForced: false,
      findsFurther: false,
    });
    this.#tally.due += affected.size;
    this.#tally.pages.withheld += done.withheld;
  }

  /** Pages of subjects that the source doesn't have, or didn't when it was asked, stand in no slice. */
  async #lookBehind(version: number | undefined): Promise<void> {
    const { manifest, holder, clock } = this.#context;
    if (version === undefined || version === this.#behindVersion) return;
    if (!holdTask(manifest, "behind", holder, clock)) return;
    try {
      await this.#verifier.verifyBehind(version, this.#now);
      this.#behindVersion = version;
    } finally {
      releaseTask(manifest, "behind", holder);
    }
  }

  /** Goes over one slice. @returns seconds to wait before the next; undefined when a pass is done, or nothing is due for one who ends then */
  async #turn(passSince: number | undefined): Promise<number | undefined> {
    const now = this.#now;
    const routes = this.#routes(now, passSince);
    if (passSince === undefined) this.#reportLate(routes, now);
    const choice = chooseSlice(routes, now);
    if (choice.do === "wait") {
      if (passSince === undefined && this.#options.endsIdle === true) return undefined;
      if (passSince === undefined)
        return Math.min(TICK_SECONDS, Math.max(1, (choice.until ?? now + TICK_SECONDS) - now));
      // Others are at work on the rest of it, or have died with it.
      if (routes.some(({ slices }) => slices.oldest < passSince)) return 1;
      // Whatever the source has is as new as the pass.
      await this.#verifier.verifyBehind(this.#passVersion, now);
      return undefined;
    }
    // However few pages the rate allows, the clock is looked at meanwhile.
    const heldSeconds = (this.#allowedAt - this.#context.clock()) / 1000;
    if (heldSeconds > 0) return Math.min(TICK_SECONDS, heldSeconds);
    const slice = this.#context.manifest.sweep.oldestFree(choice.route, now);
    const held =
      slice === undefined ? undefined : leaseSlice(this.#context.manifest, slice.id, this.#context.holder, now);
    // Somebody was faster.
    if (held === undefined) return 0;
    await this.#sweepSlice(held);
    this.#context.onProgress(this.#tally);
    return 0;
  }

  /** The site's routes, and those that only have pages, with what the pace knows of them. */
  #routes(now: number, passSince: number | undefined): readonly PacedRoute[] {
    const { site, manifest } = this.#context;
    const wanted = manifest.sweep.sweeps(now).filter(({ route }) => this.#options.routes?.has(route) !== false);
    return wanted.map(({ route, ...slices }) => {
      const periodSeconds = site.routes.get(route)?.sweepSeconds ?? this.#options.periodSeconds;
      if (passSince === undefined) return { route, periodSeconds, slices, next: this.#next(route, now, periodSeconds) };
      // In a pass everything is due that was verified before it began; routes with a short period go first.
      const { oldest, oldestFree } = slices;
      const isLeft = oldestFree !== undefined && oldestFree < passSince;
      return { route, periodSeconds, slices: { oldest, oldestFree: isLeft ? passSince - 1 : undefined }, next: 0 };
    });
  }

  #next(route: string, now: number, periodSeconds: number): number {
    const next = Number(this.#context.manifest.meta(`sweep:next:${route}`) ?? 0);
    // Set by a clock that was wrong.
    return next > now + periodSeconds ? now : next;
  }

  #reportLate(routes: readonly PacedRoute[], now: number): void {
    const late = lateRoutes(routes, now, 2 * TICK_SECONDS);
    if (late.length === 0 || Math.abs(now - this.#lateAt) < LATE_WARN_SECONDS) return;
    this.#lateAt = now;
    const pages = this.#context.manifest.count();
    const snapshot = this.#context.reader.snapshot();
    let subjects = 0;
    let perSecond = 0;
    for (const { route, periodSeconds } of routes) {
      const model = this.#context.site.routes.get(route);
      const ofRoute = model === undefined ? 0 : countSubjects(model, snapshot);
      subjects += ofRoute;
      perSecond += ofRoute / periodSeconds;
    }
    // Subjects are known by route, pages only in all.
    this.#context.onLate(late, perSecond * Math.max(1, pages / Math.max(1, subjects)));
  }

  async #sweepSlice(held: SweepSlice): Promise<void> {
    const { manifest } = this.#context;
    const since = this.#now;
    const done = new AbortController();
    const keeping = this.#keepLease(held, done.signal);
    // It is waited for below; until then nobody looks.
    keeping.catch(() => undefined);
    let swept: number | undefined;
    try {
      const pages = await this.#verifier.verify(held, since);
      if (!this.#options.stop.aborted) swept = since;
      const { rate } = this.#options;
      if (rate !== undefined) {
        const now = this.#context.clock();
        this.#allowedAt = Math.max(this.#allowedAt, now - 1000) + (pages * 1000) / rate;
      }
    } finally {
      done.abort();
      await keeping;
      if (returnSlice(manifest, held, swept) && swept !== undefined) this.#tally.slices++;
    }
  }

  async #keepLease(held: SweepSlice, signal: AbortSignal): Promise<void> {
    const { manifest, sleep, holder } = this.#context;
    while (!signal.aborted) {
      await sleep((LEASE_SECONDS * 1000) / 3, signal);
      if (signal.aborted) return;
      try {
        leaseSlice(manifest, held.id, holder, this.#now);
      } catch (error) {
        // Tried again before the lease is over; else another one goes over the slice too.
        if (!isPassing(error)) throw error;
      }
    }
  }
}
