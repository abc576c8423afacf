import { hash } from "node:crypto";

import type { EntityChange } from "../../src/core/change.ts";
import { digestOf } from "../../src/core/digest.ts";
import { RekilnError } from "../../src/core/errors.ts";
import { carriedKey } from "../../src/core/stamp.ts";
import type { Lane } from "../../src/queue/queue.ts";
import { areStraysLeft } from "../../src/press/strays.ts";
import { parseSiteRecord } from "../../src/press/site-record.ts";
import { Chance } from "./chance.ts";
import { Checker } from "./checker.ts";
import { Counts } from "./counts.ts";
import { expectedPages } from "./expected.ts";
import type { Expected } from "./expected.ts";
import { faultsOf, objectFaultsOf } from "./faults.ts";
import type { Faults } from "./faults.ts";
import { FaultyLane } from "./faulty-lane.ts";
import { MemorySource } from "./memory-source.ts";
import { MemoryFiles } from "./memory-store.ts";
import { Killed, Scheduler, SimProcess } from "./scheduler.ts";
import type { SimManifest } from "./sim-manifest.ts";
import { siteOf, templatesOf, templatesOfFingerprints } from "./site.ts";
import type { TemplateNumbers } from "./site.ts";

/** A promise of rekiln that was broken. */
export class Violation extends Error {
  override readonly name = "Violation";
}

export interface WorldOptions {
  /** Whether the lines of the trace are kept, and not only their digest. */
  readonly keepsTrace?: boolean | undefined;
}

/** A disk that fails. */
class DiskError extends Error {
  override readonly name = "DiskError";
}

/** The machine: its disk, its queue, its clock, and who runs on it. */
export class World {
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly counts = new Counts();
  readonly files = new MemoryFiles();
  readonly source: MemorySource;
  readonly lanes: Readonly<Record<Lane, FaultyLane>>;
  readonly checker: Checker;
  faults: Faults;
  /** The file of the manifest; another object when it was replaced. */
  manifest: SimManifest | undefined;
  /** The set of templates that is on the disk. */
  templateSet = 0;
  /** How often the machine itself went down. */
  boots = 0;
  /** The set that each epoch was registered with. */
  readonly setOfEpoch = new Map<number, number>();
  /** Whose turn it is. */
  running: SimProcess;
  readonly processes = new Set<SimProcess>();
  /** Who builds, or releases: one at a time. */
  buildLock: SimProcess | undefined;
  /** How often something happened that only a build can make right, and how often it had when the last whole build began. */
  #buildsNeeded = 0;
  #buildsDone = 0;
  /** In version order: what was changed. */
  readonly history: Pick<EntityChange, "type" | "id" | "version">[] = [];
  /** Of the snapshot that the running press writes from. */
  pressVersion: number | undefined;
  /** Bodies that no worker can use. */
  readonly poisoned = new Set<string>();
  violation: Violation | undefined;
  /** Whether pages go to a store of objects, not to a directory. */
  readonly isObjects: boolean;
  /** It outlives all processes: what was sent may land when its sender is dead. */
  readonly #network: SimProcess;
  inFlight = 0;
  readonly #keepsTrace: boolean;
  readonly lines: string[] = [];
  #traced = "";
  #record: string | undefined;
  #templates: TemplateNumbers = templatesOf(0);
  readonly #expected = new Map<string, Expected>();

  constructor(seed: number, { keepsTrace = false }: WorldOptions) {
    this.#keepsTrace = keepsTrace;
    this.chance = new Chance(seed);
    // A chance of its own, so that a seed of a directory is the run that it was.
    const objects = new Chance(seed + 2 ** 40);
    this.isObjects = objects.happens(0.4);
    this.faults = { ...faultsOf(this.chance), ...objectFaultsOf(objects) };
    this.scheduler = new Scheduler(this.chance, (process, label) => {
      this.running = process;
      this.trace(`${process.name}: ${label}`);
      this.#strike(process, label);
    });
    this.running = new SimProcess(this.scheduler, "nobody");
    this.#network = this.running;
    this.source = new MemorySource(siteOf(0, async () => undefined).entities);
    this.lanes = { live: new FaultyLane(this, "live"), bulk: new FaultyLane(this, "bulk") };
    this.checker = new Checker(this);
  }

  /** Notes what happened: the same seed gives the same trace. */
  trace(line: string): void {
    this.#traced += `${line}\n`;
    if (this.#traced.length > 1 << 14) this.#traced = hash("sha256", this.#traced);
    if (this.#keepsTrace) this.lines.push(line);
  }

  get traceDigest(): string {
    return hash("sha256", this.#traced);
  }

  /** Files of the dead that are more than may be removed. */
  get areStraysLeft(): boolean {
    return this.manifest !== undefined && areStraysLeft(this.manifest);
  }

  /** Pages whose removal was withheld. */
  get withheld(): ReadonlySet<string> {
    const stale = this.manifest?.stalePages(1000) ?? [];
    return new Set(stale.filter((page) => page.stale?.kind === "withheld").map(({ key }) => carriedKey(key, digestOf)));
  }

  needsBuild(why: string): void {
    this.#buildsNeeded++;
    this.trace(`a build is needed: ${why}`);
  }

  get isBuildNeeded(): boolean {
    return this.#buildsNeeded > this.#buildsDone;
  }

  /** A build begins; without an end it leaves pages that another one comes to. @returns what is called when it has ended */
  beginBuild(isWhole: boolean, why: string | undefined): () => void {
    const isNeeded = this.isBuildNeeded;
    if (why !== undefined) this.needsBuild(why);
    const needed = this.#buildsNeeded;
    return () => {
      if (isWhole || !isNeeded) this.#buildsDone = Math.max(this.#buildsDone, needed);
    };
  }

  /** What a clean build of a version would give. */
  expected(version: number, templates: TemplateNumbers): Expected {
    const name = `${version} ${JSON.stringify(templates)}`;
    let expected = this.#expected.get(name);
    if (expected === undefined) {
      expected = expectedPages(this.source.at(version), templates);
      this.#expected.set(name, expected);
    }
    return expected;
  }

  /** The source is what it was at an older version. */
  restore(version: number): void {
    if (!this.source.has(version)) return;
    this.trace(`the source is restored to ${version}`);
    this.source.restore(version);
    while ((this.history.at(-1)?.version ?? 0) > version) this.history.pop();
    this.#expected.clear();
    this.checker.forget();
    this.needsBuild("the source was restored");
  }

  /** The last renames and removals never happened. */
  losePower(writes: number, commits: number): void {
    this.boots++;
    const lost = this.files.lose(writes);
    this.manifest?.lose(commits);
    this.counts.add("commits lost", commits);
    this.counts.add("renames lost", lost.length);
    this.checker.forget();
    this.needsBuild("the power failed");
  }

  loseRecord(): void {
    this.files.record = undefined;
    this.needsBuild("the site record is lost");
  }

  loseManifest(): void {
    this.manifest = undefined;
    this.needsBuild("the manifest is lost");
  }

  /** Something that was sent arrives after a while, whoever lives then. */
  land(ms: number, arrive: () => void): void {
    this.inFlight++;
    const travel = async (): Promise<void> => {
      await this.#network.sleep(ms, undefined);
      this.inFlight--;
      arrive();
    };
    void travel();
  }

  /** Somebody sends what no worker can use. */
  poison(body: string): void {
    this.lanes.live.poison(body);
    this.poisoned.add(body);
  }

  isAlive(name: string): boolean {
    return [...this.processes].some((process) => process.name === name && !process.isDead);
  }

  /** Starts a process. What it throws but for being killed, or for a queue that fails, is a violation. */
  start(name: string, main: (process: SimProcess) => Promise<void>): SimProcess {
    const process = new SimProcess(this.scheduler, `${name}${this.processes.size}`);
    process.startedAt = this.source.version();
    this.processes.add(process);
    this.running = process;
    this.counts.add(`${name}s`);
    main(process).then(
      () => this.kill(process, "ended"),
      (error: unknown) => {
        if (!(error instanceof Killed) && !isTransient(error)) this.fail(`${process.name} threw ${describe(error)}`);
        this.kill(process, "ended with an error");
      },
    );
    return process;
  }

  kill(process: SimProcess, how: string): void {
    if (process.isDead) return;
    this.trace(`${process.name} ${how}`);
    this.scheduler.kill(process);
    if (this.buildLock === process) this.buildLock = undefined;
  }

  fail(message: string): void {
    if (this.violation !== undefined) return;
    this.trace(`violation: ${message}`);
    this.violation = new Violation(message);
  }

  /** Maybe the process dies right here, in the midst of something. */
  mayDie(where: string): void {
    this.running.check();
    if (!this.chance.happens(this.faults.killWithin)) return;
    this.counts.add(`kills within`);
    this.kill(this.running, `killed: ${where}`);
    throw new Killed(where);
  }

  /** Maybe the disk fails, and whoever asked is told. */
  mayFail(what: string): void {
    const { chance, faults, counts } = this;
    if (!chance.happens(faults.diskError)) return;
    counts.add("disk errors");
    this.trace(`disk error: ${what}`);
    // What passes by itself is told so; anything else ends the process.
    if (chance.happens(0.3)) throw new DiskError(what);
    throw new RekilnError({ code: "store-full", message: `No space is left for ${what}.`, disposition: "retry" });
  }

  /** Maybe the source can't be reached. */
  mayMissSource(): void {
    if (!this.chance.happens(this.faults.sourceError)) return;
    this.counts.add("source errors");
    this.trace("source error");
    throw new RekilnError({ code: "source-busy", message: "The source can't be reached.", disposition: "retry" });
  }

  /** Faults that strike a process between two of its steps. */
  #strike(process: SimProcess, label: string): void {
    const { faults, chance } = this;
    if (process === this.#network) return;
    if (chance.happens(faults.freeze)) {
      this.counts.add("pauses");
      process.frozenUntil = this.scheduler.clock() + chance.between(1000, 150_000);
    }
    // What is rendered may be old by the time that it is written.
    if (chance.happens(label === "load" ? 4 * faults.slow : faults.slow))
      process.frozenUntil = this.scheduler.clock() + chance.between(5, 200);
    if (!chance.happens(faults.kill)) return;
    this.counts.add("kills");
    this.kill(process, "killed");
  }

  /** The templates that were registered last: what pages are to be made with. */
  get templates(): TemplateNumbers {
    const { record } = this.files;
    if (record !== this.#record) {
      this.#record = record;
      const routes = parseSiteRecord(record ?? "")?.routes;
      this.#templates = templatesOfFingerprints((route) => routes?.[route]?.fingerprint);
    }
    return this.#templates;
  }

  /** Templates on the disk that nobody has registered. */
  get isUnregistered(): boolean {
    return JSON.stringify(templatesOf(this.templateSet)) !== JSON.stringify(this.templates);
  }

  onAck(): void {
    this.checker.checkAcked();
  }
}

/** Of a queue or a disk that failed, or a build that is running: whoever started the process starts it again. */
function isTransient(error: unknown): boolean {
  return error instanceof DiskError || (error instanceof RekilnError && error.disposition === "retry");
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
