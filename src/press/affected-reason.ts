import { formatEntityName } from "../core/entity-name.ts";
import type { Affected } from "./expand.ts";
import { conditionText, maskText } from "./ref-text.ts";

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
      return {
        ref: `${formatEntityName(change)}${maskText(fieldsThatChange(dependency.fields, change.fields))}`,
        use: "fields",
      };
    case "window":
    case "count":
    case "exists":
    case "pages":
      return { ref: `${change.type}${conditionText(dependency)}`, use: dependency.kind };
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
function fieldsThatChange(
  used: readonly string[] | "*",
  changed: readonly string[] | undefined,
): readonly string[] | "*" {
  if (used === "*") return "*";
  const both = changed === undefined ? used : used.filter((field) => changed.includes(field));
  // Only that it exists, or that it doesn't.
  return both.length === 0 ? used : both;
}
