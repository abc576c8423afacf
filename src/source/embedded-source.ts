import type { Clock } from "../core/clock.ts";
import type { EntityData, EntityModel } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { tupleOf } from "../core/tuple.ts";
import type { Edit, EditOutcome } from "./edit.ts";
import { noteOwned } from "./entity-owner.ts";
import { EntityStore } from "./entity-store.ts";
import type { EntityTypeWriter } from "./entity-type-writer.ts";
import { EntityWriter } from "./entity-writer.ts";
import { checkRecord } from "./parse-record.ts";
import type { RefreshReport, Source } from "./source.ts";
import { hiddenText } from "./timed-entities.ts";

/** How often others may change what an edit is based on, while it is checked, until it gives up. */
const ATTEMPTS_MAX = 100;

export interface EmbeddedSourceOptions {
  /** The entity store. */
  readonly file: string;
  readonly models: ReadonlyMap<string, EntityModel>;
  /** Where a store that doesn't exist yet begins to count. */
  readonly firstVersion: number;
  /** As of `EntityStoreOptions`. */
  readonly clock?: Clock | undefined;
}

/** An edit that its schema has seen. */
type Checked =
  | {
      readonly kind: "store";
      readonly model: EntityModel;
      readonly entity: EntityData;
      readonly over: string | undefined;
    }
  /** `missing`: there was nothing that a patch could be laid over. */
  | { readonly kind: "delete" | "touch" | "missing"; readonly model: EntityModel; readonly id: string }
  | { readonly kind: "settled"; readonly outcome: EditOutcome };

/**
 * The source that rekiln owns: its entities are kept in the entity store, and nowhere else. Each change is committed
 * together with its event, so that none is lost between the two.
 */
export class EmbeddedSource extends EntityStore implements Source {
  readonly identity = "embedded";
  readonly #models: ReadonlyMap<string, EntityModel>;
  readonly #firstVersion: number;

  constructor({ file, models, firstVersion, clock }: EmbeddedSourceOptions) {
    super({ file, models, isDurable: true, clock });
    this.#models = models;
    this.#firstVersion = firstVersion;
  }

  /** Whether every declared type has its tables. */
  async isCurrent(): Promise<boolean> {
    return this.hasTables();
  }

  /** Nothing stands outside: makes the tables that are missing, or whose indexed fields are other ones now. */
  async refresh(_progress: (records: number) => void, signal: AbortSignal): Promise<RefreshReport> {
    signal.throwIfAborted();
    this.#makeTables();
    return { records: 0, inserted: 0, updated: 0, deleted: 0, kept: 0, problems: [], problemCount: 0 };
  }

  /**
   * Does edits in their order, in one transaction unless others write between a patch and what it is laid over. Those that are refused
   * don't keep the others from being done. When it returns, what was done is on the disk, with its events.
   *
   * @throws RekilnError `type-unknown` before anything is done; `entities-busy`
   */
  async apply(edits: readonly Edit[]): Promise<readonly EditOutcome[]> {
    for (const { type } of edits) this.#model(type);
    if (edits.length === 0) return [];
    this.#makeTables();
    const outcomes: EditOutcome[] = [];
    for (let attempts = 0; outcomes.length < edits.length; attempts++) {
      if (attempts === ATTEMPTS_MAX) throw contended();
      const checked: Checked[] = [];
      for (const edit of edits.slice(outcomes.length)) checked.push(await this.#check(edit));
      const done = this.#commit(checked);
      if (done.length > 0) attempts = 0;
      outcomes.push(...done);
    }
    return outcomes;
  }

  #makeTables(): void {
    if (this.hasTables()) return;
    this.#transact((writer) => {
      for (const model of this.#models.values()) writer.type(model);
    });
  }

  async #check(edit: Edit): Promise<Checked> {
    const { type } = edit;
    const model = this.#model(type);
    if (edit.kind === "delete" || edit.kind === "touch") return { kind: edit.kind, model, id: edit.id };
    const over = edit.kind === "patch" ? this.#text(type, edit.id) : undefined;
    if (edit.kind === "patch" && over === undefined) {
      return { kind: "missing", model, id: edit.id };
    }
    // Stored data is what `JSON.stringify` of an entity gave.
    const input = edit.kind === "put" ? edit.input : laidOver(JSON.parse(over ?? "") as EntityData, edit.fields);
    const checked = await checkRecord(model, input);
    const refuse = (message: string): Checked => ({ kind: "settled", outcome: { kind: "refused", type, message } });
    if (!checked.ok) return refuse(checked.message);
    if (edit.id !== undefined && checked.entity.id !== edit.id) {
      return refuse(`its id would be ${shown(checked.entity.id)}, not ${shown(edit.id)}`);
    }
    return { kind: "store", model, entity: checked.entity, over };
  }

  /** @returns how the first of them ended: fewer than were asked for when something that a patch is laid over has changed */
  #commit(checked: readonly Checked[]): readonly EditOutcome[] {
    return this.#transact((writer) => {
      const types = new Map<EntityModel, EntityTypeWriter>();
      const outcomes: EditOutcome[] = [];
      let isOwned = false;
      for (const one of checked) {
        if (one.kind === "settled") {
          outcomes.push(one.outcome);
          continue;
        }
        const type = types.get(one.model) ?? writer.type(one.model);
        types.set(one.model, type);
        const outcome = one.kind === "store" ? store(type, one, writer.version) : alter(writer, type, one);
        if (outcome === undefined) break;
        outcomes.push(outcome);
        isOwned ||= "version" in outcome;
      }
      if (isOwned) noteOwned(this.database);
      return outcomes;
    });
  }

  #transact<T>(work: (writer: EntityWriter) => T): T {
    const writer = new EntityWriter(this.database, this.#firstVersion, this.nowSeconds);
    try {
      const result = work(writer);
      writer.commit();
      return result;
    } catch (error) {
      writer.rollback();
      throw error;
    }
  }

  #text(type: string, id: string): string | undefined {
    // SQLite would take half a character for another one.
    if (!id.isWellFormed()) return undefined;
    const number = this.database.prepare("SELECT number FROM type WHERE name = ?").get(type)?.["number"];
    const row = this.database.prepare(`SELECT data FROM e${Number(number)} WHERE id = ?`).get(id);
    return row === undefined ? hiddenText(this.database, type, id) : String(row["data"]);
  }

  #model(type: string): EntityModel {
    const model = this.#models.get(type);
    if (model !== undefined) return model;
    throw new RekilnError({
      code: "type-unknown",
      message: `There is no entity type ${JSON.stringify(type)}.`,
      disposition: "fatal",
      hint: `Declare it in defineEntities, or use one of: ${[...this.#models.keys()].join(", ")}.`,
    });
  }
}

/** Undefined when another record is stored than the one that a patch was laid over. */
function store(
  type: EntityTypeWriter,
  { entity, over }: Extract<Checked, { kind: "store" }>,
  version: number,
): EditOutcome | undefined {
  const stored = type.find(entity.id);
  if (over !== undefined && (stored === undefined || type.text(stored.seq) !== over)) return undefined;
  const { did } = type.upsert(entity, stored?.raw ?? null, stored);
  const named = { type: type.model.name, id: entity.id };
  return did === "same" ? { kind: did, ...named } : { kind: did, ...named, version };
}

/** Undefined when what a patch was to be laid over is there by now. */
function alter(
  writer: EntityWriter,
  type: EntityTypeWriter,
  { kind, id, model }: Extract<Checked, { readonly model: EntityModel; readonly id: string }>,
): EditOutcome | undefined {
  const named = { type: model.name, id };
  // SQLite would take half a character for another one.
  const stored = id.isWellFormed() ? type.find(id) : undefined;
  if (kind === "missing") return stored === undefined ? { kind: "absent", ...named } : undefined;
  if (kind === "delete") {
    if (stored === undefined) return { kind: "absent", ...named };
    type.delete(stored.seq);
    return { kind: "deleted", ...named, version: writer.version };
  }
  const text = stored === undefined ? undefined : type.text(stored.seq);
  // Stored data is what `JSON.stringify` of an entity gave.
  const before = text === undefined ? null : tupleOf(model, JSON.parse(text) as EntityData);
  writer.noteChange({ ...named, fields: undefined, before });
  return { kind: "touched", ...named, version: writer.version };
}

function shown(id: string): string {
  return JSON.stringify(id.length <= 80 ? id : `${id.slice(0, 80)}…`);
}

/** A record with some of its fields replaced, whatever their names. */
function laidOver(stored: EntityData, fields: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries([...Object.entries(stored), ...Object.entries(fields)]);
}

function contended(): RekilnError {
  return new RekilnError({
    code: "entities-busy",
    message: "Others keep changing the entity that is to be patched.",
    disposition: "retry",
    hint: "Try again.",
  });
}
