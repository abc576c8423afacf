import { once } from "node:events";
import { type WriteStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished } from "node:stream/promises";

/**
 * An NDJSON file of records with an id, written in the order they come; of those with the same id the first stays.
 * The file appears when it is complete: an import that fails leaves the last one's.
 */
export class NdjsonFile {
  readonly #ids = new Set<string>();
  readonly #file: string;
  readonly #stream: WriteStream;
  /** Ids that came again, with other records or the same. */
  readonly repeated = new Set<string>();

  constructor(file: string) {
    this.#file = file;
    this.#stream = createWriteStream(`${file}.partial`);
  }

  get count(): number {
    return this.#ids.size;
  }

  /** Resolves when the stream takes more. @returns whether the record was written. */
  async write(record: { readonly id: string }): Promise<boolean> {
    if (this.#ids.has(record.id)) {
      this.repeated.add(record.id);
      return false;
    }
    // A copy: as cut from the index, the id would keep the whole piece of text that it was cut from.
    this.#ids.add(Buffer.from(record.id).toString());
    if (!this.#stream.write(`${JSON.stringify(record)}\n`)) await once(this.#stream, "drain");
    return true;
  }

  async complete(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
    await rename(`${this.#file}.partial`, this.#file);
  }

  async discard(): Promise<void> {
    this.#stream.destroy();
    await rm(`${this.#file}.partial`, { force: true });
  }
}
