import { hash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import type { SnapshotPart } from "./snapshot-format.ts";
import { PART_BYTES } from "./snapshot-parts.ts";

const pack = promisify(gzip);
/** Half the time of the default, and a few percent larger. */
const LEVEL = 4;

/** A part that isn't stored yet: `name` is that of its file. */
export type PartFile = Omit<SnapshotPart, "key"> & { readonly name: string };

/** Writes the entities of a type as parts, each a gzipped NDJSON file of some megabytes of text; one is packed while the next is gathered. */
export class PartFiles {
  readonly #folder: string;
  readonly #prefix: string;
  readonly #parts: PartFile[] = [];
  #lines: string[] = [];
  #characters = 0;
  #count = 0;
  #packing: Promise<void> = Promise.resolve();

  /** @param prefix what the names of a type's files begin with */
  constructor(folder: string, prefix: string) {
    this.#folder = folder;
    this.#prefix = prefix;
  }

  /** @param line the entity as JSON, without a line feed */
  async add(line: string): Promise<void> {
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= PART_BYTES) await this.#cut();
  }

  async #cut(): Promise<void> {
    const lines = this.#lines;
    const name = `${this.#prefix}-${String(this.#count++).padStart(5, "0")}.ndjson.gz`;
    [this.#lines, this.#characters] = [[], 0];
    await this.#packing;
    this.#packing = this.#write(name, lines);
    // Whoever waits for it next is told.
    this.#packing.catch(() => undefined);
  }

  async #write(name: string, lines: readonly string[]): Promise<void> {
    const packed = await pack(`${lines.join("\n")}\n`, { level: LEVEL });
    await writeFile(join(this.#folder, name), packed);
    this.#parts.push({ name, bytes: packed.length, sha256: hash("sha256", packed, "hex"), entities: lines.length });
  }

  async finish(): Promise<readonly PartFile[]> {
    if (this.#lines.length > 0) await this.#cut();
    await this.#packing;
    return this.#parts;
  }
}
