import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { extensionOf, findCarrier } from "../src/core/stamp.ts";
import { isRedirectKey } from "../src/press/redirect-page.ts";

/** How two folders of pages differ, stamps aside. */
export interface BuildComparison {
  readonly same: number;
  /** Files of one only, and files that differ. */
  readonly differing: readonly string[];
}

function filesBelow(root: string): ReadonlySet<string> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Set(files.map((file) => file.slice(root.length + 1)).filter((file) => !file.startsWith(".rekiln/")));
}

/** A file without its stamp, and what the stamp names. */
function readPage(file: string): { readonly content: string; readonly key: string | undefined } {
  const text = readFileSync(file, "latin1");
  const carried = findCarrier(extensionOf(file), text);
  return carried === undefined
    ? { content: text, key: undefined }
    : { content: text.slice(0, text.length - carried.length), key: carried.key };
}

/** Compares what was regenerated with a clean build, file by file; redirects aren't pages. */
export function compareBuilds(regenerated: string, clean: string): BuildComparison {
  const [first, second] = [filesBelow(regenerated), filesBelow(clean)];
  const differing: string[] = [];
  let same = 0;
  for (const file of new Set([...first, ...second])) {
    if (!first.has(file)) differing.push(`${file} (missing)`);
    else if (!second.has(file)) {
      const { key } = readPage(join(regenerated, file));
      if (key === undefined || !isRedirectKey(key)) differing.push(`${file} (should not be there)`);
    } else if (readPage(join(regenerated, file)).content !== readPage(join(clean, file)).content) differing.push(file);
    else same++;
  }
  return { same, differing };
}
