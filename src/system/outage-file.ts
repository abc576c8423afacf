import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { Outage, OutageMarker } from "../press/publisher.ts";
import { STATE_FOLDER } from "../store/directory.ts";
import type { SiteFolders } from "./site-folders.ts";

/** The marker of an outage: in the state folder, or in the store's where that can't be written. */
export class OutageFile implements OutageMarker {
  readonly #files: readonly string[];

  constructor({ state, store }: Pick<SiteFolders, "state" | "store">) {
    this.#files = [join(state, "outage.json"), join(store, STATE_FOLDER, "outage.json")];
  }

  read(): Outage | undefined {
    const found = this.#files.flatMap((file) => readOutage(file) ?? []);
    const [first] = found;
    if (first === undefined) return undefined;
    return found.reduce((left, right) => ({
      since: Math.min(left.since, right.since),
      until: Math.max(left.until, right.until),
    }));
  }

  write(outage: Outage): void {
    let failure: unknown;
    for (const file of this.#files) {
      try {
        writeDurably(file, JSON.stringify(outage));
        return;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  clear(): void {
    for (const file of this.#files) rmSync(file, { force: true });
  }
}

function readOutage(file: string): Outage | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "since" in parsed && "until" in parsed) {
      return { since: Number(parsed.since), until: Number(parsed.until) };
    }
  } catch {
    // Cut off by a power failure: that there was an outage is all that it has to say.
  }
  return { since: 0, until: 0 };
}

function writeDurably(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  const file = openSync(`${path}.new`, "w", 0o640);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
