import { messageOf } from "../core/errors.ts";
import { bad, good } from "../core/finding.ts";
import type { Finding } from "../core/finding.ts";
import { recordFiles } from "./record-files.ts";

/** Looks whether there is a file for each entity type. `name`: the folder as the config has it. */
export async function inspectFiles(dir: string, name: string, types: Iterable<string>): Promise<readonly Finding[]> {
  const what = `source ${name}`;
  const missing: string[] = [];
  let files = 0;
  try {
    for (const type of types) {
      const found = await recordFiles(dir, name, type);
      files += found.length;
      if (found.length === 0) missing.push(type);
    }
  } catch (error) {
    return [bad(what, `can't be read: ${messageOf(error)}`, "Give this user the right to read it.")];
  }
  if (missing.length === 0) return [good(what, files === 1 ? "has 1 file" : `has ${files} files`)];
  const hint = `Write ${missing.map((type) => `${name}${name.endsWith("/") ? "" : "/"}${type}.ndjson`).join(", ")}; an empty source deletes nothing.`;
  return [bad(what, `has no file for ${missing.join(", ")}`, hint)];
}
