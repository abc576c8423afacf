/**
 * Writes docs/reference.md from the code: the commands from commander's own tree, the config and what a program imports from the public
 * declarations and their doc comments.
 *
 *   node scripts/write-reference.ts          writes it
 *   node scripts/write-reference.ts --check  ends with 1 when it isn't what it would be
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { referenceText } from "./reference/reference-text.ts";

const FILE = fileURLToPath(new URL("../docs/reference.md", import.meta.url));

const text = await referenceText();
if (!process.argv.includes("--check")) writeFileSync(FILE, text);
else if (readFileSync(FILE, "utf8") !== text) {
  process.stderr.write("docs/reference.md isn't up to date: npm run reference\n");
  process.exitCode = 1;
}
