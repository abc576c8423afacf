import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../core/errors.ts";

const LINE_FEED = 10;
const CHUNK_BYTES = 1 << 20;
const CHUNK_BYTES_MIN = 1 << 10;
/** Largest record. */
export const RECORD_BYTES_MAX = 16 << 20;

/** The bytes of one record, and where they stand. A record that is too long has none. */
export interface RecordBytes {
  readonly place: string;
  readonly bytes: Uint8Array | undefined;
}

/** A file of records; `name` is its path as people write it. */
export interface RecordFile {
  readonly path: string;
  readonly name: string;
  readonly format: "ndjson" | "json";
}

/** What stands at a path: a folder is one whatever its name looks like. */
async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  return stat(path).then(
    (found) => (found.isDirectory() ? "folder" : "file"),
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    },
  );
}

/** The files of a type below `dir`: `film.ndjson`, `film/*.ndjson` and `film/*.json`, in the order of their names. */
export async function recordFiles(dir: string, name: string, type: string): Promise<readonly RecordFile[]> {
  const found: RecordFile[] = [];
  const single = join(dir, `${type}.ndjson`);
  if ((await kindOf(single)) !== undefined)
    found.push({ path: single, name: join(name, `${type}.ndjson`), format: "ndjson" });
  const folder = join(dir, type);
  if ((await kindOf(folder)) === "folder") {
    const names = (await readdir(folder)).filter((file) => !file.startsWith(".")).sort();
    for (const file of names) {
      const format = file.endsWith(".ndjson") ? "ndjson" : file.endsWith(".json") ? "json" : undefined;
      if (format !== undefined) found.push({ path: join(folder, file), name: join(name, type, file), format });
    }
  }
  return found;
}

/** Why a file can't be read, without its name; undefined when it can. */
export async function unreadable({ path, format }: RecordFile): Promise<string | undefined> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return `is a folder: put its files into a folder without .${format} in its name`;
    if (!found.isFile()) return "is no plain file";
    await (await open(path)).close();
    return undefined;
  } catch (error) {
    return `can't be read: ${messageOf(error)}`;
  }
}

/** The bytes of a file in pieces. Small files have small pieces: one of a megabyte for each of thousands of files keeps the collector busy. */
async function piecesOf(path: string, signal: AbortSignal): Promise<AsyncIterable<unknown>> {
  const { size } = await stat(path);
  return createReadStream(path, { highWaterMark: Math.min(CHUNK_BYTES, Math.max(size, CHUNK_BYTES_MIN)), signal });
}

/** SHA-256 over the names and the bytes of files. */
export async function digestFiles(files: readonly RecordFile[], signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`${file.name}\0`);
    for await (const chunk of await piecesOf(file.path, signal)) {
      // A read stream without an encoding gives buffers.
      hash.update(chunk as Buffer);
    }
  }
  return hash.digest("hex");
}

/** Reads records in pieces of about a megabyte, in flat memory. Blank lines are passed over. */
export async function* readRecords(file: RecordFile, signal: AbortSignal): AsyncGenerator<readonly RecordBytes[]> {
  if (file.format === "json") {
    const bytes = await readFile(file.path, { signal });
    yield [{ place: file.name, bytes: bytes.length > RECORD_BYTES_MAX ? undefined : bytes }];
    return;
  }
  yield* readLines(await piecesOf(file.path, signal), file.name);
}

/** The lines of a stream of bytes, of each piece of it at once. Blank lines are passed over, and counted. */
export async function* readLines(stream: AsyncIterable<unknown>, name: string): AsyncGenerator<readonly RecordBytes[]> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  let tooLong = false;
  const record = (bytes: Buffer): RecordBytes => ({
    place: `${name}:${line}`,
    bytes: tooLong || bytes.length > RECORD_BYTES_MAX ? undefined : bytes,
  });
  for await (const piece of stream) {
    // A read stream without an encoding gives buffers.
    const chunk = rest.length === 0 ? (piece as Buffer) : Buffer.concat([rest, piece as Buffer]);
    const records: RecordBytes[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED, start); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      line++;
      if (tooLong || !isBlank(chunk, start, end)) records.push(record(chunk.subarray(start, end)));
      tooLong = false;
      start = end + 1;
    }
    rest = chunk.subarray(start);
    if (rest.length > RECORD_BYTES_MAX) {
      tooLong = true;
      rest = Buffer.alloc(0);
    }
    yield records;
  }
  line++;
  if (tooLong || !isBlank(rest, 0, rest.length)) yield [record(rest)];
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++) {
    const byte = bytes[index];
    if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  }
  return true;
}
