import type { DatabaseSync } from "node:sqlite";

import type { EntityChange } from "../core/change.ts";
import type { EntityModel } from "../core/entity.ts";
import { forgetAllChanges, forgetChanges, readChanges } from "./entity-changes.ts";
import { EntityOutbox } from "./entity-outbox.ts";
import { EntityReader } from "./entity-reader.ts";
import { formatOf, openEntityDatabase, readMeta, writeMeta } from "./entity-schema.ts";
import type { Outbox } from "./outbox.ts";
import type { SourceReader } from "./source.ts";

export interface EntityStoreOptions {
  readonly file: string;
  readonly models: ReadonlyMap<string, EntityModel>;
  /** Whether what was committed must outlive a power failure; default false. */
  readonly isDurable?: boolean | undefined;
}

/** What every source does that keeps its entities in an entity store. */
export abstract class EntityStore implements Disposable {
  readonly outbox: Outbox;
  protected readonly database: DatabaseSync;
  readonly #file: string;
  readonly #models: ReadonlyMap<string, EntityModel>;

  constructor({ file, models, isDurable }: EntityStoreOptions) {
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
    return this.#models.values().every(({ name, index }) => find.get(name)?.["fields"] === JSON.stringify(index));
  }

  [Symbol.dispose](): void {
    this.database.close();
  }
}
