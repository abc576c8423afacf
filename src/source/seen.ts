/** A set of small whole numbers, below zero or not, in a bit each. */
export class Seen {
  #bits = new Uint8Array(1 << 16);

  has(number: number): boolean {
    const place = placeOf(number);
    return ((this.#bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
  }

  add(number: number): void {
    const place = placeOf(number);
    while (place >> 3 >= this.#bits.length) {
      const grown = new Uint8Array(this.#bits.length * 2);
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[place >> 3] = (this.#bits[place >> 3] ?? 0) | (1 << (place & 7));
  }
}

const placeOf = (number: number): number => (number < 0 ? -2 * number - 1 : 2 * number);
