/** Changes of maps that are undone when the transaction which makes them throws. */
export class Undo {
  #steps: (() => void)[] | undefined;

  /** Within another one it is a part of it. */
  transact<T>(work: () => T): T {
    if (this.#steps !== undefined) return work();
    this.#steps = [];
    try {
      return work();
    } catch (error) {
      for (const step of this.#steps.reverse()) step();
      throw error;
    } finally {
      this.#steps = undefined;
    }
  }

  set<K, V>(map: Map<K, V>, key: K, value: V): void {
    this.#keep(map, key);
    map.set(key, value);
  }

  delete<K, V>(map: Map<K, V>, key: K): void {
    this.#keep(map, key);
    map.delete(key);
  }

  #keep<K, V>(map: Map<K, V>, key: K): void {
    if (this.#steps === undefined) return;
    const [has, before] = [map.has(key), map.get(key)];
    // What was there is put back as it was, an undefined one too.
    this.#steps.push(() => void (has ? map.set(key, before as V) : map.delete(key)));
  }
}
