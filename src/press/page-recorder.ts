import type { Dependency, Window } from "../core/dependency.ts";
import type { EntityData, WhereValues } from "../core/entity.ts";
import { NO_FIELDS } from "../core/field-set.ts";
import {
  allRef,
  assetRef,
  claimRef,
  conditionRef,
  entityRef,
  existenceRef,
  existsRef,
  valuesRef,
} from "../core/ref.ts";
import type { RefHash } from "../core/ref.ts";
import type { Scalar } from "../core/read.ts";
import { anyOf } from "../core/tuple.ts";
import type { Edge } from "../manifest/manifest.ts";
import { EntityUse } from "../source/recording-view.ts";
import type { EntityRecord } from "../source/source.ts";

const ALL: Dependency = { kind: "entity", fields: "*" };

/** Whether some entity has a value. */
export function existsEdge(type: string, field: string, value: Scalar, answer: boolean): Edge {
  return {
    ref: existsRef(type, field, value, answer),
    dependency: { kind: "exists", where: { [field]: value }, answer },
  };
}

/** With several fields the condition is found by the first of them; the rest is checked when it is. */
function conditionRefs(type: string, where: WhereValues): readonly RefHash[] {
  const [[field, wanted] = []] = Object.entries(where);
  if (field === undefined || wanted === undefined) return [allRef(type)];
  return anyOf(wanted).map((value) => conditionRef(type, field, value));
}

/** Collects what one page reads. */
export class PageRecorder {
  readonly #entities = new Map<string, Map<string, EntityUse>>();
  readonly #edges: Edge[] = [];
  /** The condition that was recorded last, and its refs: a list's window, count and number of pages come one after the other. */
  #condition: { readonly type: string; readonly where: WhereValues; readonly refs: readonly RefHash[] } | undefined;
  /** Start of the newest clock bucket that the page read, in Unix seconds; 0 when it read none. */
  time = 0;
  /** When the first of its clock buckets ends, in Unix seconds. */
  due: number | undefined;

  /** A view of an entity that the page asked for by its id. */
  named(type: string, id: string, record: EntityRecord | undefined): EntityData | undefined {
    const use = this.#use(type, id, record);
    use.isNamed = true;
    return use.view;
  }

  /** Some fields of an entity were used on this page's behalf; undefined is all of them. */
  used(type: string, id: string, record: EntityRecord | undefined, fields: readonly string[] | undefined): void {
    const use = this.#use(type, id, record);
    use.isNamed = true;
    if (fields === undefined) use.usesAll = true;
    else for (const field of fields) use.note(field);
  }

  /** A view of an entity that stood in a list. */
  row(type: string, record: EntityRecord): EntityData {
    return this.#use(type, record.id, record).view ?? record.data;
  }

  #use(type: string, id: string, record: EntityRecord | undefined): EntityUse {
    let uses = this.#entities.get(type);
    if (uses === undefined) {
      uses = new Map();
      this.#entities.set(type, uses);
    }
    let use = uses.get(id);
    if (use === undefined) {
      use = new EntityUse(type, id, record);
      uses.set(id, use);
    }
    return use;
  }

  window(type: string, window: Window): void {
    this.#addCondition(type, window.where, { kind: "window", window });
  }

  count(type: string, where: WhereValues): void {
    this.#addCondition(type, where, { kind: "count", where });
  }

  exists(type: string, field: string, value: Scalar, answer: boolean): void {
    this.edge(existsEdge(type, field, value, answer));
  }

  edge(edge: Edge): void {
    this.#edges.push(edge);
  }

  pages(type: string, where: WhereValues, perPage: number, answer: number): void {
    this.#addCondition(type, where, { kind: "pages", where, perPage, answer });
  }

  extent(type: string, where: WhereValues, perPage: number): void {
    this.#addCondition(type, where, { kind: "extent", where, perPage });
  }

  values(type: string, field: string): void {
    this.#add(valuesRef(type, field), { kind: "values" });
  }

  asset(file: string): void {
    this.#add(assetRef(file), { kind: "asset" });
  }

  /** The path that the page wants, and the folders above it whose names could be a file's. */
  claim(collisionKey: string, folders: readonly string[]): void {
    this.#add(claimRef(collisionKey), { kind: "claim" });
    for (const folder of folders) this.#add(claimRef(folder), { kind: "folder" });
  }

  clock(bucket: { readonly start: number; readonly end: number }): void {
    this.time = Math.max(this.time, bucket.start);
    this.due = Math.min(this.due ?? Number.POSITIVE_INFINITY, bucket.end);
  }

  /** The page says something else from a time on (Unix seconds), which is ahead or has come. */
  moment(at: number, isAhead: boolean): void {
    if (isAhead) this.due = Math.min(this.due ?? Number.POSITIVE_INFINITY, at);
    else this.time = Math.max(this.time, at);
  }

  #addCondition(type: string, where: WhereValues, dependency: Dependency): void {
    if (this.#condition?.where !== where || this.#condition.type !== type) {
      this.#condition = { type, where, refs: conditionRefs(type, where) };
    }
    for (const ref of this.#condition.refs) this.#add(ref, dependency);
  }

  #add(ref: RefHash, dependency: Dependency): void {
    this.#edges.push({ ref, dependency });
  }

  /** Everything that was read so far; what was read twice may be there twice. */
  edges(): Edge[] {
    const edges = [...this.#edges];
    for (const use of this.uses()) {
      const ofEntity = use.usesAll || use.used !== NO_FIELDS ? entityRef : existenceRef;
      edges.push({ ref: ofEntity(use.type, use.id), dependency: use.usesAll ? ALL : use.used.dependency });
    }
    return edges;
  }

  /** What was used of each entity. An id never changes: a row of which only the id was used is in its list's window, and that is all. */
  protected *uses(): Iterable<EntityUse> {
    for (const uses of this.#entities.values()) {
      for (const use of uses.values()) if (use.isNamed || use.usesAll || use.used !== NO_FIELDS) yield use;
    }
  }
}
