import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseTemplate, usedBy } from "./parse-template.ts";
import { TemplateError } from "./renderer.ts";

/** The templates of a site as they were read, by name, in the order of their names. Plain data: it can be handed to a thread. */
export interface TemplateSet {
  /** The bytes of `partials/card.eta` under `partials/card`, of `feed.xml.eta` under `feed.xml`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const EXTENSION = ".eta";

/**
 * Reads every `*.eta` file below `directory`, once. A directory that isn't there holds no templates.
 * @throws TemplateError for a symbolic link: templates come from the project's own folder.
 */
export function readTemplates(directory: string): TemplateSet {
  const names = listTemplates(directory).toSorted();
  // A copy, as small files share a buffer that would be cloned whole for a thread.
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(path.join(directory, name + EXTENSION)));
  return { files: new Map(names.map((name) => [name, read(name)])) };
}

function listTemplates(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.name.endsWith(EXTENSION) && !entry.isDirectory())
      .map((entry) => {
        const file = path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join("/");
        if (!entry.isFile()) throw new TemplateError(file, undefined, "isn't a plain file: put a copy in its place");
        return file.slice(0, -EXTENSION.length);
      });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/**
 * The template, and all that it includes or uses as a layout, transitively: what a page made with it depends on. Sorted.
 * @throws TemplateError if one of them is missing, isn't named by a literal, or can't be parsed.
 */
export function templateClosure(set: TemplateSet, name: string): { readonly names: readonly string[] } {
  const names = new Set<string>();
  const pending = [name];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (names.has(next)) continue;
    names.add(next);
    pending.push(...usedBy(parseTemplate(set, next)));
  }
  return { names: [...names].toSorted() };
}
