/**
 * What writing alone costs: writes the files below FROM anew below TO, in one loop, and prints
 * `{ files, bytes, folders, seconds }`. Reading them isn't measured, and holds a thousand files at a time.
 *
 *   node floor.ts FROM TO
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FILES_AT_ONCE = 1000;

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error("usage: floor.ts FROM TO");

const files = readdirSync(from, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(from.length + 1))
  .sort();
const made = new Set([to]);
let bytes = 0;
let spentMs = 0;

function makeFolder(folder: string): void {
  if (made.has(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
  made.add(folder);
}

for (let start = 0; start < files.length; start += FILES_AT_ONCE) {
  const contents = files
    .slice(start, start + FILES_AT_ONCE)
    .map((file) => ({ file: join(to, file), content: readFileSync(join(from, file)) }));
  const since = performance.now();
  for (const { file, content } of contents) {
    makeFolder(dirname(file));
    writeFileSync(file, content);
    bytes += content.length;
  }
  spentMs += performance.now() - since;
}
process.stdout.write(
  `${JSON.stringify({ files: files.length, bytes, folders: made.size, seconds: spentMs / 1000 })}\n`,
);
