import type { PageOutcome } from "../core/outcome.ts";
import type { PageKey } from "../core/page.ts";
import { firstKeyOf, subjectKey } from "../core/page.ts";
import type { PageRow } from "../manifest/manifest.ts";
import type { SweepSlice } from "../manifest/sweep-state.ts";
import type { Snapshot } from "../source/source.ts";
import { countSubjects } from "./build-plan.ts";
import { deviationOf, driftAmong } from "./find-drift.ts";
import type { Deviation, KnownPage } from "./find-drift.ts";
import { pagesLeftBehind } from "./left-behind.ts";
import { readPendingWork } from "./pending-work.ts";
import type { Pressed, UnstablePage } from "./press-pages.ts";
import { noteProven, provenPages } from "./prove-pages.ts";
import { regenerate } from "./regenerate.ts";
import { SourceTouches } from "./source-touches.ts";
import { nextAllowed } from "./sweep-pace.ts";
import { openSlice } from "./sweep-slices.ts";
import type { SweepTally } from "./sweep-tally.ts";
import type { SweepContext, SweepOptions } from "./sweep-context.ts";

/** A page whose inputs are proven unchanged is rendered all the same each so many rounds: what isn't recorded can't be proven. */
const DEEP_ROUNDS = 8;

/** Verifies the pages of slices, and says of those that differed why. */
export class SliceVerifier {
  readonly #context: SweepContext;
  readonly #options: SweepOptions;
  readonly #tally: SweepTally;
  readonly #touches: SourceTouches;
  /** Versions that were found in a mirrored source without an event. */
  readonly #found: { has(version: number): boolean };

  constructor(
    context: SweepContext,
    options: SweepOptions,
    tally: SweepTally,
    found: { has(version: number): boolean },
  ) {
    this.#context = context;
    this.#options = options;
    this.#tally = tally;
    this.#touches = new SourceTouches(context.site, context.source);
    this.#found = found;
  }

  /** @param since when it began, in Unix seconds @returns how many pages were gone over */
  async verify(held: SweepSlice, since: number): Promise<number> {
    const { site, manifest, store, reader, epochs } = this.#context;
    const snapshot = reader.snapshot();
    this.#touches.advance(snapshot, Number(manifest.meta("complete") ?? 0));
    const { slice, subjects } = openSlice(site, manifest, held, snapshot);
    this.#pace(slice, subjects.length, snapshot);
    const prove = { manifest, store, epochs, touches: this.#touches, nowSeconds: since };
    const isDeep = this.#options.isDeep || (slice.id + slice.rounds) % DEEP_ROUNDS === 0;
    const keys: PageKey[] = [];
    const proven: PageRow[] = [];
    for (const subject of subjects) {
      const first = subjectKey(slice.route, subject);
      const rows = isDeep ? undefined : provenPages(prove, first);
      if (rows === undefined) keys.push(first);
      else proven.push(...rows);
    }
    noteProven(prove, proven, snapshot);
    this.#tally.proven += proven.length;
    const pressed = keys.length === 0 ? 0 : await this.#press(keys, snapshot, since);
    this.#tally.swept += proven.length + pressed;
    return proven.length + pressed;
  }

  /** Presses pages that were last verified before a version: they stand in no slice. @returns how many */
  async verifyBehind(version: number, since: number): Promise<number> {
    const { site, manifest, reader } = this.#context;
    const snapshot = reader.snapshot();
    this.#touches.advance(snapshot, Number(manifest.meta("complete") ?? 0));
    const left = pagesLeftBehind(site, manifest, snapshot, version, this.#options.routes);
    const pressed = left.length === 0 ? 0 : await this.#press(left, snapshot, since);
    this.#tally.swept += pressed;
    return pressed;
  }

  note({ outcomes, times }: Pressed): void {
    this.#tally.add(outcomes);
    this.#context.metrics.pages(outcomes);
    this.#context.metrics.renderMs(times.render);
  }

  #pace(slice: SweepSlice, subjects: number, snapshot: Snapshot): void {
    const { site, manifest, clock } = this.#context;
    const route = site.routes.get(slice.route);
    if (route === undefined) return;
    const periodSeconds = route.sweepSeconds ?? this.#options.periodSeconds;
    const now = clock() / 1000;
    const name = `sweep:next:${slice.route}`;
    manifest.transact(() => {
      // One that is started again and again goes on where the pace was; any other one begins with now.
      const before = this.#options.endsIdle === true ? Number(manifest.meta(name) ?? now) : now;
      const from = Math.min(now, Math.max(before, now - periodSeconds));
      manifest.setMeta(name, String(nextAllowed(periodSeconds, subjects, countSubjects(route, snapshot), from)));
    });
  }

  async #press(keys: readonly PageKey[], snapshot: Snapshot, since: number): Promise<number> {
    const { manifest, pool, clock, epochs, metrics, queue, outbox } = this.#context;
    const before = this.#known(keys);
    const asked = await readPendingWork(queue, outbox);
    const outcomes = new Map<PageKey, PageOutcome>();
    const unstable = new Map<PageKey, UnstablePage>();
    const onPressed = (pressed: Pressed): void => {
      this.note(pressed);
      for (const outcome of pressed.outcomes) {
        // Of a page that is pressed again, for another one's sake, what it was at first tells.
        const isWanted = before.has(firstKeyOf(outcome.key)) && !outcomes.has(outcome.key);
        if (isWanted) outcomes.set(outcome.key, outcome);
      }
      for (const one of pressed.unstable ?? []) unstable.set(one.key, one);
    };
    const done = await regenerate({ manifest, pool, clock, maxDeletes: this.#options.maxDeletes, onPressed }, [keys], {
      version: snapshot.version,
      isForced: true,
      findsFurther: true,
      comparesRenders: true,
    });
    this.#tally.pages.withheld += done.withheld;
    const drift = { manifest, touches: this.#touches, epochs, nowSeconds: since };
    const deviations: Deviation[] = [];
    for (const [key, outcome] of outcomes) {
      const known = before.get(firstKeyOf(key))?.get(key) ?? { row: undefined, edges: [] };
      const deviation = deviationOf(drift, outcome, known, unstable.get(key));
      if (deviation !== undefined) deviations.push(deviation);
    }
    if (deviations.length === 0) return outcomes.size;
    const asksNow = await readPendingWork(queue, outbox);
    const pending = {
      mayBe: (key: PageKey, entity: string | undefined) => asked.mayBe(key, entity) || asksNow.mayBe(key, entity),
    };
    const drifts = driftAmong(deviations, pending, this.#found, since);
    manifest.transact(() => {
      for (const one of drifts) manifest.sweep.noteDrift(one);
    });
    this.#tally.addDrifts(drifts);
    for (const { cause } of drifts) metrics.drift(cause);
    return outcomes.size;
  }

  /** What is known of pages now, by the key of their subject's page 1. */
  #known(keys: readonly PageKey[]): ReadonlyMap<PageKey, ReadonlyMap<PageKey, KnownPage>> {
    const { manifest } = this.#context;
    const known = new Map<PageKey, ReadonlyMap<PageKey, KnownPage>>();
    for (const key of keys) {
      const first = firstKeyOf(key);
      if (known.has(first)) continue;
      const rows = manifest.pagesOf(first);
      known.set(first, new Map(rows.map((row) => [row.key, { row, edges: manifest.edgesOf(row.key) }])));
    }
    return known;
  }
}
