import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import type { LeftPath } from "./left-paths.ts";
import type { PageRecord } from "./manifest.ts";
import type { PageUses } from "./postgres-facts.ts";
import { PAGE_INSERTED, PAGE_UPDATED, pageValues } from "./postgres-rows.ts";
import type { Tables } from "./postgres-schema.ts";
import { idOf, idsOf, sqlRefs, sqlRows, sqlText } from "./postgres-sql.ts";
import { DRIFTS_KEPT_MAX } from "./sweep-state.ts";
import type { Drift } from "./sweep-state.ts";

/** What is recorded of a page's refs: the first `claims` of them are claims. */
export interface RecordedUses extends PageUses {
  readonly claims: number;
}

type IntentChange =
  | {
      readonly do: "put";
      readonly key: PageKey;
      readonly press: string;
      readonly path: string;
      readonly uses: PageUses;
    }
  | { readonly do: "settle"; readonly key: PageKey; readonly press: string; readonly version: number };

/** What a transaction has written and not sent yet: a few statements for all of it. */
export class PostgresWrites {
  readonly #table: Tables;
  readonly #site: number;
  readonly #removed = new Set<PageKey>();
  readonly #records = new Map<PageKey, PageRecord>();
  readonly #uses = new Map<PageKey, RecordedUses>();
  #intents: IntentChange[] = [];
  readonly #touched = new Map<RefHash, number>();
  readonly #settings = new Map<string, string | undefined>();
  readonly #left = new Map<string, LeftPath | undefined>();
  readonly #marks = new Map<string, readonly [route: string, slot: number, pass: number]>();
  #drifts: Drift[] = [];
  #others: string[] = [];

  constructor(table: Tables, site: number) {
    this.#table = table;
    this.#site = site;
  }

  record(record: PageRecord): void {
    this.#records.set(record.key, record);
  }

  setUses(key: PageKey, uses: RecordedUses): void {
    this.#uses.set(key, uses);
  }

  remove(key: PageKey): void {
    this.#records.delete(key);
    this.#uses.delete(key);
    this.#intents = this.#intents.filter((change) => change.key !== key);
    this.#removed.add(key);
  }

  intend(key: PageKey, press: string, path: string, uses: PageUses): void {
    this.#intents.push({ do: "put", key, press, path, uses });
  }

  settle(key: PageKey, press: string, version: number): void {
    this.#intents.push({ do: "settle", key, press, version });
  }

  touch(ref: RefHash, version: number): void {
    this.#touched.set(ref, Math.max(version, this.#touched.get(ref) ?? 0));
  }

  touchedAt(ref: RefHash): number {
    return this.#touched.get(ref) ?? 0;
  }

  setSetting(name: string, value: string | undefined): void {
    this.#settings.set(name, value);
  }

  setLeft(collisionKey: string, left: LeftPath | undefined): void {
    this.#left.set(collisionKey, left);
  }

  mark(route: string, slot: number, pass: number): void {
    this.#marks.set(`${slot} ${route}`, [route, slot, pass]);
  }

  drift(drift: Drift): void {
    this.#drifts.push(drift);
  }

  /** A statement of its own, which depends on none of the others. */
  other(sql: string): void {
    this.#others.push(sql);
  }

  /** The statements of all that was written since this was asked for last. */
  take(): readonly string[] {
    const statements = [
      ...this.#removals(),
      ...this.#pageStatements(),
      ...this.#intentStatements(),
      ...this.#stateStatements(),
      ...this.#driftStatements(),
      ...this.#others,
    ];
    for (const kept of [
      this.#removed,
      this.#records,
      this.#uses,
      this.#touched,
      this.#settings,
      this.#left,
      this.#marks,
    ])
      kept.clear();
    this.#intents = [];
    this.#drifts = [];
    this.#others = [];
    return statements;
  }

  #removals(): readonly string[] {
    if (this.#removed.size === 0) return [];
    const ids = idsOf(this.#removed);
    return ["page", "page_refs", "intent"].map(
      (name) => `DELETE FROM ${this.#table(name)} WHERE site = ${this.#site} AND key_id = ANY(${ids})`,
    );
  }

  #pageStatements(): readonly string[] {
    const [table, site] = [this.#table, this.#site];
    const statements: string[] = [];
    if (this.#records.size > 0) {
      const rows = sqlRows(Array.from(this.#records.values(), (record) => pageValues(site, record)));
      statements.push(
        `INSERT INTO ${table("page")} (${PAGE_INSERTED}) VALUES ${rows} ON CONFLICT (site, key_id) DO UPDATE SET ${PAGE_UPDATED}`,
      );
    }
    if (this.#uses.size > 0) {
      const rows = sqlRows(
        Array.from(this.#uses, ([key, { refs, uses, claims }]) => [
          String(site),
          idOf(key),
          sqlRefs(refs),
          sqlText(uses),
          String(claims),
        ]),
      );
      // What is as it was isn't written: neither the row nor the index.
      statements.push(
        `INSERT INTO ${table("page_refs")} AS known (site, key_id, refs, uses, claims) VALUES ${rows}
           ON CONFLICT (site, key_id) DO UPDATE SET refs = excluded.refs, uses = excluded.uses, claims = excluded.claims
             WHERE known.refs <> excluded.refs OR known.uses <> excluded.uses`,
      );
    }
    return statements;
  }

  /** In the order in which they came, those of one kind behind each other in one statement. */
  #intentStatements(): readonly string[] {
    const statements: string[] = [];
    for (let place = 0; place < this.#intents.length;) {
      const kind = this.#intents[place]?.do;
      let end = place;
      while (this.#intents[end]?.do === kind) end++;
      statements.push(this.#intentStatement(this.#intents.slice(place, end)));
      place = end;
    }
    return statements;
  }

  #intentStatement(changes: readonly IntentChange[]): string {
    const [table, site] = [this.#table("intent"), this.#site];
    const puts = new Map<string, readonly string[]>();
    const settled: (readonly string[])[] = [];
    for (const change of changes) {
      const [id, press] = [idOf(change.key), sqlText(change.press)];
      if (change.do === "settle") settled.push([id, press, String(change.version)]);
      else {
        const { version, refs, uses } = change.uses;
        const row = [String(site), id, press, String(version), sqlText(change.path), sqlRefs(refs), sqlText(uses)];
        puts.set(`${id} ${press}`, row);
      }
    }
    if (settled.length > 0) {
      return `DELETE FROM ${table} known USING (VALUES ${sqlRows(settled)}) settled (key_id, press, version)
        WHERE known.site = ${site} AND known.key_id = settled.key_id AND (known.press = settled.press OR known.version < settled.version)`;
    }
    return `INSERT INTO ${table} (site, key_id, press, version, path, refs, uses) VALUES ${sqlRows(puts.values())}
      ON CONFLICT (site, key_id, press) DO UPDATE
        SET version = excluded.version, path = excluded.path, refs = excluded.refs, uses = excluded.uses`;
  }

  #stateStatements(): readonly string[] {
    const [table, site] = [this.#table, this.#site];
    const statements: string[] = [];
    if (this.#touched.size > 0) {
      const rows = sqlRows(Array.from(this.#touched, ([ref, version]) => [String(site), String(ref), String(version)]));
      statements.push(
        `INSERT INTO ${table("touched")} AS known (site, ref, version) VALUES ${rows}
           ON CONFLICT (site, ref) DO UPDATE SET version = excluded.version WHERE known.version < excluded.version`,
      );
    }
    const [unset, set] = apart(this.#settings);
    if (unset.length > 0)
      statements.push(`DELETE FROM ${table("setting")} WHERE site = ${site} AND name_id = ANY(${idsOf(unset)})`);
    if (set.length > 0) {
      const rows = sqlRows(set.map(([name, value]) => [String(site), idOf(name), sqlText(name), sqlText(value)]));
      statements.push(
        `INSERT INTO ${table("setting")} (site, name_id, name, value) VALUES ${rows}
           ON CONFLICT (site, name_id) DO UPDATE SET value = excluded.value`,
      );
    }
    const [gone, left] = apart(this.#left);
    if (gone.length > 0)
      statements.push(`DELETE FROM ${table("left_path")} WHERE site = ${site} AND collision_id = ANY(${idsOf(gone)})`);
    if (left.length > 0) statements.push(this.#leftStatement(left.map(([, one]) => one)));
    if (this.#marks.size > 0) {
      const rows = sqlRows(
        Array.from(this.#marks.values(), ([route, slot, pass]) => [
          String(site),
          sqlText(route),
          String(slot),
          String(pass),
        ]),
      );
      statements.push(
        `INSERT INTO ${table("sitemap_mark")} AS known (site, route, slot, pass) VALUES ${rows}
           ON CONFLICT (site, route, slot) DO UPDATE SET pass = excluded.pass WHERE known.pass <> excluded.pass`,
      );
    }
    return statements;
  }

  #leftStatement(lefts: readonly LeftPath[]): string {
    const rows = sqlRows(
      lefts.map(({ collisionKey, path, key, kind, version, since, expires }) => [
        String(this.#site),
        idOf(collisionKey),
        sqlText(collisionKey),
        sqlText(path),
        idOf(key),
        sqlText(key),
        sqlText(kind),
        ...[version, since, expires].map(String),
      ]),
    );
    return `INSERT INTO ${this.#table("left_path")} (site, collision_id, collision_key, path, key_id, key, kind, version, since, expires)
      VALUES ${rows} ON CONFLICT (site, collision_id) DO UPDATE SET path = excluded.path, key_id = excluded.key_id, key = excluded.key,
        kind = excluded.kind, version = excluded.version, since = excluded.since, expires = excluded.expires`;
  }

  #driftStatements(): readonly string[] {
    if (this.#drifts.length === 0) return [];
    const [table, site] = [this.#table("drift"), this.#site];
    const rows = sqlRows(
      this.#drifts.map(({ key, at, cause, detail }) => [
        String(site),
        idOf(key),
        sqlText(key),
        String(at),
        sqlText(cause),
        sqlText(detail),
      ]),
    );
    return [
      `INSERT INTO ${table} (site, key_id, key, at, cause, detail) VALUES ${rows}`,
      `DELETE FROM ${table} WHERE site = ${site}
         AND id <= (SELECT id FROM ${table} WHERE site = ${site} ORDER BY id DESC OFFSET ${DRIFTS_KEPT_MAX} LIMIT 1)`,
    ];
  }
}

/** What was taken away, and what was set. */
function apart<T>(changes: ReadonlyMap<string, T | undefined>): [gone: string[], set: (readonly [string, T])[]] {
  const gone: string[] = [];
  const set: (readonly [string, T])[] = [];
  for (const [name, value] of changes) {
    if (value === undefined) gone.push(name);
    else set.push([name, value]);
  }
  return [gone, set];
}
