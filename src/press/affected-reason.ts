import { formatEntityName } from "../core/entity-name.ts";
import type { OrderField, WhereValues } from "../core/entity.ts";
import type { SortKey } from "../core/order.ts";
import { anyOf } from "../core/tuple.ts";
import type { Affected } from "./expand.ts";

/** What led from a change to a page: the ref that it touches, and what the page did with it. */
export interface AffectedReason {
  /** `film:42{title}`, `film[genre=drama] by -rating to 8.7,42`, `film[genre]`. */
  readonly ref: string;
  /** `comes`, `goes`, `moves`: the page itself is new, is none any more, or gets another path. */
  readonly use: "fields" | "window" | "count" | "exists" | "pages" | "values" | "comes" | "goes" | "moves";
}

/** Why a page is affected, in the words of the glossary. */
export function affectedReason(affected: Affected): AffectedReason {
  const { change } = affected;
  if (affected.because !== "uses") return { ref: formatEntityName(change), use: affected.because };
  const { ref, dependency } = affected;
  switch (dependency.kind) {
    case "entity":
      return { ref: `${formatEntityName(change)}{${maskText(dependency.fields, change.fields)}}`, use: "fields" };
    case "window": {
      const { where, order, first, last } = dependency.window;
      const from = first === undefined ? "" : ` from ${keyText(first)}`;
      const to = last === undefined ? "" : ` to ${keyText(last)}`;
      return { ref: `${change.type}[${whereText(where)}]${orderText(order)}${from}${to}`, use: "window" };
    }
    case "count":
    case "exists":
    case "pages":
      return { ref: `${change.type}[${whereText(dependency.where)}]`, use: dependency.kind };
    case "values":
      return { ref: `${change.type}[${ref.kind === "values" ? ref.field : "*"}]`, use: "values" };
    case "extent":
    case "claim":
    case "folder":
    case "asset":
      // Nothing of an entity leads to a page by these.
      return { ref: formatEntityName(change), use: "pages" };
  }
}

/** The fields that a page used, of those that change where these are known. */
function maskText(used: readonly string[] | "*", changed: readonly string[] | undefined): string {
  if (used === "*") return "*";
  const both = changed === undefined ? used : used.filter((field) => changed.includes(field));
  // Only that it exists, or that it doesn't.
  return (both.length === 0 ? used : both).join(",");
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
