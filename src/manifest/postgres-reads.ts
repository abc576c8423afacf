import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import { parseDependency } from "./edge-text.ts";
import type { LeftPath, LeftPathReads } from "./left-paths.ts";
import type { Asked, Dependant, ManifestLook, PageRow } from "./manifest.ts";
import { asksFor, takeUses, usesSql } from "./postgres-asks.ts";
import type { SqlRow } from "./postgres-channel.ts";
import { PostgresFacts } from "./postgres-facts.ts";
import type { PageUses } from "./postgres-facts.ts";
import type { Tables } from "./postgres-schema.ts";
import { decoded, idOf, parseRefs, sqlRefs } from "./postgres-sql.ts";

const PIECE_ROWS = 500;

/** Runs statements in one round trip, in a transaction where there is one. */
export interface PostgresLink {
  readonly table: Tables;
  readonly site: number;
  readonly rows: (...statements: readonly string[]) => readonly (readonly SqlRow[])[];
}

/** Reads a manifest in Postgres: what was asked for beforehand is known, and what is asked for stays known as long as this is used. */
export class PostgresReads implements ManifestLook {
  readonly facts = new PostgresFacts();
  readonly left: LeftPathReads;
  readonly #link: PostgresLink;

  constructor(link: PostgresLink) {
    this.#link = link;
    const { facts } = this;
    this.left = {
      at: (collisionKey) => {
        this.ask({ left: [collisionKey] });
        return facts.left.get(collisionKey);
      },
      below: (collisionKey) => {
        this.ask({ below: [collisionKey] });
        return this.#leftAmong(facts.below.get(collisionKey));
      },
      of: (key) => {
        this.ask({ pages: [key] });
        return this.#leftAmong(facts.leftOf.get(key)).filter((left) => left.key === key);
      },
    };
  }

  #leftAmong(collisionKeys: ReadonlySet<string> | undefined): readonly LeftPath[] {
    return [...(collisionKeys ?? [])].flatMap((collisionKey) => this.facts.left.get(collisionKey) ?? []);
  }

  ask(asked: Asked): void {
    const asks = asksFor(asked, this.#link.table, this.#link.site, this.facts);
    if (asks.length === 0) return;
    const answers = this.#link.rows(...asks.map(({ sql }) => sql));
    for (const [place, { take }] of asks.entries()) take(answers[place] ?? []);
  }

  page(key: PageKey): PageRow | undefined {
    if (!this.facts.rows.has(key)) this.ask({ pages: [key] });
    return this.facts.rows.get(key);
  }

  pagesOf(first: PageKey): readonly PageRow[] {
    this.ask({ subjects: [first] });
    return [...(this.facts.subjects.get(first) ?? [])].flatMap((key) => this.facts.rows.get(key) ?? []);
  }

  *dependants(ref: RefHash): Iterable<Dependant> {
    if (!this.facts.holders.has(ref)) this.ask({ refs: [ref] });
    const holders = this.facts.holders.get(ref);
    if (holders === undefined) {
      yield* this.#manyDependants(ref);
      return;
    }
    for (const key of holders) {
      for (const uses of this.facts.uses.get(key)?.values() ?? []) yield* dependantsIn(key, ref, uses);
    }
  }

  /** Of a ref that more pages have than are kept in memory: some at a time. */
  *#manyDependants(ref: RefHash): Iterable<Dependant> {
    const { table, site } = this.#link;
    const having = `site = ${site} AND refs @> ${sqlRefs([ref])}`;
    const [found] = this.#link.rows(
      `SELECT encode(key_id, 'hex') AS id FROM ${table("page_refs")} WHERE ${having}
        UNION SELECT encode(key_id, 'hex') FROM ${table("intent")} WHERE ${having}`,
    );
    const ids = (found ?? []).map(({ id }) => `decode('${String(id)}','hex')`);
    for (let place = 0; place < ids.length; place += PIECE_ROWS) {
      const piece = ids.slice(place, place + PIECE_ROWS).join(",");
      const [rows] = this.#link.rows(usesSql(table, site, `site = ${site} AND key_id = ANY(ARRAY[${piece}])`));
      const facts = new PostgresFacts();
      for (const row of rows ?? []) {
        const key = takeUses(row, facts);
        for (const uses of facts.uses.get(key)?.values() ?? []) yield* dependantsIn(key, ref, uses);
        facts.uses.delete(key);
      }
    }
  }

  intendedPaths(key: PageKey): readonly string[] {
    if (!this.facts.intents.has(key)) this.ask({ pages: [key] });
    const paths = new Set(Array.from(this.facts.intents.get(key)?.values() ?? [], ({ path }) => path));
    return [...paths].toSorted();
  }

  newestIntent(key: PageKey): number {
    if (!this.facts.intents.has(key)) this.ask({ pages: [key] });
    return Math.max(0, ...Array.from(this.facts.intents.get(key)?.values() ?? [], ({ version }) => version));
  }

  /** The refs of a page as they are recorded. */
  recordedUses(key: PageKey): PageUses {
    const { table, site } = this.#link;
    const [rows] = this.#link.rows(
      `SELECT refs, uses FROM ${table("page_refs")} WHERE site = ${site} AND key_id = ${idOf(key)}`,
    );
    const row = rows?.[0];
    return row === undefined
      ? { version: 0, refs: [], uses: "" }
      : { version: 0, refs: parseRefs(row["refs"]), uses: decoded(row["uses"]) };
  }

  floor(): number {
    return Number(this.meta("floor") ?? 0);
  }

  meta(name: string): string | undefined {
    if (!this.facts.settings.has(name)) this.ask({ settings: [name] });
    return this.facts.settings.get(name);
  }
}

function* dependantsIn(key: PageKey, ref: RefHash, { refs, uses }: PageUses): Iterable<Dependant> {
  let lines: readonly string[] | undefined;
  for (let place = refs.indexOf(ref); place >= 0; place = refs.indexOf(ref, place + 1)) {
    lines ??= uses.split("\n");
    yield { key, dependency: parseDependency(lines[place] ?? "") };
  }
}
