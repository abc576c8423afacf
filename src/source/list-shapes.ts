import type { OrderField, WhereValues } from "../core/entity.ts";
import { fieldNumber, orderedQuery } from "./entity-query.ts";
import type { TypeTable } from "./entity-schema.ts";

const orderTexts = new WeakMap<readonly OrderField[], string>();

/** An order as text; a route's order is one array for all its pages. */
export function orderText(order: readonly OrderField[]): string {
  let text = orderTexts.get(order);
  if (text === undefined) {
    text = JSON.stringify(order);
    orderTexts.set(order, text);
  }
  return text;
}

/** Tells a condition, or a list, from all others of its store. */
export function keyOf(table: TypeTable, where: WhereValues, order: string): string {
  return `${table.entities}${order}${JSON.stringify(where)}`;
}

/** Lists that differ by the value of their one field only. */
export interface ListShape {
  readonly sql: string;
  readonly fieldNumber: number;
  /** With a value behind it, it tells the list from all others of its store. */
  readonly key: string;
}

/** Lists of the entities that have one value in one field, as most lists are: their queries are written once. */
export class ListShapes {
  readonly #table: TypeTable;
  /** By order, then by field. */
  readonly #known = new Map<string, Map<string, ListShape>>();

  constructor(table: TypeTable) {
    this.#table = table;
  }

  /** @throws RekilnError `field-not-indexed` */
  of(field: string, order: readonly OrderField[]): ListShape {
    const text = orderText(order);
    const known = this.#known.get(text)?.get(field);
    if (known !== undefined) return known;
    const { sql } = orderedQuery(this.#table, { [field]: "" }, order);
    const key = `${this.#table.entities}${text}${JSON.stringify(field)}`;
    const shape = { sql, fieldNumber: fieldNumber(this.#table, field), key };
    const byField = this.#known.get(text) ?? new Map<string, ListShape>();
    this.#known.set(text, byField);
    byField.set(field, shape);
    return shape;
  }
}
