import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How two folders of pages differ, stamps aside. */
export interface BuildComparison {
  readonly same: number;
  /** Files of one only, and files that differ. */
  readonly differing: readonly string[];
}

/** The stamp at the end of a page: from which version it was rendered. */
const CARRIER = /\n(?:<!--rekiln [^\n]*-->|# rekiln [^\n]*|\/\* rekiln [^\n]* \*\/|[ \t]+)\n$/;
/** What a page that moved, or is gone, left in its place. */
const LEFT = /^<!--rekiln-redirect |<meta http-equiv="refresh"/;

function filesBelow(root: string): ReadonlySet<string> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Set(files.map((file) => file.slice(root.length + 1)).filter((file) => !file.startsWith(".rekiln/")));
}

const contentOf = (file: string): string => readFileSync(file, "latin1").replace(CARRIER, "");

/** Compares what was regenerated with a clean build, file by file; redirects aren't pages. */
export function compareBuilds(regenerated: string, clean: string): BuildComparison {
  const [first, second] = [filesBelow(regenerated), filesBelow(clean)];
  const differing: string[] = [];
  let same = 0;
  for (const file of new Set([...first, ...second])) {
    if (!first.has(file)) differing.push(`${file} (missing)`);
    else if (!second.has(file)) {
      if (!LEFT.test(contentOf(join(regenerated, file)))) differing.push(`${file} (should not be there)`);
    } else if (contentOf(join(regenerated, file)) !== contentOf(join(clean, file))) differing.push(file);
    else same++;
  }
  return { same, differing };
}
