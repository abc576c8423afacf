import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import type { Dirent, Stats } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { digestOf, digestOfPieces } from "../core/digest.ts";
import { isCompressed } from "../core/encoding.ts";
import type { Encoding } from "../core/encoding.ts";
import { RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";
import { CARRIER_BYTES_MAX, extensionOf, findCarrier } from "../core/stamp.ts";
import type { Carried } from "../core/stamp.ts";
import { filePieces } from "./file-pieces.ts";
import { isProcessAlive } from "./process-alive.ts";
import { etagOf, StagedFiles, writeFile } from "./staged-files.ts";
import type { PageStore, Staged, StoredObject } from "./store.ts";
import { Twins } from "./twins.ts";

/** The store's own folder below its root; it is never served. */
export const STATE_FOLDER = ".rekiln";
const FOLDERS_KNOWN_MAX = 100_000;
/** More than a page with its stamp. What is larger is read in pieces. */
const WHOLE_BYTES_MAX = 8 << 20;

/** Node's errors carry a code; anything else is passed on. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** A page store in a directory. `writer` tells this thread's temporary files from those of others: the number of the process, `-`, and a name. */
export class DirectoryPageStore implements PageStore {
  readonly buries = false;
  readonly #root: string;
  readonly #temporary: string;
  readonly #writer: string;
  readonly #folders = new Set<string>();
  /** Undefined where none are made. */
  readonly #twins: Twins | undefined;
  readonly #staged: StagedFiles;

  /** @param compress in which encodings each file gets a twin */
  constructor(root: string, writer: string, compress: readonly Encoding[] = []) {
    this.#twins = compress.length === 0 ? undefined : new Twins(compress);
    this.#root = resolve(root);
    this.#temporary = join(this.#root, STATE_FOLDER, "tmp");
    this.#writer = writer;
    this.#staged = new StagedFiles(this.#temporary, writer);
    try {
      mkdirSync(this.#root, { recursive: true });
      mkdirSync(this.#temporary, { recursive: true, mode: 0o750 });
    } catch (error) {
      throw explain(error, this.#temporary);
    }
  }

  etag(key: ObjectKey): string | undefined {
    const stats = statSync(join(this.#root, key), { throwIfNoEntry: false });
    return stats?.isFile() === true ? etagOf(stats) : undefined;
  }

  isWrittenSince(etag: string, timeMs: number): boolean {
    const microseconds = Number.parseInt(etag.split("-")[2] ?? "", 36);
    return microseconds >= timeMs * 1000;
  }

  etags(keys: readonly ObjectKey[]): readonly (string | undefined)[] {
    return keys.map((key) => this.etag(key));
  }

  readBytes(key: ObjectKey): StoredObject | undefined {
    return this.read(key);
  }

  read(key: ObjectKey): StoredObject | undefined {
    let content: Buffer;
    let stats: Stats;
    try {
      const file = openSync(join(this.#root, key), "r");
      try {
        stats = fstatSync(file);
        if (!stats.isFile()) return undefined;
        if (stats.size > WHOLE_BYTES_MAX) return readLarge(file, stats, extensionOf(key));
        content = readFileSync(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
    const tail = content.subarray(Math.max(0, content.length - CARRIER_BYTES_MAX)).toString("latin1");
    const carried = findCarrier(extensionOf(key), tail);
    return {
      etag: etagOf(stats),
      bytes: content.length,
      digest: digestOf(carried === undefined ? content : content.subarray(0, content.length - carried.length)),
      carried: carried === undefined ? undefined : { stamp: carried.stamp, key: carried.key },
    };
  }

  create(key: ObjectKey, content: Uint8Array): string | undefined {
    const path = join(this.#root, key);
    try {
      const etag = this.#inFolder(path, () => writeFile(path, [content]));
      if (this.#twins !== undefined) this.#makeTwins(this.#twins, key, content);
      return etag;
    } catch (error) {
      if (["EEXIST", "ENOTDIR", "EISDIR"].includes(codeOf(error) ?? "")) return undefined;
      throw explain(error, path);
    }
  }

  stage(key: ObjectKey, content: Uint8Array): Staged {
    return this.#stage(key, [content], (twins, temporary) => twins.stage(temporary, key, content));
  }

  stagePieces(key: ObjectKey, pieces: Iterable<Uint8Array>): Staged {
    return this.#stage(key, pieces, (twins, temporary) => twins.stageFile(temporary, key));
  }

  #stage(key: ObjectKey, pieces: Iterable<Uint8Array>, stageTwins: (twins: Twins, temporary: string) => void): Staged {
    const temporary = this.#staged.begin();
    try {
      this.#staged.write(temporary, pieces, join(this.#root, key));
      if (this.#twins !== undefined) stageTwins(this.#twins, temporary);
      return { key, temporary };
    } catch (error) {
      this.discard({ key, temporary });
      throw explain(error, temporary);
    }
  }

  replace(staged: Staged): string {
    const path = join(this.#root, staged.key);
    const place = (): string => this.#staged.place(staged.temporary, path);
    try {
      this.#twins?.remove(path);
      const etag = this.#placeIn(path, place);
      this.#twins?.place(staged.temporary, path);
      return etag;
    } catch (error) {
      throw explain(error, path);
    }
  }

  /** Most pages replace what stands there: their folder is there too. */
  #placeIn(path: string, place: () => string): string {
    try {
      return place();
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      this.#folders.delete(dirname(path));
      return this.#inFolder(path, place);
    }
  }

  discard(staged: Staged): void {
    this.#twins?.discard(staged.temporary);
    this.#staged.end(staged.temporary);
  }

  remove(key: ObjectKey): void {
    const path = join(this.#root, key);
    try {
      this.#twins?.remove(path);
      unlinkSync(path);
    } catch (error) {
      if (!isAbsent(error)) throw explain(error, path);
    }
    for (let folder = dirname(path); folder.length > this.#root.length; folder = dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch {
        // Not empty, or gone: nothing above it is empty either.
        return;
      }
      this.#folders.delete(folder);
    }
  }

  *scan(
    isWanted: (key: ObjectKey) => boolean = () => true,
  ): Iterable<{ readonly key: ObjectKey; readonly carried: Carried | undefined }> {
    for (const key of this.#keys()) if (isWanted(key)) yield { key, carried: this.read(key)?.carried };
  }

  *list(): Iterable<{ readonly key: ObjectKey; readonly etag: string }> {
    for (const key of this.#keys()) {
      const etag = this.etag(key);
      if (etag !== undefined) yield { key, etag };
    }
  }

  *#keys(): Iterable<ObjectKey> {
    const folders = [""];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of entriesOf(join(this.#root, folder))) {
        const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
        if (name === STATE_FOLDER) continue;
        if (entry.isDirectory()) folders.push(name);
        // What stands below the root is a key, whoever wrote it.
        if (entry.isFile()) yield name as ObjectKey;
      }
    }
  }

  /** The files that should have twins and lack one, in no order. */
  *lackingTwins(): Iterable<ObjectKey> {
    const twins = this.#twins;
    if (twins === undefined) return;
    for (const key of this.#keys()) if (twins.isMissing(join(this.#root, key), key)) yield key;
  }

  /** Makes the twins of a file as it stands. Nobody may replace the file meanwhile. */
  makeTwins(key: ObjectKey): void {
    const path = join(this.#root, key);
    if (this.#twins === undefined) return;
    this.#twins.remove(path);
    this.#makeTwins(this.#twins, key, readFileSync(path));
  }

  /** Removes the twins of all files in encodings that aren't made any more. */
  dropTwins(encodings: readonly Encoding[]): void {
    const dropped = new Twins(encodings);
    for (const key of this.#keys()) if (isCompressed(key)) dropped.remove(join(this.#root, key));
  }

  #makeTwins(twins: Twins, key: ObjectKey, content: Uint8Array): void {
    const temporary = this.#staged.begin();
    try {
      twins.stage(temporary, key, content);
      twins.place(temporary, join(this.#root, key));
    } finally {
      this.discard({ key, temporary });
    }
  }

  readRecord(): string | undefined {
    try {
      return readFileSync(this.#recordPath, "utf8");
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  writeRecord(text: string): void {
    try {
      const temporary = join(this.#temporary, `${this.#writer}-record`);
      synced(temporary, "w", (file) => writeFileSync(file, text));
      renameSync(temporary, this.#recordPath);
      synced(dirname(this.#recordPath), "r", () => undefined);
    } catch (error) {
      throw explain(error, this.#recordPath);
    }
  }

  get #recordPath(): string {
    return join(this.#root, STATE_FOLDER, "site.json");
  }

  isEmpty(): boolean {
    return readdirSync(this.#root).every((name) => name === STATE_FOLDER);
  }

  temporary(): readonly string[] {
    return this.#deadWriters().flatMap((name) => {
      const path = join(this.#temporary, name);
      return statSync(path).isDirectory() ? readdirSync(path).map((file) => `${name}/${file}`) : [name];
    });
  }

  removeTemporary(): number {
    const count = this.temporary().length;
    for (const name of this.#deadWriters()) rmSync(join(this.#temporary, name), { recursive: true, force: true });
    return count;
  }

  #deadWriters(): readonly string[] {
    return readdirSync(this.#temporary).filter((name) => !isWriterAlive(name));
  }

  [Symbol.dispose](): void {
    // It holds nothing open.
  }

  /** Does something with a path once its folder is there. */
  #inFolder<T>(path: string, act: () => T): T {
    try {
      this.#makeFolder(dirname(path));
      return act();
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      // A folder that another writer just found empty and removed.
      this.#folders.clear();
      this.#makeFolder(dirname(path));
      return act();
    }
  }

  #makeFolder(folder: string): void {
    if (this.#folders.has(folder)) return;
    try {
      mkdirSync(folder);
    } catch (error) {
      const code = codeOf(error);
      if (code === "ENOENT") {
        this.#folders.delete(dirname(folder));
        this.#makeFolder(dirname(folder));
        this.#makeFolder(folder);
        return;
      }
      if (code !== "EEXIST" || !statSync(folder).isDirectory()) throw error;
    }
    if (this.#folders.size >= FOLDERS_KNOWN_MAX) this.#folders.clear();
    this.#folders.add(folder);
  }
}

/** A folder that another writer removes meanwhile, because it is empty, has none. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Whether another process, whose temporary file or folder this is, may still write it: its number stands first in the name. */
function isWriterAlive(name: string): boolean {
  const writer = Number(/^(\d+)-/.exec(name)?.[1]);
  return writer !== process.pid && isProcessAlive(writer);
}

/** Does something with a file or folder, which outlives a power failure then. */
function synced(path: string, flags: "w" | "r", act: (file: number) => void): void {
  const file = openSync(path, flags, 0o640);
  try {
    act(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function readLarge(file: number, stats: Stats, extension: string): StoredObject {
  const tail = Buffer.alloc(CARRIER_BYTES_MAX);
  const tailBytes = readSync(file, tail, 0, tail.length, stats.size - tail.length);
  const carried = findCarrier(extension, tail.toString("latin1", 0, tailBytes));
  return {
    etag: etagOf(stats),
    bytes: stats.size,
    digest: digestOfPieces(filePieces(file, stats.size - (carried?.length ?? 0))),
    carried: carried === undefined ? undefined : { stamp: carried.stamp, key: carried.key },
  };
}

function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "EISDIR"].includes(codeOf(error) ?? "");
}

function explain(error: unknown, path: string): unknown {
  switch (codeOf(error)) {
    case "ENOSPC":
    case "EDQUOT":
      return new RekilnError({
        code: "store-full",
        message: `No space is left for ${path}.`,
        disposition: "retry",
        hint: "Nothing that stood there was damaged. Make room and run the command again: it goes on where it stopped.",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new RekilnError({
        code: "store-forbidden",
        message: `${path} can't be written.`,
        disposition: "fatal",
        hint: "Give this user the right to write there, or name another folder in `store: directory(…)`.",
        cause: error,
      });
    case "EEXIST":
    case "ENOTDIR":
    case "EISDIR":
      return new RekilnError({
        code: "store-blocked",
        message: `A file or folder that rekiln didn't make is in the way of ${path}.`,
        disposition: "discard",
        hint: "Move it elsewhere and run the command again.",
        cause: error,
      });
    default:
      return error;
  }
}
