import type { EntityData, EntityModel } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { forgetAllChanges } from "./entity-changes.ts";
import { checkMirror } from "./entity-owner.ts";
import { formatOf, readMeta, writeMeta } from "./entity-schema.ts";
import { EntityWriter } from "./entity-writer.ts";
import { Mirror } from "./mirror.ts";
import type { MirrorOptions } from "./mirror.ts";
import { MirrorRefresh } from "./mirror-refresh.ts";
import type { SnapshotBucket } from "./snapshot-bucket.ts";
import { brokenSnapshot } from "./snapshot-format.ts";
import type { SnapshotIndex } from "./snapshot-format.ts";
import { snapshotRecords } from "./snapshot-records.ts";
import type { RefreshReport } from "./source.ts";

export interface SnapshotSourceOptions extends Omit<MirrorOptions, "fingerprint" | "firstVersion"> {
  /** What the place of the snapshots is called: `s3://films/snapshots/`. */
  readonly name: string;
  readonly open: () => Promise<SnapshotBucket>;
}

/** What is stored was checked by the machine that wrote it. */
const FINGERPRINT = "snapshot";
const NAME = "snapshot";
const SOURCE = "snapshot_source";

/**
 * What another machine wrote of its source, mirrored. Versions are those of that machine, the same on all that read the snapshot, so that
 * stamps, events and the site record mean one thing everywhere; this one never counts by itself. The machine that wrote it has published every
 * difference between two snapshots before the later one could be read: what is taken in here is in the queue already.
 */
export class SnapshotSource extends Mirror {
  readonly #options: SnapshotSourceOptions;
  readonly #models: ReadonlyMap<string, EntityModel>;

  constructor(options: SnapshotSourceOptions) {
    const models = new Map([...options.models].map(([name, model]) => [name, asWritten(model)]));
    super({ ...options, models, fingerprint: FINGERPRINT, firstVersion: 0 });
    this.#options = options;
    this.#models = models;
  }

  /** That of the source which was written: pages that were made on that machine are of the same versions. */
  get identity(): string {
    return this.#meta(SOURCE) ?? `snapshot:${this.#options.name}`;
  }

  /** The snapshot that was loaded last. */
  get loaded(): string | undefined {
    return this.#meta(NAME);
  }

  #meta(key: string): string | undefined {
    return formatOf(this.database) === "current" ? readMeta(this.database, key) : undefined;
  }

  async bytes(): Promise<number> {
    await using bucket = await this.#options.open();
    const { types } = await currentOf(bucket, new AbortController().signal);
    return types.flatMap(({ parts }) => parts).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  protected async open(signal: AbortSignal): Promise<never> {
    signal.throwIfAborted();
    throw new Error("a snapshot is taken in by refresh");
  }

  /** Whether what was loaded is the current snapshot. */
  override async isCurrent(signal: AbortSignal): Promise<boolean> {
    await using bucket = await this.#options.open();
    return this.#isLoaded(await currentOf(bucket, signal));
  }

  #isLoaded({ name, version }: SnapshotIndex): boolean {
    return this.hasTables() && this.loaded === name && this.version() === version;
  }

  /**
   * Loads the current snapshot, unless it is loaded, in one commit: who reads sees the one before or this one whole. Only what differs is written.
   *
   * @throws RekilnError `snapshot-absent`, `snapshot-older`, `snapshot-gone`, `snapshot-broken`; nothing is changed then
   */
  override async refresh(progress: (records: number) => void, signal: AbortSignal): Promise<RefreshReport> {
    await using bucket = await this.#options.open();
    const index = await currentOf(bucket, signal);
    const refresh = new MirrorRefresh(progress, signal);
    if (this.#isLoaded(index)) return refresh.report();
    this.#checkOrder(index);
    await using records = snapshotRecords(bucket, index);
    // A store that isn't there yet begins where it knows of no change before.
    const writer = new EntityWriter(this.database, index.version - 1, this.nowSeconds, {
      version: index.version,
      // Whoever begins here has made no page of a state that nobody was told of.
      isQueued: this.loaded === undefined || this.version() >= index.since,
    });
    try {
      checkMirror(this.database);
      if (this.loaded === undefined) this.#beginAnew(index.version);
      for (const model of this.#models.values()) await refresh.type(writer, model, records, FINGERPRINT);
      signal.throwIfAborted();
      const report = refresh.report();
      const [problem] = report.problems;
      if (problem !== undefined) throw brokenSnapshot(problem.place, problem.message);
      writeMeta(this.database, NAME, index.name);
      writeMeta(this.database, SOURCE, index.source);
      writer.commit();
      return report;
    } catch (error) {
      writer.rollback();
      throw error;
    }
  }

  /** What is here, if anything, is of another source, and its versions are. */
  #beginAnew(version: number): void {
    forgetAllChanges(this.database, version, true);
    if (this.database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'timed'").get() !== undefined) {
      this.database.exec("DELETE FROM timed");
    }
  }

  #checkOrder({ name, version }: SnapshotIndex): void {
    const { loaded } = this;
    if (loaded === undefined || version > this.version() || (version === this.version() && name === loaded)) return;
    throw this.#older(
      `The snapshot at ${this.#options.name} has version ${version}, but version ${this.version()} of it was loaded before.`,
      this.version(),
    );
  }

  /**
   * Versions are counted where snapshots are written: here they can only be found to be high enough.
   *
   * @throws RekilnError `snapshot-older` when they aren't
   */
  override raiseVersion(version: number): void {
    if (this.version() <= version) {
      throw this.#older(
        `The snapshot at ${this.#options.name} has version ${this.version()}, but pages were made from versions up to ${version}.`,
        version,
      );
    }
    this.database.exec("BEGIN IMMEDIATE");
    forgetAllChanges(this.database, this.version(), true);
    this.database.exec("COMMIT");
  }

  #older(message: string, version: number): RekilnError {
    return new RekilnError({
      code: "snapshot-older",
      message,
      disposition: "fatal",
      hint: `Run rekiln snapshot --above ${version} where the source is: versions go on from there.`,
    });
  }
}

async function currentOf(bucket: SnapshotBucket, signal: AbortSignal): Promise<SnapshotIndex> {
  const index = await bucket.current(signal);
  if (index !== undefined) return index;
  throw new RekilnError({
    code: "snapshot-absent",
    message: `There is no snapshot at ${bucket.name}.`,
    disposition: "fatal",
    hint: "Nothing was changed. Run rekiln snapshot where the source is, or correct source: snapshot(…) in the config.",
  });
}

/**
 * A type of which each entity is what its schema gave, at its time: the machine that writes snapshots turns entities by the clock, so that all
 * who read them have the same.
 */
function asWritten(model: EntityModel): EntityModel {
  return {
    name: model.name,
    index: model.index,
    // Parts are what `JSON.stringify` gave of entities; that they have an id is looked at for all sources.
    schema: { "~standard": { version: 1, vendor: "rekiln", validate: (value) => ({ value: value as EntityData }) } },
  };
}
