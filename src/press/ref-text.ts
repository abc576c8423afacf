import type { Window } from "../core/dependency.ts";
import type { OrderField, WhereValues } from "../core/entity.ts";
import type { SortKey } from "../core/order.ts";
import { anyOf } from "../core/tuple.ts";

/** `film[genre=drama]`, `film[*]` */
export function conditionText(type: string, where: WhereValues): string {
  const parts = Object.entries(where).map(([field, wanted]) => `${field}=${anyOf(wanted).map(String).join("|")}`);
  return `${type}[${parts.length === 0 ? "*" : parts.join(",")}]`;
}

/** `film[genre=drama] by -rating to 8.7,42` */
export function windowText(type: string, { where, order, first, last }: Window): string {
  const from = first === undefined ? "" : ` from ${keyText(first)}`;
  const to = last === undefined ? "" : ` to ${keyText(last)}`;
  return `${conditionText(type, where)}${orderText(order)}${from}${to}`;
}

function orderText(order: readonly OrderField[]): string {
  const fields = order.map(({ field, descending }) => (descending ? `-${field}` : field));
  return fields.length === 0 ? "" : ` by ${fields.join(",")}`;
}

const keyText = ({ values, id }: SortKey): string => [...values.map(String), id].join(",");
