import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import type { Stats } from "node:fs";
import { join } from "node:path";

interface StagedFile {
  /** A rename changes nothing that an etag is made of. Undefined before the file is written. */
  readonly etag: string | undefined;
  readonly isPlaced: boolean;
  /** The file that stood in its place, held open. */
  readonly before: number | undefined;
}

let folders = 0;

/** The token of a file: another one after each write. */
export function etagOf(stats: Stats): string {
  return `${stats.ino.toString(36)}-${stats.size.toString(36)}-${Math.round(stats.mtimeMs * 1000).toString(36)}`;
}

/** Writes a new file. @returns its etag */
export function writeFile(path: string, pieces: Iterable<Uint8Array>): string {
  return writeNew(path, pieces, () => undefined);
}

/**
 * Files that wait until they are renamed to their places. Whoever renames holds a lock that all writers wait for; so what a file system
 * does late, and then within the rename, is had done here before, or put off until after it. For the same reason each writer has a folder
 * of its own, which is there while anything waits in it: a file can't be renamed out of a folder in which another one is being made.
 */
export class StagedFiles {
  readonly #folder: string;
  readonly #files = new Map<string, StagedFile>();
  #sequence = 0;

  /** @param writer begins the name of a folder that is made in `parent` */
  constructor(parent: string, writer: string) {
    this.#folder = join(parent, `${writer}-${folders++}`);
  }

  /** A path at which nothing is, until `end`. */
  begin(): string {
    mkdirSync(this.#folder, { recursive: true, mode: 0o750 });
    const temporary = join(this.#folder, String(this.#sequence++));
    this.#files.set(temporary, { etag: undefined, isPlaced: false, before: undefined });
    return temporary;
  }

  /** Writes a file that is to stand at `path`. */
  write(temporary: string, pieces: Iterable<Uint8Array>, path: string): void {
    // To ext4 a file that was cut to nothing replaces another one: it finds room for it when it is closed. For any other one it would do
    // that in the rename.
    const etag = writeNew(temporary, pieces, (file) => ftruncateSync(file, 0));
    this.#files.set(temporary, { etag, isPlaced: false, before: holdOpen(path) });
  }

  /** Renames a file that was written, over whatever is there. @returns its etag @throws what `rename` does */
  place(temporary: string, path: string): string {
    renameSync(temporary, path);
    const { etag, before } = this.#files.get(temporary) ?? {};
    this.#files.set(temporary, { etag, isPlaced: true, before });
    return etag ?? etagOf(statSync(path));
  }

  /** Ends what `begin` began: removes a file that wasn't placed, and lets go of the one that was replaced. */
  end(temporary: string): void {
    const staged = this.#files.get(temporary);
    if (staged === undefined) return;
    this.#files.delete(temporary);
    if (staged.before !== undefined) closeSync(staged.before);
    // One that couldn't be written may be there in part.
    if (!staged.isPlaced) rmSync(temporary, { force: true });
    if (this.#files.size > 0) return;
    try {
      rmdirSync(this.#folder);
    } catch {
      // Something else is in it, which goes when this process has ended.
    }
  }
}

/** While a file is open, whoever replaces it doesn't give back its space. On Windows an open file may be in the way of a rename. */
function holdOpen(path: string): number | undefined {
  if (process.platform === "win32") return undefined;
  try {
    return openSync(path, "r");
  } catch {
    // Most often nothing is there; nothing leans on this.
    return undefined;
  }
}

function writeNew(path: string, pieces: Iterable<Uint8Array>, prepare: (file: number) => void): string {
  const file = openSync(path, "wx", 0o644);
  try {
    prepare(file);
    for (const piece of pieces) {
      let written = 0;
      while (written < piece.length) written += writeSync(file, piece, written);
    }
    return etagOf(fstatSync(file));
  } finally {
    closeSync(file);
  }
}
