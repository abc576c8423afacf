import type { Window } from "../core/dependency.ts";
import { formatEntityName } from "../core/entity-name.ts";
import type { EntityName } from "../core/entity-name.ts";
import type { WhereValues } from "../core/entity.ts";
import { existsRef } from "../core/ref.ts";
import type { Edge } from "../manifest/manifest.ts";
import { PageRecorder } from "./page-recorder.ts";
import { conditionText } from "./ref-text.ts";

/** One thing that a page read, in the words of the glossary. */
export interface PageRead {
  readonly use: "entity" | "list" | "count" | "exists" | "pages" | "values" | "asset" | "clock";
  /** `film:42{title,slug}`, `film[genre=drama] by -rating to 8.7,42`. */
  readonly ref: string;
}

const listText = (type: string, where: WhereValues): string => type + conditionText({ kind: "count", where });

/** A recorder that can tell people what a page read: in a manifest, refs are hashes. */
export class TellingRecorder extends PageRecorder {
  readonly #types: readonly string[];
  readonly #told = new Map<string, PageRead>();

  /** @param types the site's entity types */
  constructor(types: readonly string[]) {
    super();
    this.#types = types;
  }

  override window(type: string, window: Window): void {
    this.#tell("list", `${type}${conditionText({ kind: "window", window })}`);
    super.window(type, window);
  }

  override count(type: string, where: WhereValues): void {
    this.#tell("count", listText(type, where));
    super.count(type, where);
  }

  override edge(edge: Edge): void {
    const { ref, dependency } = edge;
    if (dependency.kind === "exists") {
      const [[field, value] = []] = Object.entries(dependency.where);
      // One of a field and one value, of a type that only the hash tells.
      const type = this.#types.find(
        (name) =>
          field !== undefined &&
          !Array.isArray(value) &&
          existsRef(name, field, value as string, dependency.answer) === ref,
      );
      if (type !== undefined) this.#tell("exists", listText(type, dependency.where));
    }
    super.edge(edge);
  }

  override pages(type: string, where: WhereValues, perPage: number, answer: number): void {
    this.#tell("pages", `${listText(type, where)} in pages of ${perPage}`);
    super.pages(type, where, perPage, answer);
  }

  override values(type: string, field: string): void {
    this.#tell("values", `${type}[${field}]`);
    super.values(type, field);
  }

  override asset(file: string): void {
    this.#tell("asset", `static/${file}`);
    super.asset(file);
  }

  override clock(bucket: { readonly start: number; readonly end: number }): void {
    this.#tell("clock", `until ${new Date(bucket.end * 1000).toISOString()}`);
    super.clock(bucket);
  }

  /** All that was read so far, each once: lists and answers as they were asked for, then entities. */
  reads(): readonly PageRead[] {
    const entities = [...this.uses()].map(({ type, id, usesAll, fields }): PageRead => {
      const mask = usesAll ? "*" : fields.toSorted().join(",");
      return { use: "entity", ref: `${formatEntityName({ type, id })}{${mask}}` };
    });
    return [...this.#told.values(), ...entities];
  }

  /** The entities that it read more of than the id. */
  entities(): readonly EntityName[] {
    return [...this.uses()].map(({ type, id }) => ({ type, id }));
  }

  #tell(use: PageRead["use"], ref: string): void {
    this.#told.set(`${use} ${ref}`, { use, ref });
  }
}
