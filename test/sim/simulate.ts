import { runBuilder, runRelease } from "./builder.ts";
import type { Counts } from "./counts.ts";
import { commit, editsFor, firstEdits, randomEdits, runEditor, runRebuild } from "./editor.ts";
import { NO_FAULTS } from "./faults.ts";
import type { SimProcess } from "./scheduler.ts";
import { runWorker } from "./worker.ts";
import { World } from "./world.ts";
import type { WorldOptions } from "./world.ts";

const STEPS_MAX = 20_000;

export interface SimulationResult {
  readonly seed: number;
  /** The first promise that was broken. */
  readonly violation: string | undefined;
  readonly counts: Counts;
  readonly steps: number;
  readonly traceDigest: string;
  /** What happened, when it was asked for. */
  readonly lines: readonly string[];
}

/** One machine with a site, from its first build to rest. */
export async function simulate(seed: number, options: WorldOptions = {}): Promise<SimulationResult> {
  const world = new World(seed, options);
  const simulation = new Simulation(world);
  await simulation.run();
  const { violation, counts, scheduler, traceDigest, lines } = world;
  return { seed, violation: violation?.message, counts, steps: scheduler.steps, traceDigest, lines };
}

class Simulation {
  readonly #world: World;
  readonly #workers = new Set<SimProcess>();
  #edits = 0;
  #nextEdit = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async run(): Promise<void> {
    const world = this.#world;
    commit(world, editsFor(world, firstEdits(world.chance)));
    world.needsBuild("the first");
    await this.#until(
      "the edits end",
      () => this.#edits >= world.faults.edits,
      () => this.#live(),
    );
    world.faults = { ...world.faults, ...NO_FAULTS, lagMs: 0, maxDeletes: undefined };
    await this.#rest();
    world.counts.add("runs");
    if (world.violation !== undefined) world.counts.add("violations");
  }

  /** Runs what is going on; `between` is called before each step. */
  async #until(what: string, isDone: () => boolean, between: () => void): Promise<void> {
    const world = this.#world;
    if (world.violation !== undefined) return;
    const isEnded = await world.scheduler.run(() => {
      if (world.violation !== undefined) return true;
      between();
      return isDone();
    }, STEPS_MAX);
    if (!isEnded) world.fail(`it never came to where ${what}`);
  }

  /** Starts whoever isn't running and should be, and does what editors and operators do. */
  #live(): void {
    const world = this.#world;
    const { chance, faults, scheduler } = world;
    for (const worker of this.#workers) if (worker.isDead) this.#workers.delete(worker);
    const isBuilding = world.buildLock !== undefined || this.#builder?.isDead === false;
    if (!isBuilding && (world.isBuildNeeded || world.manifest === undefined)) this.#build();
    if (world.manifest?.meta("complete") === undefined) return;
    // Whoever puts an older copy in place lets a build take it in before anybody goes on.
    if (this.#isRestored && world.isBuildNeeded) return;
    this.#isRestored = false;
    while (this.#workers.size < faults.workers) this.#workers.add(this.#startWorker(false).process);
    if (scheduler.clock() < this.#nextEdit) return;
    this.#nextEdit = scheduler.clock() + chance.below(faults.editPauseMs);
    this.#edits++;
    const edits = editsFor(world, randomEdits(chance, world.source, world.history.at(-1)?.id));
    world.start("editor", async (process) => runEditor(world, process, edits));
    this.#disaster();
    if (this.#isRestored) return;
    if (chance.happens(faults.build)) this.#build();
    if (chance.happens(faults.rebuild)) world.start("rebuild", async (process) => runRebuild(world, process));
    if (chance.happens(faults.release)) {
      world.templateSet++;
      world.start("release", async (process) => {
        await runRelease(world, process);
        // The new ones are started before the old ones have ended.
        this.#workers.add(this.#startWorker(false).process);
      });
    }
  }

  /** What happens once in years: only a build helps. */
  #disaster(): void {
    const world = this.#world;
    const { chance, faults } = world;
    if (chance.happens(faults.poison)) {
      world.counts.add("poison");
      world.poison(
        chance.pick(["no JSON", "[]", '{"v":9,"kind":"change","entity":"film:1"}', '{"v":1,"kind":"pages","keys":[]}']),
      );
    }
    if (chance.happens(faults.loseManifest)) {
      world.counts.add("manifests lost");
      world.loseManifest();
    }
    if (!world.isObjects && chance.happens(faults.powerFailure)) {
      world.counts.add("power failures");
      for (const process of world.processes) world.kill(process, "killed: no power");
      world.losePower(chance.below(8), chance.below(4));
    }
    if (chance.happens(faults.loseRecord)) {
      world.counts.add("records lost");
      for (const process of world.processes) world.kill(process, "killed: no record");
      world.loseRecord();
    }
    const { source } = world;
    if (chance.happens(faults.restore) && source.version() > 3) {
      world.counts.add("sources restored");
      for (const process of world.processes) world.kill(process, "killed: restored");
      world.restore(source.version() - chance.between(1, 2));
      this.#isRestored = true;
    }
  }

  #isRestored = false;
  #builder: SimProcess | undefined;

  #build(isLast = false): void {
    const world = this.#world;
    const isForced = world.chance.happens(0.1);
    const isPart = !isLast && !world.isBuildNeeded && world.chance.happens(0.1);
    const routes = isPart ? new Set(["film"]) : undefined;
    // Somebody looks at the new templates of a route.
    if (isPart) world.templateSet++;
    this.#builder = world.start("build", async (process) => {
      const maxDeletes = isLast ? undefined : world.faults.maxDeletes;
      await runBuilder(world, process, { isForced, routes, maxDeletes });
    });
  }

  #startWorker(untilEmpty: boolean): { readonly process: SimProcess; readonly ended: () => string | undefined } {
    const world = this.#world;
    let ended: string | undefined;
    const process = world.start("worker", async (process) => {
      const result = await runWorker(world, process, { untilEmpty, stop: new AbortController().signal });
      ended = result?.ended;
      if (result === undefined) await process.sleep(1000, undefined);
    });
    return { process, ended: () => ended };
  }

  /** No more edits and no more faults: the queue is drained, and the site is what a clean build gives. */
  async #rest(): Promise<void> {
    const world = this.#world;
    for (const process of world.processes) world.kill(process, "killed at the end");
    world.scheduler.pass(200_000);
    await this.#until(
      "nothing is on its way",
      () => world.inFlight === 0,
      () => undefined,
    );
    const isBuildNeeded = world.isBuildNeeded || world.manifest === undefined || world.isUnregistered;
    // Removals that were withheld wait for somebody who allows them.
    if (isBuildNeeded || world.areStraysLeft || world.withheld.size > 0) await this.#buildToEnd();
    await this.#drain();
    world.checker.checkRest("after the drain");
    if (world.violation !== undefined || !world.chance.happens(0.3)) return;
    const puts = world.counts.all.get("puts") ?? 0;
    await this.#buildToEnd();
    world.checker.checkRest("after one more build");
    const more = (world.counts.all.get("puts") ?? 0) - puts;
    if (more > 0) world.counts.add("puts of the last build", more);
  }

  async #buildToEnd(): Promise<void> {
    this.#build(true);
    await this.#until(
      "the last build ends",
      () => this.#builder?.isDead === true,
      () => undefined,
    );
  }

  async #drain(): Promise<void> {
    const world = this.#world;
    for (let round = 0; round < 5 && world.violation === undefined; round++) {
      const worker = this.#startWorker(true);
      await this.#until(
        "the queue is empty",
        () => worker.process.isDead,
        () => undefined,
      );
      if (worker.ended() === "empty") return;
    }
    world.fail("no worker drains the queue");
  }
}
