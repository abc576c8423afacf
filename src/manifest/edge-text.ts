import type { Dependency } from "../core/dependency.ts";

const LETTERS = { v: "values", c: "claim", f: "folder", a: "asset" } as const;

/** Of those of which many pages have the very same object. */
const texts = new WeakMap<Dependency, string>();

/** A dependency as stored: short where there are many of them. */
export function formatDependency(dependency: Dependency): string {
  if (dependency.kind !== "entity" && dependency.kind !== "exists") return format(dependency);
  let text = texts.get(dependency);
  if (text === undefined) {
    text = format(dependency);
    texts.set(dependency, text);
  }
  return text;
}

function format(dependency: Dependency): string {
  switch (dependency.kind) {
    case "entity":
      return dependency.fields === "*" ? "*" : JSON.stringify(dependency.fields);
    case "values":
      return "v";
    case "claim":
      return "c";
    case "folder":
      return "f";
    case "asset":
      return "a";
    case "window":
    case "count":
    case "exists":
    case "pages":
    case "extent":
      return JSON.stringify(dependency);
  }
}

/** The reverse of `formatDependency`. */
export function parseDependency(text: string): Dependency {
  switch (text) {
    case "*":
      return { kind: "entity", fields: "*" };
    case "v":
    case "c":
    case "f":
    case "a":
      return { kind: LETTERS[text] };
    default: {
      // Only `formatDependency` writes these.
      const parsed = JSON.parse(text) as readonly string[] | Dependency;
      return "kind" in parsed ? parsed : { kind: "entity", fields: parsed };
    }
  }
}
