/** So many commits, at most, may be lost. */
const COMMITS_MAX = 16;

type Step = () => void;

/** Changes of maps that are undone when the transaction which makes them throws, or when a power failure takes the last commits. */
export class Undo {
  #steps: Step[] | undefined;
  /** How the last commits are undone, the newest last. */
  #commits: Step[][] = [];

  /** Within another one it is a part of it. */
  transact<T>(work: () => T, isDurable = false): T {
    if (this.#steps !== undefined) return work();
    const steps: Step[] = [];
    this.#steps = steps;
    try {
      const result = work();
      this.#commit(steps);
      if (isDurable) this.#commits = [];
      return result;
    } catch (error) {
      undo(steps);
      throw error;
    } finally {
      this.#steps = undefined;
    }
  }

  /** The last commits never came to the disk. */
  lose(commits: number): void {
    for (let left = commits; left > 0; left--) undo(this.#commits.pop() ?? []);
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
    const [has, before] = [map.has(key), map.get(key)];
    // What was there is put back as it was, an undefined one too.
    const step = (): void => void (has ? map.set(key, before as V) : map.delete(key));
    if (this.#steps === undefined) this.#commit([step]);
    else this.#steps.push(step);
  }

  #commit(steps: Step[]): void {
    if (steps.length === 0) return;
    this.#commits.push(steps);
    if (this.#commits.length > COMMITS_MAX) this.#commits.shift();
  }
}

function undo(steps: Step[]): void {
  for (const step of steps.reverse()) step();
}
