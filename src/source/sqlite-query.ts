import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";

import { messageOf, RekilnError } from "../core/errors.ts";
import { RECORD_BYTES_MAX } from "./record-files.ts";
import type { RecordBytes } from "./record-files.ts";

const ROWS_AT_ONCE = 500;

/** What the records of a type are selected by. */
export interface RecordQuery {
  readonly type: string;
  readonly sql: string;
  /** Columns that hold JSON as text: what it spells is what the record has. */
  readonly json: readonly string[];
  /** The database, as people write it. */
  readonly database: string;
}

/**
 * Prepares a query, and makes sure that its rows can be records.
 *
 * @throws RekilnError `query-invalid`
 */
export function prepareQuery(database: DatabaseSync, query: RecordQuery): StatementSync {
  let statement: StatementSync;
  try {
    statement = database.prepare(query.sql);
    // A number that JavaScript can't hold is found row by row, with the name of its column.
    statement.setReadBigInts(true);
  } catch (error) {
    throw invalid(query, `doesn't run: ${messageOf(error)}`, "Mend the SQL in the config; nothing was changed.", error);
  }
  const names = statement.columns().map(({ name }) => name);
  if (names.length === 0) throw invalid(query, "gives no rows", "Write a select; nothing was changed.");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw invalid(query, `gives the column ${twice} twice`, `Name one of them otherwise, as in \`as other_${twice}\`.`);
  }
  if (!names.includes("id")) {
    const hint = `Each record has an id: select one, as in \`select ${names[0] ?? "key"} as id, …\`.`;
    throw invalid(query, `gives no column id, but ${names.join(", ")}`, hint);
  }
  const unknown = query.json.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const hint = `Its columns are ${names.join(", ")}: take ${unknown} out of json, or select it.`;
    throw invalid(query, `gives no column ${unknown}, which is to hold JSON`, hint);
  }
  return statement;
}

/** The rows as records in JSON, some at a time. A row that can't be one is a problem that names it. */
export function* queriedRecords(statement: StatementSync, query: RecordQuery): Generator<readonly RecordBytes[]> {
  let records: RecordBytes[] = [];
  let row = 0;
  try {
    for (const values of statement.iterate()) {
      records.push(recordOf(values, query, ++row));
      if (records.length < ROWS_AT_ONCE) continue;
      yield records;
      records = [];
    }
  } catch (error) {
    throw invalid(query, `fails at row ${row + 1}: ${messageOf(error)}`, "Mend the SQL, or the data.", error);
  }
  yield records;
}

function recordOf(values: Record<string, SQLOutputValue>, query: RecordQuery, row: number): RecordBytes {
  const { id } = values;
  const named = typeof id === "string" || typeof id === "bigint" ? `${query.type}:${id}` : `${query.type}, row ${row}`;
  const place = `${query.database}: ${named}`;
  const record: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(values)) {
    const read = readValue(column, value, query.json.includes(column));
    if ("problem" in read) return { place, bytes: undefined, problem: read.problem };
    record[column] = read.value;
  }
  const bytes = Buffer.from(JSON.stringify(record));
  return { place, bytes: bytes.length > RECORD_BYTES_MAX ? undefined : bytes };
}

function readValue(
  column: string,
  value: SQLOutputValue,
  isJson: boolean,
): { readonly value: unknown } | { readonly problem: string } {
  if (value instanceof Uint8Array) {
    return { problem: `${column} holds bytes, which JSON has no place for: leave it out, or select hex(${column})` };
  }
  if (typeof value === "bigint") {
    // Ids are text everywhere, also where a database counts them.
    if (column === "id") return { value: String(value) };
    if (Number.isSafeInteger(Number(value))) return { value: Number(value) };
    return { problem: `${column} is ${value}, too large for a number: select cast(${column} as text)` };
  }
  if (!isJson || value === null) return { value };
  try {
    return { value: JSON.parse(String(value)) as unknown };
  } catch (error) {
    return { problem: `${column} isn't JSON: ${messageOf(error)}` };
  }
}

function invalid(query: RecordQuery, what: string, hint: string, cause?: unknown): RekilnError {
  return new RekilnError({
    code: "query-invalid",
    message: `The query for ${query.type} of ${query.database} ${what}.`,
    disposition: "fatal",
    hint,
    cause,
  });
}
