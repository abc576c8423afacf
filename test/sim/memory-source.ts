import { changedFields } from "../../src/core/changed-fields.ts";
import type { EntityChange } from "../../src/core/change.ts";
import type { EntityData, EntityModel } from "../../src/core/entity.ts";
import { tupleOf } from "../../src/core/tuple.ts";
import type { Tuple } from "../../src/core/tuple.ts";
import type { Edit, EditOutcome } from "../../src/source/edit.ts";
import { mergeChanges } from "../../src/source/entity-changes.ts";
import type { ChangeRow } from "../../src/source/entity-changes.ts";
import type { Outbox, WaitingBatch } from "../../src/source/outbox.ts";
import type { RefreshReport, Snapshot, Source, SourceReader } from "../../src/source/source.ts";
import { MemorySnapshot } from "./memory-snapshot.ts";
import type { Entities } from "./memory-snapshot.ts";

const NOTHING: RefreshReport = {
  records: 0,
  inserted: 0,
  updated: 0,
  deleted: 0,
  kept: 0,
  problems: [],
  problemCount: 0,
};

interface StoredChange extends ChangeRow {
  isQueued: boolean;
}

/** A change row, as long as it isn't numbered. */
type Noted = Omit<ChangeRow, "number" | "version">;

/** A source that rekiln owns, in memory, for simulations: what `EmbeddedSource` does, but for schemas. It keeps every version. */
export class MemorySource implements Source, Outbox {
  readonly identity = "embedded";
  readonly outbox: Outbox = this;
  readonly models: ReadonlyMap<string, EntityModel>;
  /** What was stored at each version; no two are one number. */
  readonly #states = new Map<number, Entities>();
  #changes: StoredChange[] = [];
  #version = 0;
  #changesFrom = 0;
  #unqueuedUntil: number | undefined;
  #lastNumber = 0;

  constructor(models: ReadonlyMap<string, EntityModel>) {
    this.models = models;
    this.#states.set(0, new Map(Array.from(models.keys(), (type) => [type, new Map()])));
  }

  version(): number {
    return this.#version;
  }

  has(version: number): boolean {
    return this.#states.has(version);
  }

  /** What was stored at a version. */
  at(version: number): Entities {
    const state = this.#states.get(version);
    if (state === undefined) throw new Error(`there is no version ${version}`);
    return state;
  }

  /** Does edits in one commit. */
  apply(edits: readonly Edit[]): readonly EditOutcome[] {
    const version = this.#version + 1;
    const state = new Map(this.at(this.#version));
    const noted: Noted[] = [];
    const outcomes = edits.map((edit) => {
      const { kind, outcome } = this.#edit(state, edit, noted);
      return { kind, ...outcome, version } as EditOutcome;
    });
    if (noted.length === 0) return outcomes;
    this.#version = version;
    this.#states.set(version, state);
    for (const one of noted) this.#changes.push({ ...one, version, number: ++this.#lastNumber, isQueued: false });
    return outcomes;
  }

  #edit(
    state: Map<string, ReadonlyMap<string, EntityData>>,
    edit: Edit,
    noted: Noted[],
  ): { readonly kind: string; readonly outcome: { readonly type: string; readonly id: string } } {
    const { type } = edit;
    const model = this.models.get(type);
    // Inputs of the simulation are records.
    const id = edit.kind === "put" ? (edit.input as EntityData).id : edit.id;
    const entities = new Map(state.get(type));
    state.set(type, entities);
    const old = entities.get(id);
    const outcome = { type, id };
    if (model === undefined) throw new Error(`there is no entity type ${type}`);
    const before: Tuple | null = old === undefined ? null : tupleOf(model, old);
    switch (edit.kind) {
      case "touch":
        noted.push({ ...outcome, fields: undefined, before });
        return { kind: "touched", outcome };
      case "delete":
        if (old === undefined) return { kind: "absent", outcome };
        entities.delete(id);
        noted.push({ ...outcome, fields: undefined, before });
        return { kind: "deleted", outcome };
      case "patch":
      case "put": {
        if (edit.kind === "patch" && old === undefined) return { kind: "absent", outcome };
        const entity = (edit.kind === "put" ? edit.input : { ...old, ...edit.fields }) as EntityData;
        if (JSON.stringify(old) === JSON.stringify(entity)) return { kind: "same", outcome };
        entities.set(id, Object.freeze(entity));
        noted.push({ ...outcome, fields: old === undefined ? undefined : changedFields(old, entity), before });
        return { kind: old === undefined ? "inserted" : "updated", outcome };
      }
    }
  }

  async refresh(): Promise<RefreshReport> {
    return NOTHING;
  }

  reader(): SourceReader {
    return {
      snapshot: (): Snapshot => new MemorySnapshot(this.#version, this.at(this.#version)),
      [Symbol.dispose]: () => undefined,
    };
  }

  raiseVersion(version: number): void {
    const raised = Math.max(version, this.#version) + 1;
    this.#states.set(raised, this.at(this.#version));
    this.#version = raised;
    this.#changes = [];
    this.#changesFrom = raised;
    this.#unqueuedUntil = raised;
  }

  /** Goes back to what was stored at an older version, its counter too: a copy of the database was put in place. */
  restore(version: number): void {
    for (const later of this.#states.keys()) if (later > version) this.#states.delete(later);
    this.#changes = this.#changes.filter((change) => change.version <= version);
    this.#version = version;
  }

  changesSince(version: number): readonly EntityChange[] | undefined {
    if (version < this.#changesFrom) return undefined;
    return mergeChanges(this.#changes.filter((row) => row.version > version)).map(({ change }) => change);
  }

  forgetChanges(version: number): void {
    this.#changes = this.#changes.filter((row) => row.version > version);
    this.#changesFrom = Math.max(this.#changesFrom, version);
    if ((this.#unqueuedUntil ?? 0) <= version) this.#unqueuedUntil = undefined;
  }

  waiting(after: number, limit: number): WaitingBatch {
    const rows = this.#changes.filter(({ number, isQueued }) => !isQueued && number > after).slice(0, limit);
    const changes = mergeChanges(rows).map(({ change, numbers }) => ({ change, rows: numbers }));
    return { changes, last: rows.at(-1)?.number };
  }

  markQueued(rows: readonly number[]): void {
    for (const change of this.#changes) if (rows.includes(change.number)) change.isQueued = true;
  }

  count(): number {
    return this.#changes.filter(({ isQueued }) => !isQueued).length;
  }

  needsBuild(): boolean {
    return this.#unqueuedUntil !== undefined;
  }

  [Symbol.dispose](): void {
    // It has nothing but memory.
  }
}
