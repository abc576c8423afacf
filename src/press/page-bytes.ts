/** Most presses are of one page or two. */
const CHUNK_BYTES_MIN = 32 << 10;
const CHUNK_BYTES_MAX = 1 << 20;
/** More than UTF-8 takes for a UTF-16 code unit. */
const UNIT_BYTES_MAX = 3;

/** Turns the text of pages into bytes, many pages to a buffer: to make one for each takes longer than to fill it. */
export class PageBytes {
  #chunk = Buffer.alloc(0);
  #used = 0;

  /** The text in UTF-8. */
  of(text: string): Uint8Array {
    const most = text.length * UNIT_BYTES_MAX;
    if (most > CHUNK_BYTES_MAX) return Buffer.from(text);
    if (this.#used + most > this.#chunk.length) {
      const bytes = Math.max(most, CHUNK_BYTES_MIN, 2 * this.#chunk.length);
      this.#chunk = Buffer.allocUnsafeSlow(Math.min(bytes, CHUNK_BYTES_MAX));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += this.#chunk.write(text, start);
    return this.#chunk.subarray(start, this.#used);
  }
}
