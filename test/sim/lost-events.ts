import { digestOf } from "../../src/core/digest.ts";
import { carriedKey } from "../../src/core/stamp.ts";
import { isRedirectKey } from "../../src/press/redirect-page.ts";
import { isTombstoneKey } from "../../src/press/tombstone-page.ts";
import { TICK_SECONDS } from "../../src/press/sweep.ts";
import { runBuilder } from "./builder.ts";
import { commit, firstEdits, randomEdits } from "./editor.ts";
import { NO_FAULTS } from "./faults.ts";
import type { SimProcess } from "./scheduler.ts";
import { runSweeper } from "./sweeper.ts";
import { World } from "./world.ts";

const STEPS_MAX = 200_000;
const LOOK_MS = 20_000;

export interface LostEvents {
  readonly seed: number;
  readonly periodSeconds: number;
  readonly periods: number;
  readonly sweepers: number;
  /** At each step of a sweeper. */
  readonly kill: number;
  /** Whether what happened is kept. */
  readonly keepsTrace?: boolean | undefined;
}

export interface LostEventsResult {
  readonly violation: string | undefined;
  readonly commits: number;
  readonly kills: number;
  readonly looks: number;
  readonly drifts: number;
  readonly lines: readonly string[];
}

/**
 * No event ever comes: editors change the data, and only sweepers look. Every page must be what a clean build of a version gives that is at
 * most a period and a tick old.
 */
export async function loseEvents({
  seed,
  periodSeconds,
  periods,
  sweepers,
  kill,
  keepsTrace,
}: LostEvents): Promise<LostEventsResult> {
  const world = new World(seed, { keepsTrace });
  world.faults = { ...world.faults, ...NO_FAULTS, killWithin: 0, clockMs: 0, lagMs: 0, threads: 1 };
  const { chance, scheduler, source } = world;
  commit(
    world,
    firstEdits(chance).map((edit) => edit),
  );
  const builder = world.start("build", async (process) => {
    await runBuilder(world, process, { isForced: false, routes: undefined, maxDeletes: undefined });
  });
  await scheduler.run(() => builder.isDead, STEPS_MAX);
  /** When each version was committed, in virtual milliseconds. */
  const committedAt = new Map<number, number>([[source.version(), scheduler.clock()]]);
  world.faults = { ...world.faults, kill };
  const begun = scheduler.clock();
  const running = new Set<SimProcess>();
  let lookAt = begun;
  let editAt = begun;
  let looks = 0;
  const end = begun + periods * periodSeconds * 1000;
  const between = (): void => {
    for (const process of running) if (process.isDead) running.delete(process);
    while (running.size < sweepers) {
      const options = { periodSeconds, once: false, isDeep: false, stop: new AbortController().signal };
      running.add(world.start("sweep", async (process) => void (await runSweeper(world, process, options))));
    }
    const now = scheduler.clock();
    if (now >= editAt) {
      editAt = now + chance.below(periodSeconds * 300);
      // Pages that always fail keep what they were: they are none of this test's.
      const edits = randomEdits(chance, source, undefined).filter((edit) => !JSON.stringify(edit).includes('"always"'));
      if (edits.length > 0) commit(world, edits);
      // The queue has taken them all, and has lost them.
      source.markQueued(source.waiting(0, 1000).changes.flatMap(({ rows }) => rows));
      committedAt.set(source.version(), Math.min(now, committedAt.get(source.version()) ?? now));
    }
    if (now < lookAt) return;
    lookAt = now + LOOK_MS;
    looks++;
    const oldest = now - (periodSeconds + 2 * TICK_SECONDS) * 1000;
    const versions = [...committedAt.keys()].filter((version) => {
      const next = [...committedAt].find(([other]) => other > version)?.[1];
      // It was the newest one at some time since.
      return next === undefined || next >= oldest;
    });
    const wrong = tooOld(world, versions);
    if (wrong !== undefined) world.fail(`G4: ${wrong}`);
  };
  await scheduler.run(() => {
    if (world.violation !== undefined || scheduler.clock() >= end) return true;
    between();
    return false;
  }, STEPS_MAX);
  if (world.violation === undefined && scheduler.clock() < end) world.fail("time stood still");
  return {
    violation: world.violation?.message,
    commits: world.counts.all.get("commits") ?? 0,
    kills: world.counts.all.get("kills") ?? 0,
    looks,
    lines: world.lines,
    drifts: world.manifest?.sweep.drifts(0, 10_000).length ?? 0,
  };
}

/** A page that is in none of these versions what it is, or that is missing though it is in all of them. */
function tooOld(world: World, versions: readonly number[]): string | undefined {
  const all = versions.map((version) => world.expected(version, world.templates));
  const carried = (key: string): string => carriedKey(key as Parameters<typeof carriedKey>[0], digestOf);
  for (const [at, { carried: found, body }] of world.files.objects) {
    if (found === undefined || isRedirectKey(found.key) || isTombstoneKey(found.key)) continue;
    const path = `/${at.replace(/index\.html$/, "")}`;
    // A page that fails keeps what it was, wherever that is.
    const isRight = all.some((pages) =>
      pages
        .values()
        .some(
          ({ key, path: wanted, text }) =>
            carried(key) === found.key && (text === undefined || (wanted === path && text === body)),
        ),
    );
    if (!isRight) return `${found.key} at ${at} is ${body}, in none of the versions ${versions.join(", ")}`;
  }
  for (const page of all[0]?.values() ?? []) {
    // Of two that want one path the owner is looked for; who it is may have changed meanwhile.
    const isAlways = all.every((pages) => {
      const other = pages.get(page.key);
      return other?.path === page.path && other.owner === undefined && other.text !== undefined;
    });
    if (isAlways && !world.files.objects.has(`${page.path.slice(1)}index.html`)) return `${page.key} isn't there`;
  }
  return undefined;
}
