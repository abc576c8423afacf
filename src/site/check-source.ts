import { checkSnapshot } from "./check-fleet.ts";
import { checkKeys, isObject, suggest } from "./check-object.ts";
import { checkPostgres } from "./check-postgres.ts";
import type { PostgresModel } from "./check-postgres.ts";
import { embedded, files } from "./define-site.ts";
import type { SqliteSelect, SiteSource } from "./define-site.ts";
import type { Report } from "./problem.ts";

/** A source after its options were checked. */
export type SourceModel =
  | Exclude<SiteSource, { readonly kind: "sqlite" | "postgres" }>
  | PostgresModel
  | {
      readonly kind: "sqlite";
      readonly file: string;
      readonly queries: ReadonlyMap<string, { readonly sql: string; readonly json: readonly string[] }>;
    };

/** Checks `source` of a site. `types` are the declared entity types, undefined when they couldn't be read. */
export function checkSource(
  value: unknown,
  types: readonly string[] | undefined,
  report: Report,
): SourceModel | undefined {
  if (isObject(value) && value["kind"] === "embedded") {
    checkKeys("source", value, ["kind"], report);
    return embedded();
  }
  if (isObject(value) && value["kind"] === "files" && isText(value["dir"])) return files(value["dir"]);
  if (isObject(value) && value["kind"] === "sqlite" && isText(value["file"])) {
    return { kind: "sqlite", file: value["file"], queries: checkQueries(value["queries"], types, report) };
  }
  if (isObject(value) && value["kind"] === "postgres") return checkPostgres(value, types, report);
  if (isObject(value) && value["kind"] === "snapshot") return checkSnapshot(value, report);
  const hint =
    'write source: files("data/"), sqlite("data.db", { film: "select …" }), postgres({ film: "select …" }), embedded(), or snapshot("s3://…")';
  report("source", "doesn't come from files, sqlite, postgres, embedded or snapshot", hint);
  return undefined;
}

function checkQueries(
  value: unknown,
  types: readonly string[] | undefined,
  report: Report,
): (SourceModel & { readonly kind: "sqlite" })["queries"] {
  const queries = new Map<string, { readonly sql: string; readonly json: readonly string[] }>();
  if (!isObject(value)) {
    report("source.queries", "is no object", 'write sqlite("data.db", { film: "select id, … from film" })');
    return queries;
  }
  for (const [type, select] of Object.entries(value)) {
    const path = `source.queries.${type}`;
    if (types?.includes(type) === false) {
      report(path, `is for the unknown entity type ${type}`, suggest(type, types, "entity types"));
    }
    const { query, json = [] } = isSelect(select) ? select : { query: select };
    if (!isText(query) || !json.every(isText)) {
      report(path, "is no query", 'write "select id, … from film", or { query: "select …", json: ["genres"] }');
    } else {
      queries.set(type, { sql: query, json });
    }
  }
  for (const type of types ?? []) {
    if (queries.has(type) || Object.hasOwn(value, type)) continue;
    report("source.queries", `has no query for ${type}`, `write ${type}: "select id, … from ${type}"`);
  }
  return queries;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

/** The object form; whether what it holds is right is looked at where it is used. */
function isSelect(value: unknown): value is SqliteSelect {
  return isObject(value) && "query" in value && (value["json"] === undefined || Array.isArray(value["json"]));
}
