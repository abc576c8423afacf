import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";

import { writeSnapshot } from "../press/write-snapshot.ts";
import type { StoredSnapshot, WrittenSnapshot } from "../press/write-snapshot.ts";
import type { EntityModel } from "../core/entity.ts";
import type { Queue } from "../queue/queue.ts";
import type { EmbeddedSource } from "../source/embedded-source.ts";
import type { Mirror } from "../source/mirror.ts";
import type { RefreshReport } from "../source/source.ts";
import { stageSnapshot } from "../source/stage-snapshot.ts";
import type { StagedSnapshot } from "../source/stage-snapshot.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { snapshotBucket } from "./snapshot-place.ts";

export interface RunSnapshotOptions {
  readonly configFile: string;
  /** `s3://bucket/prefix`; undefined is where the config says. */
  readonly to: string | undefined;
  readonly isDryRun: boolean;
  /** How many snapshots stay, the new one among them. */
  readonly keep: number;
  /** Versions go on above this one. */
  readonly above: number | undefined;
  /** Compares with nothing: those who read it publish themselves what changed for them. */
  readonly isAnew: boolean;
}

export interface SnapshotSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly onProgress: (stage: "records" | "entities", count: number) => void;
}

export interface SnapshotReport {
  /** Where it is: `s3://films/snapshots/`. */
  readonly place: string;
  /** `unchanged`: nothing was written; `renewed`: the same data has a newer version. */
  readonly did: "written" | "renewed" | "unchanged";
  readonly version: number;
  /** Of the current one before; undefined when there was none. */
  readonly lastVersion: number | undefined;
  /** By type; empty when nothing was looked at, since nothing was committed since the last one. */
  readonly entities: ReadonlyMap<string, number>;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Undefined in a dry run, and when nothing was written. */
  readonly written: WrittenSnapshot | undefined;
  /** What taking the source in gave; undefined when it was as it had been. */
  readonly source: RefreshReport | undefined;
}

/** What a snapshot is written of, and where to. */
export interface SnapshotContext {
  readonly models: ReadonlyMap<string, EntityModel>;
  /** Taken in already. */
  readonly source: Mirror | EmbeddedSource;
  /** The entity store of the source. */
  readonly file: string;
  readonly store: ObjectStore;
  readonly last: StoredSnapshot | undefined;
  /** Of what is staged: this run's alone. It is removed at the end, and what a killed run left in it at the beginning. */
  readonly folder: string;
  readonly openQueue: () => Queue;
  readonly onProgress: (entities: number) => void;
  readonly signal: AbortSignal;
}

type SnapshotOptions = Pick<RunSnapshotOptions, "isDryRun" | "keep" | "above" | "isAnew">;
type Ran = Omit<SnapshotReport, "source">;

/**
 * Stages what the source holds now, compares it with the last snapshot, and writes it. Versions go on above those of whatever was published or written
 * before, also where the entity store is an older copy.
 *
 * @throws RekilnError as `stageSnapshot` and `writeSnapshot`
 */
export async function writeSource(context: SnapshotContext, options: SnapshotOptions): Promise<Ran> {
  const { source, last } = context;
  const ceiling = last?.index.ceiling ?? 0;
  const { above = 0 } = options;
  const isBehind = source.version() < ceiling || source.version() <= above;
  if (isBehind && !options.isDryRun) source.raiseVersion(Math.max(ceiling, above));
  return new SnapshotRun(context, options).run();
}

class SnapshotRun {
  readonly #context: SnapshotContext;
  readonly #options: SnapshotOptions;

  constructor(context: SnapshotContext, options: SnapshotOptions) {
    this.#context = context;
    this.#options = options;
  }

  async run(): Promise<Ran> {
    const { source, store, folder } = this.#context;
    if (this.#isKnown()) {
      const none = { entities: new Map<string, number>(), inserted: 0, updated: 0, deleted: 0, written: undefined };
      const version = source.version();
      return { ...none, place: store.name, did: "unchanged", version, lastVersion: version };
    }
    try {
      using staged = await this.#stageNewer();
      return await this.#write(staged);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Whether nothing was committed since the last snapshot was written of this very store. */
  #isKnown(): boolean {
    const { source, last } = this.#context;
    if (last === undefined || this.#options.isAnew || !this.#hasSameTypes()) return false;
    return source.writtenSnapshot === last.index.name && source.version() === last.index.version;
  }

  #hasSameTypes(): boolean {
    const { models, last } = this.#context;
    const { types = [] } = last?.index ?? {};
    return models.size === types.length && types.every(({ name }) => models.has(name));
  }

  /** Whether the last snapshot's parts hold all that was staged. */
  #isSame({ inserted, updated, deleted }: StagedSnapshot): boolean {
    if (this.#context.last === undefined || this.#options.isAnew) return false;
    return inserted + updated + deleted === 0 && this.#hasSameTypes();
  }

  /** Other data needs another version: where a store was put back, it may have come to the same one. */
  async #stageNewer(): Promise<StagedSnapshot> {
    const staged = await this.#stage();
    const { source, last } = this.#context;
    const isNewer = last === undefined || staged.version > last.index.version;
    if (isNewer || this.#options.isDryRun || this.#isSame(staged)) return staged;
    staged[Symbol.dispose]();
    source.raiseVersion(last.index.ceiling);
    return this.#stage();
  }

  async #stage(): Promise<StagedSnapshot> {
    const { file, models, folder, store, last, onProgress, signal } = this.#context;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    const isCompared = last !== undefined && !this.#options.isAnew;
    const compared = isCompared ? { bucket: snapshotBucket(store), index: last.index } : undefined;
    return stageSnapshot({ file, models, last: compared, folder }, onProgress, signal);
  }

  async #write(staged: StagedSnapshot): Promise<Ran> {
    const { source, store, last, folder, openQueue, signal } = this.#context;
    const { isDryRun, isAnew, keep } = this.#options;
    const isSame = this.#isSame(staged);
    const { version, inserted, updated, deleted } = staged;
    const entities = new Map(staged.types.map(({ name, entities: count }) => [name, count]));
    const lastVersion = last?.index.version;
    const isUnchanged = isSame && lastVersion !== undefined && version <= lastVersion;
    const report = { place: store.name, version, lastVersion, entities, inserted, updated, deleted };
    if (isUnchanged && last !== undefined && !isDryRun) source.noteWrittenSnapshot(last.index.name);
    if (isUnchanged) return { ...report, did: "unchanged", written: undefined };
    const did = isSame ? "renewed" : "written";
    if (isDryRun) return { ...report, did, written: undefined };
    using queue = openQueue();
    const unique = randomBytes(4).toString("hex");
    const written = await writeSnapshot({ store, queue, clock: Date.now, unique, signal }, staged, {
      last,
      isSame,
      isAnew,
      keep,
      folder,
      source: source.identity,
    });
    source.noteWrittenSnapshot(written.index.name);
    return { ...report, did, written };
  }
}
