import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parseSync } from "oxc-parser";

const ROOT = join(import.meta.dirname, "../..");

/** What a file imports or exports again as soon as it is loaded: neither types, nor what `import()` asks for later. */
function importsAtOnce(path: string): readonly string[] {
  const { module, errors } = parseSync(path, readFileSync(join(ROOT, path), "utf8"));
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const imported = module.staticImports
    .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
    .map(({ moduleRequest }) => moduleRequest.value);
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ isType, moduleRequest }) => (isType || moduleRequest === null ? [] : [moduleRequest.value])),
  );
  return [...imported, ...exported];
}

/** All that is loaded with a file of the project, itself too: files by their paths from its root, packages by what they are imported as. */
export function loadedAtOnce(entry: string): ReadonlySet<string> {
  const loaded = new Set([entry]);
  // What is added while a set is gone over is gone over, too.
  for (const path of loaded) {
    if (!path.endsWith(".ts")) continue;
    for (const specifier of importsAtOnce(path)) {
      const isFile = specifier.startsWith(".");
      loaded.add(isFile ? new URL(specifier, `file:///${path}`).pathname.slice(1) : specifier);
    }
  }
  return loaded;
}
