import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { extensionOf, findCarrier } from "../../src/core/stamp.ts";
import { STATE_FOLDER } from "../../src/store/directory.ts";

export interface LiveFile {
  /** The page that it was written for, as its carrier names it. */
  readonly key: string;
  /** Without its stamp. */
  readonly body: string;
}

/** What stands in a store, by object key. */
export function liveFiles(store: string): Map<string, LiveFile> {
  const live = new Map<string, LiveFile>();
  if (!existsSync(store)) return live;
  for (const entry of readdirSync(store, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name).slice(store.length + 1);
    if (!entry.isFile() || name.startsWith(`${STATE_FOLDER}/`)) continue;
    const text = readFileSync(join(store, name), "latin1");
    const carried = findCarrier(extensionOf(name), text);
    const body = carried === undefined ? text : text.slice(0, -carried.length);
    live.set(name, { key: carried?.key ?? "no stamp", body: Buffer.from(body, "latin1").toString("utf8") });
  }
  return live;
}
