/**
 * A cache bounded by weight: when the young generation is full it becomes the old one, and what the old one held and
 * nobody asked for is gone. At most twice `budget` is held.
 */
export class GenerationCache<K, V> {
  readonly #budget: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #weight = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: K, value: V, weight: number): void {
    this.#young.set(key, value);
    this.#weight += weight + 1;
    if (this.#weight <= this.#budget) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#weight = 0;
  }
}
