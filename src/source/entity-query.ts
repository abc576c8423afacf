import type { SQLInputValue } from "node:sqlite";

import type { OrderField, WhereValues } from "../core/entity.ts";
import { RekilnError } from "../core/errors.ts";
import { orderKey } from "../core/order.ts";
import type { Scalar } from "../core/read.ts";
import { anyOf } from "../core/tuple.ts";
import type { TypeTable } from "./entity-schema.ts";

/** A statement and what to bind to it. */
export interface Query {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** The number of an indexed field. @throws RekilnError `field-not-indexed`, naming what to add */
export function fieldNumber(table: TypeTable, field: string): number {
  const number = table.fieldNumber.get(field);
  if (number !== undefined) return number;
  const wanted = [...table.model.index, field].map((name) => JSON.stringify(name)).join(", ");
  throw new RekilnError({
    code: "field-not-indexed",
    message: `The field ${JSON.stringify(field)} of ${table.model.name} is not indexed.`,
    disposition: "fatal",
    hint: `Add it to the index of ${table.model.name} in defineEntities: { index: [${wanted}] }.`,
  });
}

interface Source {
  /** `v` rows of the first condition, or `e` rows. */
  readonly alias: "v" | "e";
  readonly from: string;
  readonly conditions: readonly string[];
  readonly values: readonly SQLInputValue[];
}

const placeholders = (values: readonly Scalar[]): string => values.map(() => "?").join(", ");

/** One value of the first field is a range of the value table; anything else is asked of the entity table. */
function sourceOf(table: TypeTable, where: WhereValues): Source {
  const fields = Object.entries(where).map(([field, wanted]) => ({
    number: fieldNumber(table, field),
    // Half a character is in no entity; SQLite would take it for another one.
    wanted: anyOf(wanted).filter((value) => typeof value !== "string" || value.isWellFormed()),
  }));
  const [first, ...rest] = fields;
  if (first === undefined) return { alias: "e", from: `${table.entities} e`, conditions: [], values: [] };
  const single = first.wanted.length === 1;
  const alias = single ? "v" : "e";
  const conditions = [
    single
      ? "v.field = ? AND v.value = ?"
      : `e.seq IN (SELECT seq FROM ${table.values} WHERE field = ? AND value IN (${placeholders(first.wanted)}))`,
    ...rest.map(
      ({ wanted }) =>
        `EXISTS (SELECT 1 FROM ${table.values} w WHERE w.field = ? AND w.value IN (${placeholders(wanted)}) AND w.id = ${alias}.id)`,
    ),
  ];
  return {
    alias,
    from: single ? `${table.values} v` : `${table.entities} e`,
    conditions,
    values: fields.flatMap(({ number, wanted }) => [number, ...wanted.map(orderKey)]),
  };
}

const whereClause = (conditions: readonly string[]): string =>
  conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;

/** The number of rows that satisfy a condition. */
export function countQuery(table: TypeTable, where: WhereValues): Query {
  const { from, conditions, values } = sourceOf(table, where);
  return { sql: `SELECT count(*) FROM ${from}${whereClause(conditions)}`, values };
}

/** Sequence numbers and ids of a list's rows, in order, ties by id. */
export function orderedQuery(table: TypeTable, where: WhereValues, order: readonly OrderField[]): Query {
  const { alias, from, conditions, values } = sourceOf(table, where);
  const needsKeys = alias === "v" && order.some(({ field }) => field !== "id");
  const columns = order.map(({ field, descending }) => {
    const column = field === "id" ? `${alias}.id` : `e.k${fieldNumber(table, field)}`;
    return descending ? `${column} DESC` : column;
  });
  const joined = needsKeys ? `${from} JOIN ${table.entities} e ON e.seq = v.seq` : from;
  return {
    sql: `SELECT ${alias}.seq, ${alias}.id FROM ${joined}${whereClause(conditions)} ORDER BY ${[...columns, `${alias}.id`].join(", ")}`,
    values,
  };
}
