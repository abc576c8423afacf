import type { Dependency } from "../core/dependency.ts";
import type { OrderField, WhereValues } from "../core/entity.ts";
import type { SortKey } from "../core/order.ts";
import { anyOf } from "../core/tuple.ts";

/** What a ref was hashed of; the condition of a list stands in the dependency. */
export type RefName =
  | { readonly kind: "entity"; readonly type: string; readonly id: string }
  | { readonly kind: "list"; readonly type: string }
  | { readonly kind: "values"; readonly type: string; readonly field: string }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "asset"; readonly file: string };

/** A ref with what a page did with it, in the words of the glossary: `film:42{title}`, `film[genre=drama] by -rating to 8.7,42`. */
export function refText(name: RefName, dependency: Dependency): string {
  switch (name.kind) {
    case "entity":
      return `${name.type}:${name.id}${dependency.kind === "entity" ? maskText(dependency.fields) : ""}`;
    case "list":
      return `${name.type}${conditionText(dependency)}`;
    case "values":
      return `${name.type}[${name.field}]`;
    case "path":
      return `path:${name.path}`;
    case "asset":
      return `asset:${name.file}`;
  }
}

/** The fields that were used; none says that the entity exists, or doesn't. */
export function maskText(fields: readonly string[] | "*"): string {
  return `{${fields === "*" ? "*" : fields.join(",")}}`;
}

/** What a dependency says of its list; nothing where it isn't about one. */
export function conditionText(dependency: Dependency): string {
  switch (dependency.kind) {
    case "window": {
      const { where, order, first, last } = dependency.window;
      const from = first === undefined ? "" : ` from ${keyText(first)}`;
      const to = last === undefined ? "" : ` to ${keyText(last)}`;
      return `[${whereText(where)}]${orderText(order)}${from}${to}`;
    }
    case "count":
    case "exists":
    case "pages":
    case "extent":
      return `[${whereText(dependency.where)}]`;
    case "entity":
    case "values":
    case "claim":
    case "folder":
    case "asset":
      return "";
  }
}

function whereText(where: WhereValues): string {
  const parts = Object.entries(where).map(([field, wanted]) => `${field}=${anyOf(wanted).map(String).join("|")}`);
  return parts.length === 0 ? "*" : parts.join(",");
}

function orderText(order: readonly OrderField[]): string {
  const fields = order.map(({ field, descending }) => (descending ? `-${field}` : field));
  return fields.length === 0 ? "" : ` by ${fields.join(",")}`;
}

const keyText = ({ values, id }: SortKey): string => [...values.map(String), id].join(",");
