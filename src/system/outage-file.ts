import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import type { Outage, OutageMarker } from "../press/publisher.ts";
import { STATE_FOLDER } from "../store/directory.ts";
import type { SiteFolders } from "./site-folders.ts";

const NAME = /^outage(?:-\d+)?\.json$/;

/**
 * The marker of an outage: `outage.json` in the state folder, or in the store's, if that is a directory, where that can't be written. A process that looks for what was
 * marked gives it a name of its own for that time, so that it removes no other one.
 */
export class OutageFile implements OutageMarker {
  readonly #folders: readonly string[];
  readonly #own = `outage-${process.pid}.json`;

  constructor({ state, directory }: Pick<SiteFolders, "state" | "directory">) {
    this.#folders = directory === undefined ? [state] : [state, join(directory, STATE_FOLDER)];
  }

  read(): Outage | undefined {
    const found = this.#files().flatMap(({ folder, name }) => readOutage(join(folder, name)) ?? []);
    const [first] = found;
    if (first === undefined) return undefined;
    return found.reduce((left, right) => ({
      since: Math.min(left.since, right.since),
      until: Math.max(left.until, right.until),
    }));
  }

  write(outage: Outage): void {
    let failure: unknown;
    for (const folder of this.#folders) {
      try {
        writeDurably(join(folder, "outage.json"), JSON.stringify(outage));
        return;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  take(): void {
    for (const { folder, name } of this.#files()) renameSync(join(folder, name), join(folder, this.#own));
  }

  clear(): void {
    for (const folder of this.#folders) rmSync(join(folder, this.#own), { force: true });
  }

  #files(): readonly { readonly folder: string; readonly name: string }[] {
    return this.#folders.flatMap((folder) =>
      namesIn(folder)
        .filter((name) => NAME.test(name))
        .map((name) => ({ folder, name })),
    );
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
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
