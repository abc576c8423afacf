import { checkKeys, isObject, suggest } from "./check-object.ts";
import type { UnknownObject } from "./check-object.ts";
import type { CapturedTable } from "./declare-postgres.ts";
import type { Report } from "./problem.ts";

/** What a type is selected by, and the tables whose changes are noted for it: none without capture. */
interface PostgresQueryModel {
  readonly sql: string;
  readonly tables: readonly CapturedTable[];
}

/** A Postgres source after its options were checked. */
export interface PostgresModel {
  readonly kind: "postgres";
  /** Undefined leaves it to the environment. It may hold a password: it is shown to nobody. */
  readonly url: string | undefined;
  readonly timeoutSeconds: number;
  readonly queries: ReadonlyMap<string, PostgresQueryModel>;
}

const TIMEOUT_SECONDS = 300;
const TIMEOUT_SECONDS_MAX = 86_400;

/** Checks `postgres(…)`. `types` are the declared entity types, undefined when they couldn't be read. */
export function checkPostgres(
  source: UnknownObject,
  types: readonly string[] | undefined,
  report: Report,
): PostgresModel {
  checkKeys("source", source, ["kind", "queries", "url", "timeoutSeconds"], report);
  const { url, timeoutSeconds = TIMEOUT_SECONDS } = source;
  const isAddress = isText(url) && /^postgres(?:ql)?:\/\//.test(url);
  if (url !== undefined && !isAddress) {
    report(
      "source.url",
      "is no address of a Postgres database",
      'write url: "postgres://host/database", or leave it out',
    );
  }
  const isTime = typeof timeoutSeconds === "number" && timeoutSeconds > 0 && timeoutSeconds <= TIMEOUT_SECONDS_MAX;
  if (!isTime) report("source.timeoutSeconds", "is no number of seconds up to a day", "write timeoutSeconds: 300");
  return {
    kind: "postgres",
    url: isAddress ? url : undefined,
    timeoutSeconds: isTime ? timeoutSeconds : TIMEOUT_SECONDS,
    queries: checkQueries(source["queries"], types, report),
  };
}

function checkQueries(value: unknown, types: readonly string[] | undefined, report: Report): PostgresModel["queries"] {
  const queries = new Map<string, PostgresQueryModel>();
  if (!isObject(value)) {
    report("source.queries", "is no object", 'write postgres({ film: "select id, … from film" })');
    return queries;
  }
  for (const [type, select] of Object.entries(value)) {
    const path = `source.queries.${type}`;
    if (types?.includes(type) === false) {
      report(path, `is for the unknown entity type ${type}`, suggest(type, types, "entity types"));
    }
    const query = isObject(select) ? select["query"] : select;
    if (!isText(query)) {
      report(path, "is no query", 'write "select id, … from film", or { query: "select …", table: "film" }');
      continue;
    }
    // It becomes part of other statements.
    const sql = withoutSemicolons(query);
    queries.set(type, { sql, tables: isObject(select) ? checkTables(path, select, report) : [] });
  }
  for (const type of types ?? []) {
    if (Object.hasOwn(value, type)) continue;
    report("source.queries", `has no query for ${type}`, `write ${type}: "select id, … from ${type}"`);
  }
  return queries;
}

function checkTables(path: string, select: UnknownObject, report: Report): readonly CapturedTable[] {
  checkKeys(path, select, ["query", "table", "key", "also"], report);
  const { table, key = "id", also = [] } = select;
  if (table === undefined) {
    for (const name of ["key", "also"]) {
      if (select[name] !== undefined)
        report(`${path}.${name}`, "stands without a table", 'write table: "film" beside it');
    }
    return [];
  }
  const named: unknown[] = [{ table, key }, ...(Array.isArray(also) ? (also as readonly unknown[]) : [also])];
  if (named.every(isCaptured)) return named;
  report(
    path,
    "doesn't name its tables",
    'write table: "film", key: "id", also: [{ table: "film_genre", key: "film_id" }]',
  );
  return [];
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function isCaptured(value: unknown): value is CapturedTable {
  return isObject(value) && isText(value["table"]) && isText(value["key"]) && Object.keys(value).length === 2;
}

function withoutSemicolons(query: string): string {
  let sql = query.trim();
  while (sql.endsWith(";")) sql = sql.slice(0, -1).trimEnd();
  return sql;
}
