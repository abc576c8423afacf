import type { OrderField, WhereValues } from "../core/entity.ts";
import { checkKeys, isObject, suggest } from "./check-object.ts";
import type { Report } from "./problem.ts";
import type { AnySubject, ListModel } from "./site.ts";

const MAX_PER_PAGE = 10_000;

function checkOrderBy(
  path: string,
  value: unknown,
  index: readonly string[] | undefined,
  report: Report,
): OrderField[] {
  const order: OrderField[] = [];
  const single = !Array.isArray(value);
  for (const [position, text] of (single ? [value] : value).entries()) {
    const at = single ? path : `${path}.${position}`;
    if (typeof text !== "string") {
      report(at, "names no field", 'give a field, or "-field" for the reverse order');
      continue;
    }
    const descending = text.startsWith("-");
    const field = descending ? text.slice(1) : text;
    if (field === "id" || index === undefined || index.includes(field)) {
      order.push({ field, descending });
    } else {
      report(at, `orders by ${field}, which isn't indexed`, `add "${field}" to the type's index`);
    }
  }
  return order;
}

/** Checks `list` of a route. `indexes` is undefined when the entities couldn't be read: then only the rest is checked. */
export function checkList(
  path: string,
  value: unknown,
  indexes: ReadonlyMap<string, readonly string[]> | undefined,
  report: Report,
): ListModel | undefined {
  if (!isObject(value)) {
    report(path, "is no object", 'write list: { of: "film", orderBy: "-rating", perPage: 50 }');
    return undefined;
  }
  checkKeys(path, value, ["of", "where", "orderBy", "perPage"], report);
  const { of, where, perPage } = value;
  if (typeof of !== "string") {
    report(`${path}.of`, "names no entity type", 'name the type to list, e.g. of: "film"');
  } else if (indexes !== undefined && !indexes.has(of)) {
    report(`${path}.of`, `names the unknown entity type ${of}`, suggest(of, indexes.keys(), "entity types"));
  }
  if (where !== undefined && typeof where !== "function") {
    report(`${path}.where`, "is no function", "write where: (subject) => ({ field: value })");
  }
  const orderBy = checkOrderBy(`${path}.orderBy`, value["orderBy"], indexes?.get(String(of)), report);
  if (typeof perPage !== "number" || !Number.isInteger(perPage) || perPage < 1 || perPage > MAX_PER_PAGE) {
    report(`${path}.perPage`, "is no number of rows", "give a whole number from 1 to 10,000");
  }
  if (typeof of !== "string" || typeof perPage !== "number") return undefined;
  // Its subject was typed against `each` where the route was declared.
  const condition = typeof where === "function" ? (where as (subject: AnySubject) => WhereValues) : () => ({});
  return { of, where: condition, orderBy, perPage };
}
