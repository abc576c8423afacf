import type { Window } from "../core/dependency.ts";
import type { EntityData, WhereValues } from "../core/entity.ts";
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
import { anyOf } from "../core/tuple.ts";
import type { Edge } from "../manifest/manifest.ts";
import type { EntityRecord } from "../source/source.ts";
import { PageRecorder } from "./page-recorder.ts";
import type { RefName } from "./ref-text.ts";

/** A recorder that also keeps what each ref was hashed of: the manifest keeps the hashes alone. */
export class NamingRecorder extends PageRecorder {
  readonly names = new Map<RefHash, RefName>();
  readonly #types: readonly string[];

  /** @param types the site's entity types */
  constructor(types: Iterable<string>) {
    super();
    this.#types = [...types];
  }

  override named(type: string, id: string, record: EntityRecord | undefined): EntityData | undefined {
    this.#entity(type, id);
    return super.named(type, id, record);
  }

  override used(
    type: string,
    id: string,
    record: EntityRecord | undefined,
    fields: readonly string[] | undefined,
  ): void {
    this.#entity(type, id);
    super.used(type, id, record, fields);
  }

  override row(type: string, record: EntityRecord): EntityData {
    this.#entity(type, record.id);
    return super.row(type, record);
  }

  override window(type: string, window: Window): void {
    this.#list(type, window.where);
    super.window(type, window);
  }

  override count(type: string, where: WhereValues): void {
    this.#list(type, where);
    super.count(type, where);
  }

  /** Whether some entity has a value. The edge doesn't say of which type. */
  override edge(edge: Edge): void {
    const { ref, dependency } = edge;
    if (dependency.kind === "exists") {
      for (const [field, wanted] of Object.entries(dependency.where)) {
        const isOf = (type: string): boolean =>
          anyOf(wanted).some((value) => existsRef(type, field, value, dependency.answer) === ref);
        const type = this.#types.find(isOf);
        if (type !== undefined) this.names.set(ref, { kind: "list", type });
      }
    }
    super.edge(edge);
  }

  override pages(type: string, where: WhereValues, perPage: number, answer: number): void {
    this.#list(type, where);
    super.pages(type, where, perPage, answer);
  }

  override extent(type: string, where: WhereValues, perPage: number): void {
    this.#list(type, where);
    super.extent(type, where, perPage);
  }

  override values(type: string, field: string): void {
    this.names.set(valuesRef(type, field), { kind: "values", type, field });
    super.values(type, field);
  }

  override asset(file: string): void {
    this.names.set(assetRef(file), { kind: "asset", file });
    super.asset(file);
  }

  override claim(collisionKey: string, folders: readonly string[]): void {
    for (const path of [collisionKey, ...folders]) this.names.set(claimRef(path), { kind: "path", path });
    super.claim(collisionKey, folders);
  }

  #entity(type: string, id: string): void {
    const name: RefName = { kind: "entity", type, id };
    this.names.set(entityRef(type, id), name).set(existenceRef(type, id), name);
  }

  #list(type: string, where: WhereValues): void {
    const [[field, wanted] = []] = Object.entries(where);
    if (field === undefined || wanted === undefined) this.names.set(allRef(type), { kind: "list", type });
    else for (const value of anyOf(wanted)) this.names.set(conditionRef(type, field, value), { kind: "list", type });
  }
}
