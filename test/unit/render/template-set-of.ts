import type { TemplateSet } from "../../../src/render/template-set.ts";

/** A set of templates written in the test: their sources by name. */
export function templateSetOf(sources: Readonly<Record<string, string>>): TemplateSet {
  const encoder = new TextEncoder();
  return { files: new Map(Object.entries(sources).map(([name, source]) => [name, encoder.encode(source)])) };
}
