import type { DatabaseSync, StatementSync } from "node:sqlite";

import { changedFields } from "../core/changed-fields.ts";
import type { EntityData, EntityModel } from "../core/entity.ts";
import { tupleOf } from "../core/tuple.ts";
import type { Tuple } from "../core/tuple.ts";
import { mustTurn, presenceOf, visibleTimeOf, visibleTimeProblem } from "../core/visible-time.ts";
import { EntityValues } from "./entity-values.ts";
import type { OrderKeys } from "./entity-values.ts";
import { TimedEntities } from "./timed-entities.ts";

/** What an upsert did. */
export type Upserted = "inserted" | "updated" | "same";

export interface StoredRow {
  readonly seq: number;
  /** What `upsert` was given with it. */
  readonly raw: Uint8Array | null;
}

/** A change as the commit keeps it. */
export interface NotedChange {
  readonly type: string;
  readonly id: string;
  readonly fields: readonly string[] | undefined;
  readonly before: Tuple | null;
}

/** Where a type writer says what it changed. */
export interface ChangeNotes {
  note(change: NotedChange): void;
  /** All entities of a type that was empty, in one: rows of `e<n>`. */
  noteAll(type: string, number: number, count: number): void;
}

export interface TypeWriterOptions {
  readonly database: DatabaseSync;
  readonly model: EntityModel;
  /** Of the type's tables. */
  readonly number: number;
  readonly version: number;
  readonly keys: OrderKeys;
  readonly notes: ChangeNotes;
  readonly nowSeconds: number;
}

/**
 * Writes one type of an entity store, within the transaction of an `EntityWriter`. A record whose data didn't change
 * keeps its version.
 */
export class EntityTypeWriter {
  readonly model: EntityModel;
  /** Whether no entity of the type was stored before, and none has been changed or deleted since. */
  #isFresh: boolean;
  #inserted = 0;
  readonly #number: number;
  readonly #version: number;
  readonly #notes: ChangeNotes;
  readonly #values: EntityValues;
  readonly #find: StatementSync;
  readonly #read: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #mark: StatementSync;
  readonly #delete: StatementSync;
  readonly #seqs: StatementSync;
  /** Undefined for a type whose entities exist whenever they are stored. */
  readonly #timed: TimedEntities | undefined;
  readonly #nowSeconds: number;

  constructor({ database, model, number, version, keys, notes, nowSeconds }: TypeWriterOptions) {
    this.model = model;
    this.#nowSeconds = nowSeconds;
    const isTimed = model.publishAt !== undefined || model.expireAt !== undefined;
    this.#timed = isTimed ? new TimedEntities(database, number) : undefined;
    this.#number = number;
    this.#version = version;
    this.#notes = notes;
    this.#isFresh = database.prepare(`SELECT 1 FROM e${number} LIMIT 1`).get() === undefined;
    this.#values = new EntityValues(database, model, number, keys, this.#isFresh);
    const columns = model.index.map((_, index) => `k${index}`);
    this.#find = database.prepare(`SELECT seq, raw FROM e${number} WHERE id = ?`);
    this.#read = database.prepare(`SELECT data FROM e${number} WHERE seq = ?`);
    this.#insert = database.prepare(
      `INSERT INTO e${number} (${["id", "version", "raw", ...columns, "data"].join(", ")})
       VALUES (${["?", "?", "?", ...columns.map(() => "?"), "?"].join(", ")}) ON CONFLICT (id) DO NOTHING`,
    );
    this.#update = database.prepare(
      `UPDATE e${number} SET version = ?, raw = ?, ${columns.map((key) => `${key} = ?, `).join("")}data = ? WHERE seq = ?`,
    );
    this.#mark = database.prepare(`UPDATE e${number} SET raw = ? WHERE seq = ?`);
    this.#delete = database.prepare(`DELETE FROM e${number} WHERE seq = ?`);
    this.#seqs = database.prepare(`SELECT seq FROM e${number}`);
  }

  get isFresh(): boolean {
    return this.#isFresh;
  }

  find(id: string): StoredRow | undefined {
    const row = this.#find.get(id);
    if (row === undefined) {
      const timed = this.#timed?.find(id);
      return timed?.data === undefined ? undefined : { seq: -timed.number, raw: timed.raw };
    }
    return { seq: Number(row["seq"]), raw: row["raw"] instanceof Uint8Array ? row["raw"] : null };
  }

  /** The stored data as text: what `JSON.stringify` of the entity gave. */
  text(seq: number): string | undefined {
    if (seq < 0) return this.#timed?.text(-seq);
    const data = this.#read.get(seq)?.["data"];
    return data === undefined ? undefined : String(data);
  }

  /** Stores an entity unless its id is there. @returns its sequence number, undefined when nothing was done */
  insert(entity: EntityData, raw: Uint8Array | null): number | undefined {
    if (this.#timed !== undefined) {
      // Of two records with one id the first is taken, whether or not it is there yet.
      if (this.#timed.find(entity.id)?.data !== undefined) return undefined;
      if (this.#hides(entity, raw)) return this.find(entity.id)?.seq;
    }
    return this.#insertRow(entity, raw);
  }

  /** Notes from when to when an entity exists. @returns whether it doesn't now; then it is stored with its times */
  #hides(entity: EntityData, raw: Uint8Array | null): boolean {
    const timed = this.#timed;
    if (timed === undefined) return false;
    const time = visibleTimeOf(this.model, entity);
    const presence = presenceOf(time, this.#nowSeconds);
    if (presence !== "there") timed.putAway(entity.id, time, presence, JSON.stringify(entity), raw);
    else if (time.appears === undefined && time.goes === undefined) timed.remove(entity.id);
    else timed.putThere(entity.id, time);
    return presence !== "there";
  }

  #insertRow(entity: EntityData, raw: Uint8Array | null): number | undefined {
    const keys = this.#values.sortKeys(entity);
    const done = this.#insert.run(entity.id, this.#version, raw, ...keys, JSON.stringify(entity));
    if (done.changes === 0) return undefined;
    const seq = Number(done.lastInsertRowid);
    this.#values.insert(entity, seq);
    if (this.#isFresh) this.#inserted++;
    else this.#notes.note({ type: this.model.name, id: entity.id, fields: undefined, before: null });
    return seq;
  }

  /** Stores an entity; `raw` is whatever the source wants to recognise its record by. */
  upsert(entity: EntityData, raw: Uint8Array | null, stored: StoredRow | undefined): { did: Upserted; seq: number } {
    if (this.#timed !== undefined) {
      const before = stored === undefined ? undefined : this.text(stored.seq);
      if (this.#hides(entity, raw)) {
        if (stored !== undefined && stored.seq >= 0) this.#deleteRow(stored.seq);
        const did = before === undefined ? "inserted" : before === JSON.stringify(entity) ? "same" : "updated";
        return { did, seq: this.find(entity.id)?.seq ?? 0 };
      }
    }
    if (stored === undefined || stored.seq < 0) {
      const inserted = this.#insertRow(entity, raw);
      if (inserted === undefined) throw new Error(`the id ${JSON.stringify(entity.id)} is stored already`);
      return { did: "inserted", seq: inserted };
    }
    const data = JSON.stringify(entity);
    const { seq } = stored;
    const oldData = this.text(seq);
    if (oldData === undefined) throw new Error(`the row ${seq} is gone`);
    if (oldData === data) {
      if (raw !== stored.raw) this.#mark.run(raw, seq);
      return { did: "same", seq };
    }
    this.#endFresh();
    // Stored data is what `JSON.stringify` of an entity gave.
    const old = JSON.parse(oldData) as EntityData;
    // None when they only stand in another order, which a page sees that uses all of them.
    const fields = changedFields(old, entity);
    this.#update.run(this.#version, raw, ...this.#values.sortKeys(entity), data, seq);
    if (this.model.index.some((field) => fields.includes(field))) {
      this.#values.delete(old);
      this.#values.insert(entity, seq);
    }
    this.#notes.note({ type: this.model.name, id: entity.id, fields, before: tupleOf(this.model, old) });
    return { did: "updated", seq };
  }

  delete(seq: number): void {
    const text = this.#timed === undefined ? undefined : this.text(seq);
    // Stored data is what `JSON.stringify` of an entity gave.
    if (text !== undefined) this.#timed?.remove((JSON.parse(text) as EntityData).id);
    if (seq >= 0) this.#deleteRow(seq);
  }

  /**
   * Brings what exists in line with the clock: each entity whose time has come, or is over, is a change like any other.
   * @returns how many
   */
  turn(): number {
    let turned = 0;
    for (const { id, data, raw, presence, ...time } of this.#timed?.all() ?? []) {
      if (!mustTurn(time, presence, this.#nowSeconds)) continue;
      turned++;
      if (data !== undefined) {
        this.#insertRow(JSON.parse(data) as EntityData, raw);
        this.#timed?.putThere(id, time);
        continue;
      }
      const stored = this.find(id);
      const text = stored === undefined ? undefined : this.text(stored.seq);
      if (stored === undefined || text === undefined) continue;
      this.#deleteRow(stored.seq);
      const away = presenceOf(time, this.#nowSeconds) === "after" ? "after" : "before";
      this.#timed?.putAway(id, time, away, text, stored.raw);
    }
    return turned;
  }

  /** Notes the times of entities that were stored before their type had any. */
  noteTimes(): void {
    if (this.#timed === undefined) return;
    for (const seq of this.unseen(() => false)) {
      const text = this.text(seq);
      if (text === undefined) continue;
      const entity = JSON.parse(text) as EntityData;
      if (visibleTimeProblem(this.model, entity) === undefined)
        this.upsert(entity, this.find(entity.id)?.raw ?? null, this.find(entity.id));
    }
  }

  #deleteRow(seq: number): void {
    const data = this.text(seq);
    if (data === undefined) return;
    this.#endFresh();
    // Stored data is what `JSON.stringify` of an entity gave.
    const old = JSON.parse(data) as EntityData;
    this.#values.delete(old);
    this.#delete.run(seq);
    this.#notes.note({ type: this.model.name, id: old.id, fields: undefined, before: tupleOf(this.model, old) });
  }

  /** The sequence numbers of the stored entities that `isSeen` doesn't know. */
  unseen(isSeen: (seq: number) => boolean): number[] {
    const unseen: number[] = [];
    for (const number of this.#timed?.hidden() ?? []) if (!isSeen(-number)) unseen.push(-number);
    for (const row of this.#seqs.iterate()) {
      const seq = Number(row["seq"]);
      if (!isSeen(seq)) unseen.push(seq);
    }
    return unseen;
  }

  /** Brings what was laid aside to its place. */
  finish(): void {
    this.#endFresh();
    this.#values.finish();
  }

  #endFresh(): void {
    if (!this.#isFresh) return;
    this.#isFresh = false;
    if (this.#inserted > 0) this.#notes.noteAll(this.model.name, this.#number, this.#inserted);
  }
}
