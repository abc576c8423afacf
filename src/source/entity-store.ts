import type { DatabaseSync } from "node:sqlite";

import type { EntityChange } from "../core/change.ts";
import type { Clock } from "../core/clock.ts";
import type { EntityModel } from "../core/entity.ts";
import { CLOCKS_APART_SECONDS } from "../core/visible-time.ts";
import { forgetAllChanges, forgetChanges, readChanges } from "./entity-changes.ts";
import { EntityOutbox } from "./entity-outbox.ts";
import { EntityReader } from "./entity-reader.ts";
import { formatOf, openEntityDatabase, readMeta, writeMeta } from "./entity-schema.ts";
import { EntityWriter, knowsTimes } from "./entity-writer.ts";
import type { Outbox } from "./outbox.ts";
import type { SourceReader } from "./source.ts";

export interface EntityStoreOptions {
  readonly file: string;
  readonly models: ReadonlyMap<string, EntityModel>;
  /** Whether what was committed must outlive a power failure; default false. */
  readonly isDurable?: boolean | undefined;
  /** By which entities exist that do so for a time; default is the machine's. */
  readonly clock?: Clock | undefined;
}

/** What every source does that keeps its entities in an entity store. */
export abstract class EntityStore implements Disposable {
  readonly outbox: Outbox;
  protected readonly database: DatabaseSync;
  readonly #clock: Clock;
  readonly #file: string;
  readonly #models: ReadonlyMap<string, EntityModel>;

  constructor({ file, models, isDurable, clock = Date.now }: EntityStoreOptions) {
    this.#clock = clock;
    this.#file = file;
    this.#models = models;
    this.database = openEntityDatabase(file, { readOnly: false, isDurable });
    this.outbox = new EntityOutbox(this.database);
  }

  reader(): SourceReader {
    return new EntityReader(this.#file, this.#models);
  }

  version(): number {
    return formatOf(this.database) === "none" ? 0 : Number(readMeta(this.database, "version"));
  }

  raiseVersion(version: number): void {
    this.database.exec("BEGIN IMMEDIATE");
    try {
      const raised = Math.max(version, this.version()) + 1;
      writeMeta(this.database, "version", raised);
      forgetAllChanges(this.database, raised);
      this.database.exec("COMMIT");
    } catch (error) {
      if (this.database.isTransaction) this.database.exec("ROLLBACK");
      throw error;
    }
  }

  changesSince(version: number): readonly EntityChange[] | undefined {
    return readChanges(this.database, version);
  }

  forgetChanges(version: number): void {
    forgetChanges(this.database, version);
  }

  /** Whether the store is there, and every declared type has its tables, with the fields indexed that are declared. */
  hasTables(): boolean {
    if (formatOf(this.database) !== "current") return false;
    const find = this.database.prepare("SELECT fields FROM type WHERE name = ?");
    return this.#models
      .values()
      .every(
        (model) => find.get(model.name)?.["fields"] === JSON.stringify(model.index) && knowsTimes(this.database, model),
      );
  }

  /**
   * Lets entities appear whose time has come, and go whose time is over: changes like any others, with events. @returns how many
   */
  turnTimes(): number {
    const timed = [...this.#models.values()].filter(({ publishAt, expireAt }) => (publishAt ?? expireAt) !== undefined);
    if (timed.length === 0 || !this.hasTables() || !this.isTimeToTurn()) return 0;
    const writer = new EntityWriter(this.database, 0, this.nowSeconds);
    try {
      const turned = timed.reduce((sum, model) => sum + writer.type(model).turn(), 0);
      writer.commit();
      return turned;
    } catch (error) {
      writer.rollback();
      throw error;
    }
  }

  /** Whether `turnTimes` has something to do. It reads a row of an index, or a few. */
  isTimeToTurn(): boolean {
    if (this.database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'timed'").get() === undefined) return false;
    const now = this.nowSeconds;
    const rows = this.database.prepare(
      `SELECT appears, goes, data IS NULL AS there FROM timed WHERE data IS NOT NULL AND appears <= :now AND (goes IS NULL OR goes > :now)
         UNION ALL SELECT appears, goes, 1 FROM timed WHERE data IS NULL AND (goes <= :now OR appears > :ahead)
         UNION ALL SELECT appears, goes, 0 FROM timed WHERE data IS NOT NULL AND appears IS NULL AND goes > :ahead`,
    );
    return rows.get({ now, ahead: now + CLOCKS_APART_SECONDS }) !== undefined;
  }

  /** The snapshot that was written of this very store last, as `noteWrittenSnapshot` noted it. */
  get writtenSnapshot(): string | undefined {
    return formatOf(this.database) === "current" ? readMeta(this.database, "written") : undefined;
  }

  /** Notes which snapshot was written of this store. A copy of the store that is put back knows an older one. */
  noteWrittenSnapshot(snapshot: string): void {
    writeMeta(this.database, "written", snapshot);
  }

  /** By the clock of this store, in Unix seconds. */
  protected get nowSeconds(): number {
    return Math.floor(this.#clock() / 1000);
  }

  [Symbol.dispose](): void {
    this.database.close();
  }
}
