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

/** The parts of SQL texts that aren't literal, with the files that they stand in. */
function partsOfSql(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [file, text] of sourceTexts()) {
    new Visitor({
      TemplateLiteral: ({ quasis, expressions }) => {
        if (!SQL.test(quasis.map(({ value }) => value.raw).join("?"))) return;
        for (const { start, end } of expressions) found.set(text.slice(start, end), file);
      },
      BinaryExpression: ({ operator, left, right }) => {
        if (operator !== "+") return;
        for (const side of [left, right]) {
          if (side.type === "Literal" && typeof side.value === "string" && SQL.test(side.value)) found.set("+", file);
        }
      },
    }).visit(parseSync(file, text).program);
  }
  return found;
}

test("values reach SQL as parameters only: what is put into its text is known", () => {
  const unknown = [...partsOfSql()].filter(([part]) => !ALLOWED.has(part));
  expect(unknown).toEqual([]);
});
