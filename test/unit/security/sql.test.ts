import { parseSync, Visitor } from "oxc-parser";
import { expect, test } from "vitest";

import { sourceTexts } from "./source-texts.ts";

const SQL =
  /\b(?:SELECT|INSERT (?:OR|INTO)|UPDATE \w|DELETE FROM|CREATE (?:TABLE|INDEX|TEMP|UNIQUE)|DROP (?:TABLE|INDEX)|PRAGMA|ORDER BY|EXISTS \()/;

/**
 * What may stand in SQL beside text: names of tables and columns that are made of numbers of ours, numbers, parameters' places, and pieces of SQL that
 * are written in the same file. A value of the data, of a config or of a request isn't among them: it is always a parameter.
 */
const ALLOWED = new Set([
  'Array(PREFETCH_ENTITIES).fill("?").join(", ")',
  "FORMAT",
  "HELD",
  "INTENT_TABLE",
  "LEFT_PATH_TABLE",
  "Number(number)",
  "IS_FREE",
  "PIECE_ROWS",
  "SITEMAP_TABLES",
  "SWEPT",
  "condition",
  "columns",
  "synchronous",
  "table.values",
  "placeholders(first.wanted)",
  "placeholders(wanted)",
  "alias",
  "from",
  "whereClause(conditions)",
  "joined",
  '[...columns, `${alias}.id`].join(", ")',
  "cache.table.values",
  "table.entities",
  "this.#queued",
  "number",
  "keys",
  '["id", "version", "raw", ...columns, "data"].join(", ")',
  '["?", "?", "?", ...columns.map(() => "?"), "?"].join(", ")',
  'columns.map((key) => `${key} = ?, `).join("")',
  "rows",
  "table",
  "this.#number",
  // Of Postgres: names that the server itself quotes, numbers of ours, and the query that the site's own config declares.
  "outbox",
  "capture",
  `outbox.replaceAll("%", "%%").replaceAll("'", "''")`,
  "CHANNEL",
  "BATCH_ROWS",
  "taken",
  "GONE_SECONDS",
  "this.#query.sql",
]);

const MANIFEST = "src/manifest/postgres-";
/** There several statements go in one round trip, which parameters don't allow: values are spelt by these, `postgres-sql.ts`. */
const SPELT = /^(?:sql(?:Bytes|Refs|Rows|Text|Value)|ids?Of|(?:this\.#)?table|tablesIn\(schema\))\(/;
/** Names of columns, numbers of ours, and pieces of SQL that are made of such calls in the same file. */
const ALLOWED_THERE = new Set([
  "PAGE_COLUMNS",
  "PAGE_INSERTED",
  "PAGE_UPDATED",
  "DRIFTS_KEPT_MAX",
  "LOCK_CLASS",
  "FORMAT",
  "PIECE_ROWS",
  "HOLDERS_MAX + 1",
  "CLEARING_SECONDS",
  "MIGRATION_SECONDS",
  "STATEMENT_SECONDS",
  "site",
  "this.#site",
  "before",
  "version",
  "now",
  "now + CLOCK_AHEAD_MAX_SECONDS",
  "limit",
  "pass",
  "first",
  "first + SLOTS",
  "first + from",
  "first + to",
  "format",
  "lock",
  "rows",
  "table",
  "condition",
  "ranges",
  "behind",
  "from",
  "past",
  "one",
  "hash",
  "pastHash",
  "slash",
  "pastSlash",
  "after",
  "isOfRoute",
  "having",
  'having("page_refs")',
  'having("intent")',
  "names",
  "ids",
  "among",
  "wanted",
  "swept",
  "isFree",
  'values.join(", ")',
  'valuesOf(slice).join(", ")',
  '(isDurable ? [...limits, durable] : limits).join(", ")',
]);

const isAllowed = (part: string, file: string): boolean =>
  file.startsWith(MANIFEST) ? SPELT.test(part) || ALLOWED_THERE.has(part) : ALLOWED.has(part);

/** The parts of SQL texts that aren't literal, with the files that they stand in. */
function partsOfSql(): readonly (readonly [part: string, file: string])[] {
  const found: (readonly [part: string, file: string])[] = [];
  for (const [file, text] of sourceTexts()) {
    new Visitor({
      TemplateLiteral: ({ quasis, expressions }) => {
        if (!SQL.test(quasis.map(({ value }) => value.raw).join("?"))) return;
        for (const { start, end } of expressions) found.push([text.slice(start, end), file]);
      },
      BinaryExpression: ({ operator, left, right }) => {
        if (operator !== "+") return;
        for (const side of [left, right]) {
          if (side.type === "Literal" && typeof side.value === "string" && SQL.test(side.value))
            found.push(["+", file]);
        }
      },
    }).visit(parseSync(file, text).program);
  }
  return found;
}

test("values reach SQL as parameters only: what is put into its text is known", () => {
  const unknown = partsOfSql().filter(([part, file]) => !isAllowed(part, file));
  expect(unknown).toEqual([]);
});
