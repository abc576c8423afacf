import { firstKeyOf } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import type { Asked } from "./manifest.ts";
import type { SqlRow } from "./postgres-channel.ts";
import type { PostgresFacts } from "./postgres-facts.ts";
import { keyOf, PAGE_COLUMNS, toLeftPath, toPageRow } from "./postgres-rows.ts";
import type { Tables } from "./postgres-schema.ts";
import { decoded, idsOf, numberOf, parseRefs, sqlRefs, sqlRows, sqlText } from "./postgres-sql.ts";

/** A ref that leads to more pages than this isn't read beforehand. */
const HOLDERS_MAX = 20_000;

/** One statement of a round trip, and what becomes of its rows. */
export interface Ask {
  readonly sql: string;
  readonly take: (rows: readonly SqlRow[]) => void;
}

type AskHow<T> = (unknown: ReadonlySet<T>, table: Tables, site: number, facts: PostgresFacts) => Ask;

/** The statements that find out what is asked for, and isn't known yet. */
export function asksFor(asked: Asked, table: Tables, site: number, facts: PostgresFacts): readonly Ask[] {
  const asks: Ask[] = [];
  const ask = <T>(wanted: Iterable<T> | undefined, known: ReadonlyMap<T, unknown>, how: AskHow<T>): void => {
    const unknown = new Set([...(wanted ?? [])].filter((one) => !known.has(one)));
    if (unknown.size > 0) asks.push(how(unknown, table, site, facts));
  };
  ask(asked.pages, facts.rows, askRows);
  ask(asked.pages, facts.intents, askIntents);
  ask(asked.pages, facts.leftOf, askLeftOf);
  ask(asked.subjects, facts.subjects, askSubjects);
  ask(asked.refs, facts.holders, askHolders);
  ask(asked.left, facts.left, askLeft);
  ask(asked.below, facts.below, askBelow);
  ask(asked.settings, facts.settings, askSettings);
  return asks;
}

function askRows(keys: ReadonlySet<PageKey>, table: Tables, site: number, facts: PostgresFacts): Ask {
  return {
    sql: `SELECT ${PAGE_COLUMNS} FROM ${table("page")} page WHERE site = ${site} AND key_id = ANY(${idsOf(keys)})`,
    take: (rows) => {
      for (const key of keys) facts.rows.set(key, undefined);
      for (const row of rows) facts.setRow(toPageRow(row));
    },
  };
}

function askIntents(keys: ReadonlySet<PageKey>, table: Tables, site: number, facts: PostgresFacts): Ask {
  return {
    sql: `SELECT page.key, intent.press, intent.version, intent.path FROM ${table("intent")} intent
      JOIN ${table("page")} page USING (site, key_id) WHERE site = ${site} AND key_id = ANY(${idsOf(keys)})`,
    take: (rows) => {
      for (const key of keys) facts.intents.set(key, new Map());
      for (const row of rows)
        facts.intents
          .get(keyOf(row))
          ?.set(decoded(row["press"]), { version: numberOf(row["version"]), path: decoded(row["path"]) });
    },
  };
}

function askSubjects(firsts: ReadonlySet<PageKey>, table: Tables, site: number, facts: PostgresFacts): Ask {
  return {
    sql: `SELECT ${PAGE_COLUMNS} FROM ${table("page")} page WHERE site = ${site} AND subject_id = ANY(${idsOf(firsts)})`,
    take: (rows) => {
      for (const first of firsts) facts.subjects.set(first, new Set());
      for (const row of rows) {
        const page = toPageRow(row);
        facts.setRow(page);
        facts.subjects.get(firstKeyOf(page.key))?.add(page.key);
      }
    },
  };
}

/** What pages, and presses of them, did with refs; `condition` is on `refs`. */
export function usesSql(table: Tables, site: number, condition: string): string {
  return `SELECT ${PAGE_COLUMNS}, used.press, used.seen, used.refs, used.uses FROM (
      SELECT site, key_id, '' AS press, 0 AS seen, refs, uses FROM ${table("page_refs")} WHERE ${condition}
      UNION ALL SELECT site, key_id, press, version, refs, uses FROM ${table("intent")} WHERE ${condition}) used
    JOIN ${table("page")} page USING (site, key_id) WHERE site = ${site}`;
}

/** Notes one row of `usesSql`. @returns its page */
export function takeUses(row: SqlRow, facts: PostgresFacts): PageKey {
  const page = toPageRow(row);
  facts.setRow(page);
  const refs = parseRefs(row["refs"]);
  facts.setUses(page.key, decoded(row["press"]), { version: numberOf(row["seen"]), refs, uses: decoded(row["uses"]) });
  return page.key;
}

function askHolders(refs: ReadonlySet<RefHash>, table: Tables, site: number, facts: PostgresFacts): Ask {
  return {
    sql: `${usesSql(table, site, `refs && ${sqlRefs(refs)}`)} LIMIT ${HOLDERS_MAX + 1}`,
    take: (rows) => {
      // Whoever asks for one of them reads it in pieces.
      if (rows.length > HOLDERS_MAX) return;
      for (const ref of refs) facts.holders.set(ref, new Set());
      for (const row of rows) takeUses(row, facts);
    },
  };
}

function askLeft(collisionKeys: ReadonlySet<string>, table: Tables, site: number, facts: PostgresFacts): Ask {
  return {
    sql: `SELECT * FROM ${table("left_path")} WHERE site = ${site} AND collision_id = ANY(${idsOf(collisionKeys)})`,
    take: (rows) => {
      for (const collisionKey of collisionKeys) facts.setLeft(collisionKey, undefined);
      takeLeft(rows, facts);
    },
  };
}

function askLeftOf(keys: ReadonlySet<PageKey>, table: Tables, site: number, facts: PostgresFacts): Ask {
  return {
    sql: `SELECT * FROM ${table("left_path")} WHERE site = ${site} AND key_id = ANY(${idsOf(keys)})`,
    take: (rows) => {
      for (const key of keys) facts.leftOf.set(key, new Set());
      takeLeft(rows, facts);
    },
  };
}

function askBelow(folders: ReadonlySet<string>, table: Tables, site: number, facts: PostgresFacts): Ask {
  // "0" is the character after "/".
  const ranges = sqlRows([...folders].map((folder) => [sqlText(`${folder}/`), sqlText(`${folder}0`)]));
  return {
    sql: `SELECT DISTINCT left_path.* FROM ${table("left_path")} left_path JOIN (VALUES ${ranges}) folder (first, next)
      ON left(collision_key, 256) >= left(folder.first, 256) COLLATE "C" AND left(collision_key, 256) <= left(folder.next, 256) COLLATE "C"
        AND collision_key > folder.first COLLATE "C" AND collision_key < folder.next COLLATE "C" WHERE site = ${site}`,
    take: (rows) => {
      for (const folder of folders) facts.below.set(folder, new Set());
      takeLeft(rows, facts);
    },
  };
}

function takeLeft(rows: readonly SqlRow[], facts: PostgresFacts): void {
  for (const row of rows) {
    const left = toLeftPath(row);
    facts.setLeft(left.collisionKey, left);
  }
}

function askSettings(names: ReadonlySet<string>, table: Tables, site: number, facts: PostgresFacts): Ask {
  return {
    sql: `SELECT name, value FROM ${table("setting")} WHERE site = ${site} AND name_id = ANY(${idsOf(names)})`,
    take: (rows) => {
      for (const name of names) facts.settings.set(name, undefined);
      for (const row of rows) facts.settings.set(decoded(row["name"]), decoded(row["value"]));
    },
  };
}
