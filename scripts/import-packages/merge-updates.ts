import { createReadStream } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { NdjsonFile } from "./ndjson-file.ts";

const TYPES = ["package", "source", "maintainer", "release"] as const;

export interface MergeCounts {
  /** Records that are other ones now, and records that are new, of all types. */
  readonly changed: number;
  readonly added: number;
}

type Line = { readonly id: string; readonly [field: string]: unknown };

/**
 * Puts the records of other suites over those of the base suite, as a machine sees them that has all of them: of records with one id that of
 * the last folder counts. Streams the base; the updates are held in memory.
 */
export async function mergeUpdates(dataDir: string, updateDirs: readonly string[]): Promise<MergeCounts> {
  let changed = 0;
  let added = 0;
  for (const type of TYPES) {
    const updates = new Map<string, Line>();
    for (const dir of updateDirs) {
      const text = await readFile(join(dir, `${type}.ndjson`), "utf8");
      for (const line of text.split("\n")) {
        if (line === "") continue;
        // The importer wrote it.
        const record = JSON.parse(line) as Line;
        updates.set(record.id, record);
      }
    }
    const name = join(dataDir, `${type}.ndjson`);
    const merged = new NdjsonFile(`${name}.merged`);
    for await (const line of createInterface({ input: createReadStream(name) })) {
      const before = JSON.parse(line) as Line;
      const update = updates.get(before.id);
      updates.delete(before.id);
      if (update !== undefined && JSON.stringify(update) !== line) changed++;
      await merged.write(update ?? before);
    }
    for (const record of updates.values()) {
      added++;
      await merged.write(record);
    }
    await merged.complete();
    await rename(`${name}.merged`, name);
  }
  return { changed, added };
}
