import { batches } from "../core/batches.ts";
import type { Clock } from "../core/clock.ts";
import type { PageKey } from "../core/page.ts";
import type { Progress } from "../core/progress.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot, Source, SourceReader } from "../source/source.ts";
import type { PageStore } from "../store/store.ts";
import { countSubjects, firstPagesOfRoute, isPageOfSnapshot, planBuild } from "./build-plan.ts";
import type { BuildPlan } from "./build-plan.ts";
import { BuildTally } from "./build-tally.ts";
import { deleteCap, withhold } from "./deletes.ts";
import { affectedPages } from "./expand.ts";
import type { ExpandOptions } from "./expand.ts";
import { missingPages } from "./missing-pages.ts";
import type { BatchOptions, PressPool } from "./press-pool.ts";
import { pressAround } from "./press-pool.ts";
import { adoptRedirects, settleLeft } from "./settle-left.ts";

const BATCH_PAGES = 256;
/** Above this many pages it is cheaper to render everything. */
const AFFECTED_MAX = 100_000;
/** An edge takes 10 µs to follow, in one thread; a page takes 100 to 250 µs to render, in as many as there are. */
const EDGES_PER_PAGE_MAX = 10;
/** So many take a tenth of a second: never too long, however few pages there are. */
const EDGES_READ_MIN = 10_000;
/** A path that goes from page to page settles in one round for each page in the chain. */
const ROUNDS_MAX = 16;

export interface BuildContext {
  readonly site: Site;
  readonly source: Source;
  readonly reader: SourceReader;
  readonly manifest: Manifest;
  readonly store: PageStore;
  readonly pool: PressPool;
  /** Collision keys of the files of `static/`: they own their paths. */
  readonly staticKeys: ReadonlySet<string>;
  readonly epochs: ReadonlyMap<string, number>;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Pages whose file is gone, or another one, where they were looked for before the build. */
  readonly missing?: Promise<readonly PageKey[] | undefined> | undefined;
  /** As of `ExpandOptions`. */
  readonly distrustsAnswers?: boolean;
}

export interface BuildOptions {
  /** Only these routes; undefined is all. */
  readonly routes: ReadonlySet<string> | undefined;
  /** Routes whose templates aren't registered: none of their pages is pressed, whoever comes to its path or leaves it. */
  readonly untouched?: ReadonlySet<string>;
  readonly isDryRun: boolean;
  readonly isForced: boolean;
  /** Most pages that may be removed; undefined is 5 % of all, and at least 100. */
  readonly maxDeletes: number | undefined;
  /** The store is empty and the manifest new. */
  readonly isFresh: boolean;
}

export interface BuildResult {
  readonly tally: BuildTally;
  readonly plan: BuildPlan;
  /** Pages whose removal is withheld, because they are more than `maxDeletes`. */
  readonly withheld: number;
  readonly maxDeletes: number;
  /** Pages that are published now, or would be after a dry run. */
  readonly pages: number;
  /** Of the data that it brought all pages up to. */
  readonly version: number;
  /** It was told to stop before its end: what was done until then is recorded. */
  readonly isInterrupted: boolean;
}

/** Brings every page up to the source's newest version: only those that a change may have touched, where that is known. */
export async function build(context: BuildContext, options: BuildOptions): Promise<BuildResult> {
  const run = new Build(context, options);
  return run.run();
}

interface WholePlan extends BuildPlan {
  readonly affected: ReadonlySet<PageKey>;
  /** Those of them that come, go or move: they are there before others link to them. */
  readonly moving: ReadonlySet<PageKey>;
}

class Build {
  readonly #context: BuildContext;
  readonly #options: BuildOptions;
  readonly #tally: BuildTally;
  readonly #stuck = new Map<PageKey, string>();
  #isFresh: boolean;

  constructor(context: BuildContext, options: BuildOptions) {
    this.#context = context;
    this.#options = options;
    this.#tally = new BuildTally(context.progress, options.isDryRun);
    this.#isFresh = options.isFresh && !options.isDryRun;
  }

  async run(): Promise<BuildResult> {
    const { reader, manifest } = this.#context;
    const snapshot = reader.snapshot();
    const pagesBefore = manifest.count();
    if (!this.#isFresh && !this.#options.isDryRun) adoptRedirects(this.#context);
    const plan = this.#plan(snapshot, pagesBefore);
    const retried = this.#retried();
    try {
      return await this.#carryOut(plan, snapshot, retried, pagesBefore);
    } catch (error) {
      if (!isAbort(error)) throw error;
      const pages = manifest.count();
      return {
        tally: this.#tally,
        plan,
        withheld: 0,
        maxDeletes: 0,
        pages,
        version: snapshot.version,
        isInterrupted: true,
      };
    }
  }

  async #carryOut(
    plan: WholePlan,
    snapshot: Snapshot,
    retried: readonly PageKey[],
    pagesBefore: number,
  ): Promise<BuildResult> {
    const { site, source, reader, manifest, epochs, progress } = this.#context;
    if (this.#isFresh) manifest.beginBulk();
    for (const name of plan.whole.keys()) {
      const route = site.routes.get(name);
      if (route !== undefined) progress.expect(countSubjects(route, snapshot));
    }
    progress.phase("pages");
    progress.expect(plan.moving.size);
    await this.#pressAll(batches(plan.moving, BATCH_PAGES), true);
    for (const name of plan.whole.keys()) {
      const route = site.routes.get(name);
      if (route === undefined) continue;
      await this.#pressAll(firstPagesOfRoute(route, snapshot, BATCH_PAGES), true, { findsFurther: true });
    }
    if (this.#isFresh) {
      progress.phase("indexes");
      manifest.finishBulk();
      this.#isFresh = false;
      for (const key of manifest.collidingPages()) this.#tally.again.add(key);
    } else if (manifest.meta("complete") === undefined) {
      // A first build that was killed may have written two pages that can't stand side by side.
      for (const key of manifest.collidingPages()) this.#tally.again.add(key);
    }
    await this.#pressSet(plan, snapshot, retried);
    await this.#pressAgain();
    const { withheld, maxDeletes } = await this.#remove(pagesBefore);
    if (!this.#options.isDryRun) {
      const isComplete = this.#options.routes === undefined;
      // Who comes to a path that was left may be of a route that isn't built now.
      if (isComplete || (this.#options.untouched?.size ?? 0) === 0) {
        this.#tally.addLeft(settleLeft(this.#context, reader.snapshot(), { graceSeconds: 0, isComplete }));
      }
      manifest.tidy();
      for (const route of plan.whole.keys()) manifest.setMeta(`built:${route}`, String(epochs.get(route) ?? 0));
      if (this.#options.routes === undefined) {
        manifest.setMeta("complete", String(snapshot.version));
        source.forgetChanges(snapshot.version);
      }
    }
    const { written, gone } = this.#tally;
    const pages = this.#options.isDryRun ? pagesBefore + written.new - gone.size + withheld : manifest.count();
    return { tally: this.#tally, plan, withheld, maxDeletes, pages, version: snapshot.version, isInterrupted: false };
  }

  #plan(snapshot: Snapshot, pages: number): WholePlan {
    const { site, source, manifest, epochs, progress } = this.#context;
    const complete = manifest.meta("complete");
    const builtEpochs = new Map<string, number>();
    for (const route of site.routes.keys()) {
      const built = manifest.meta(`built:${route}`);
      if (built !== undefined) builtEpochs.set(route, Number(built));
    }
    const state = {
      site,
      source,
      complete: complete === undefined ? undefined : Number(complete),
      builtEpochs,
      epochs,
    };
    const plan = planBuild(state, { routes: this.#options.routes, isForced: this.#options.isForced });
    progress.phase("changes");
    const edgesMax = Math.max(EDGES_READ_MIN, EDGES_PER_PAGE_MAX * pages);
    const moving = new Set<PageKey>();
    const limits: ExpandOptions = {
      limit: AFFECTED_MAX,
      edgesMax,
      isDryRun: this.#options.isDryRun,
      distrustsAnswers: this.#context.distrustsAnswers ?? false,
      onAffected: ({ because, key }) => {
        if (because !== "uses" && this.#isWanted(routeOf(key))) moving.add(key);
      },
    };
    const isAllWhole = [...site.routes.keys()].every((route) => plan.whole.has(route));
    const affected = isAllWhole ? new Set<PageKey>() : affectedPages(site, manifest, snapshot, plan.changes, limits);
    if (affected !== undefined) return { ...plan, affected, moving };
    const names = [...site.routes.keys()].filter((route) => this.#isWanted(route));
    return { ...plan, whole: new Map(names.map((route) => [route, "many-changes"])), affected: new Set(), moving };
  }

  #isWanted(route: string): boolean {
    return this.#options.routes?.has(route) !== false;
  }

  /** Pages that failed before, or that the clock has made stale. */
  #retried(): readonly PageKey[] {
    return this.#context.manifest
      .failedOrDue(Math.floor(this.#context.clock() / 1000))
      .filter((key) => this.#isWanted(routeOf(key)));
  }

  /** What isn't rendered as part of a whole route: affected pages, retried ones, files that someone deleted, and the rest. */
  async #pressSet(plan: WholePlan, snapshot: Snapshot, retried: readonly PageKey[]): Promise<void> {
    const { site, manifest, epochs, progress } = this.#context;
    // Those of whole routes have just been tried, but for what the snapshot hasn't got: removals that were withheld.
    const isTried = (key: PageKey): boolean => plan.whole.has(routeOf(key)) && isPageOfSnapshot(site, key, snapshot);
    const keys = new Set<PageKey>(retried.filter((key) => !isTried(key)));
    for (const key of plan.affected) {
      const route = routeOf(key);
      if (!plan.whole.has(route) && this.#isWanted(route)) keys.add(key);
    }
    for (const key of plan.moving) keys.delete(key);
    progress.expect(keys.size);
    // While threads press these, this one looks for what someone deleted.
    const pressing = this.#pressAll(batches(keys, BATCH_PAGES), true);
    const missing: PageKey[] = [];
    try {
      progress.phase("missing");
      for (const key of await this.#missing(plan)) if (!keys.has(key) && !plan.moving.has(key)) missing.push(key);
      progress.phase("pages");
    } finally {
      await pressing;
    }
    progress.expect(missing.length);
    await this.#pressAll(batches(missing, BATCH_PAGES), true);
    for (const name of plan.whole.keys()) {
      const verified = { epoch: epochs.get(name) ?? 0, version: snapshot.version };
      const rest = manifest.unverified(name, verified);
      await this.#pressAll(this.#options.isDryRun ? this.#gone(rest, snapshot) : this.#untried(rest), true);
    }
    for (const name of manifest.routes()) {
      if (!site.routes.has(name) && this.#isWanted(name)) await this.#pressAll(manifest.keysOf(name), false);
    }
  }

  /** A dry run verifies no page: what it hasn't come to yet is what the snapshot hasn't got. */
  *#gone(pieces: Iterable<readonly PageKey[]>, snapshot: Snapshot): Iterable<readonly PageKey[]> {
    const { site } = this.#context;
    for (const piece of pieces) yield piece.filter((key) => !isPageOfSnapshot(site, key, snapshot));
  }

  /** Without what failed in this very run. */
  *#untried(pieces: Iterable<readonly PageKey[]>): Iterable<readonly PageKey[]> {
    for (const piece of pieces) yield piece.filter((key) => !this.#tally.hasFailed(key));
  }

  /** Published pages of routes that aren't rendered whole whose file is gone, or another one. */
  async #missing(plan: BuildPlan): Promise<readonly PageKey[]> {
    const { manifest, store, site, missing } = this.#context;
    // Of a store that has to be asked for each of them it is the audit that finds them.
    if (store.buries || [...site.routes.keys()].every((route) => plan.whole.has(route))) return [];
    const found = (await missing) ?? [...missingPages(manifest, store)].flat();
    return found.filter((key) => !plan.whole.has(routeOf(key)) && this.#isWanted(routeOf(key)));
  }

  /** Pages whose path another page took or left, until nothing moves any more. */
  async #pressAgain(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX && this.#tally.again.size > 0; round++) {
      const keys = [...this.#tally.again].filter((key) => this.#options.untouched?.has(routeOf(key)) !== true);
      this.#tally.again.clear();
      await this.#pressAll(batches(keys, BATCH_PAGES), false);
    }
  }

  async #remove(pagesBefore: number): Promise<{ withheld: number; maxDeletes: number }> {
    const maxDeletes = this.#options.maxDeletes ?? deleteCap(pagesBefore);
    const { gone } = this.#tally;
    if (gone.size === 0 || this.#options.isDryRun)
      return { withheld: gone.size > maxDeletes ? gone.size : 0, maxDeletes };
    const isWithheld = gone.size > maxDeletes;
    const keys = [...gone.keys()];
    if (isWithheld) {
      withhold(this.#context.manifest, keys, maxDeletes, this.#context.clock());
      return { withheld: keys.length, maxDeletes };
    }
    this.#context.progress.phase("removals");
    await this.#pressAll(batches(keys, BATCH_PAGES), false, { removes: true });
    await this.#pressAgain();
    return { withheld: 0, maxDeletes };
  }

  async #pressAll(
    pieces: Iterable<readonly PageKey[]>,
    trustsVerified: boolean,
    how: { readonly removes?: boolean; readonly findsFurther?: boolean } = {},
  ): Promise<void> {
    const { pool, signal } = this.#context;
    const iterator = pieces[Symbol.iterator]();
    const take = (): readonly PageKey[] | undefined => {
      const further = this.#tally.takeFurther(BATCH_PAGES);
      if (further.length > 0) return further;
      const next = iterator.next();
      return next.done === true ? undefined : next.value;
    };
    // Each runner takes the next piece when it is done with one: nothing is listed ahead.
    const runner = async (): Promise<void> => {
      for (let keys = take(); keys !== undefined; keys = take()) {
        signal.throwIfAborted();
        await this.#press(keys, {
          trustsVerified: trustsVerified && !this.#options.isForced,
          removes: how.removes === true,
          findsFurther: how.findsFurther === true,
        });
      }
    };
    // What is under way when one of them fails, or is told to stop, is still recorded.
    const ended = await Promise.allSettled(Array.from({ length: pool.size * 2 }, runner));
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  }

  async #press(
    keys: readonly PageKey[],
    how: Pick<BatchOptions, "trustsVerified" | "removes" | "findsFurther">,
  ): Promise<void> {
    const { pool, manifest, signal } = this.#context;
    const optionsOf = (): Omit<BatchOptions, "failures"> => ({
      ...how,
      isFresh: this.#isFresh,
      isDryRun: this.#options.isDryRun,
      replacesForeign: this.#options.isForced,
    });
    const onStuck = (): void => {
      // Part of the batch may have been recorded: rows can no longer just be added.
      if (this.#isFresh) manifest.finishBulk();
      this.#isFresh = false;
    };
    this.#tally.add(await pressAround(pool, keys, this.#stuck, optionsOf, { onStuck }));
    // This thread has nothing else to do while the others press, and all of them wait for it at the end.
    if (this.#isFresh) manifest.followBulk();
    // Told to stop, a thread leaves out the rest of its batch.
    signal.throwIfAborted();
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function routeOf(key: PageKey): string {
  const end = key.search(/[/#]/);
  return decodeURIComponent(end < 0 ? key : key.slice(0, end));
}
