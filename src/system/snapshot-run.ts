import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { RelayReport } from "../press/publish.ts";
import { writeSnapshot } from "../press/write-snapshot.ts";
import type { StoredSnapshot, WrittenSnapshot } from "../press/write-snapshot.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { EmbeddedSource } from "../source/embedded-source.ts";
import type { Mirror } from "../source/mirror.ts";
import type { RefreshReport } from "../source/source.ts";
import { stageSnapshot } from "../source/stage-snapshot.ts";
import type { StagedSnapshot } from "../source/stage-snapshot.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { openQueue } from "./open-queue.ts";
import { entityFileOf } from "./open-source.ts";
import { siteFolders } from "./site-folders.ts";
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
  /** What waited in the outbox, and was sent; undefined in a dry run. */
  readonly relay: RelayReport | undefined;
}

/** One run of `rekiln snapshot`, once the source is taken in: stages, compares, writes. */
export class SnapshotRun {
  readonly #config: LoadedConfig;
  readonly #store: ObjectStore;
  readonly #source: Mirror | EmbeddedSource;
  readonly #last: StoredSnapshot | undefined;
  readonly #options: RunSnapshotOptions;
  readonly #surroundings: SnapshotSurroundings;
  /** Of what is staged; the lock has it be this run's alone. */
  readonly #folder: string;

  constructor(
    config: LoadedConfig,
    store: ObjectStore,
    source: Mirror | EmbeddedSource,
    last: StoredSnapshot | undefined,
    options: RunSnapshotOptions,
    surroundings: SnapshotSurroundings,
  ) {
    this.#config = config;
    this.#store = store;
    this.#source = source;
    this.#last = last;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#folder = join(siteFolders(config).state, "snapshot-staged");
  }

  async run(): Promise<Omit<SnapshotReport, "source" | "relay">> {
    if (this.#isKnown()) {
      const none = { entities: new Map<string, number>(), inserted: 0, updated: 0, deleted: 0, written: undefined };
      const version = this.#source.version();
      return { ...none, place: this.#store.name, did: "unchanged", version, lastVersion: version };
    }
    try {
      using staged = await this.#stageNewer();
      return await this.#write(staged);
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** Whether nothing was committed since the last snapshot was written of this very store. */
  #isKnown(): boolean {
    const { index } = this.#last ?? {};
    if (index === undefined || this.#options.isAnew || !this.#hasSameTypes()) return false;
    return this.#source.writtenSnapshot === index.name && this.#source.version() === index.version;
  }

  #hasSameTypes(): boolean {
    const declared = [...this.#config.site.entities.keys()];
    const { types = [] } = this.#last?.index ?? {};
    return declared.length === types.length && types.every(({ name }) => declared.includes(name));
  }

  #isSame({ inserted, updated, deleted }: StagedSnapshot): boolean {
    if (this.#last === undefined || this.#options.isAnew) return false;
    return inserted + updated + deleted === 0 && this.#hasSameTypes();
  }

  /** Other data needs another version: where a store was put back, it may have come to the same one. */
  async #stageNewer(): Promise<StagedSnapshot> {
    const staged = await this.#stage();
    const { index } = this.#last ?? {};
    const isNewer = index === undefined || staged.version > index.version;
    if (isNewer || this.#options.isDryRun || this.#isSame(staged)) return staged;
    staged[Symbol.dispose]();
    this.#source.raiseVersion(index.ceiling);
    return this.#stage();
  }

  async #stage(): Promise<StagedSnapshot> {
    const { signal, onProgress } = this.#surroundings;
    // What a killed run staged is of no use.
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder, { recursive: true, mode: 0o750 });
    const last =
      this.#last === undefined || this.#options.isAnew
        ? undefined
        : { bucket: snapshotBucket(this.#store), index: this.#last.index };
    const models = this.#config.site.entities;
    const file = entityFileOf(siteFolders(this.#config));
    return stageSnapshot(
      { file, models, last, folder: this.#folder },
      (entities) => onProgress("entities", entities),
      signal,
    );
  }

  async #write(staged: StagedSnapshot): Promise<Omit<SnapshotReport, "source" | "relay">> {
    const { isDryRun, isAnew, keep } = this.#options;
    const isSame = this.#isSame(staged);
    const { version, inserted, updated, deleted } = staged;
    const entities = new Map(staged.types.map(({ name, entities: count }) => [name, count]));
    const lastVersion = this.#last?.index.version;
    const isUnchanged = isSame && lastVersion !== undefined && version <= lastVersion;
    const report = { place: this.#store.name, version, lastVersion, entities, inserted, updated, deleted };
    if (isUnchanged && this.#last !== undefined && !isDryRun) this.#source.noteWrittenSnapshot(this.#last.index.name);
    if (isUnchanged) return { ...report, did: "unchanged", written: undefined };
    const did = isSame ? "renewed" : "written";
    if (isDryRun) return { ...report, did, written: undefined };
    using queue = openQueue(this.#config);
    const written = await writeSnapshot(
      {
        store: this.#store,
        queue,
        clock: Date.now,
        unique: randomBytes(4).toString("hex"),
        signal: this.#surroundings.signal,
      },
      staged,
      { last: this.#last, isSame, isAnew, keep, folder: this.#folder, source: this.#source.identity },
    );
    this.#source.noteWrittenSnapshot(written.index.name);
    return { ...report, did, written };
  }
}
