import type { PageKey } from "../../src/core/page.ts";
import type { LeftPath, LeftPaths, LeftPathWrites } from "../../src/manifest/left-paths.ts";
import type { Undo } from "./undo.ts";

const PIECE_ROWS = 500;

/** The paths that pages have left, in memory. */
export class MemoryLeftPaths implements LeftPaths, LeftPathWrites {
  readonly #undo: Undo;
  readonly #byPath = new Map<string, LeftPath>();

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  at(collisionKey: string): LeftPath | undefined {
    return this.#byPath.get(collisionKey);
  }

  below(collisionKey: string): readonly LeftPath[] {
    return this.#sorted((left) => left.collisionKey.startsWith(`${collisionKey}/`));
  }

  of(key: PageKey): readonly LeftPath[] {
    return this.#sorted((left) => left.key === key);
  }

  put(left: LeftPath): void {
    const { collisionKey, path, key, kind, version, since, expires } = left;
    this.#undo.set(this.#byPath, collisionKey, { collisionKey, path, key, kind, version, since, expires });
  }

  remove(collisionKey: string): void {
    this.#undo.delete(this.#byPath, collisionKey);
  }

  all(): Iterable<readonly LeftPath[]> {
    return this.#pieces(() => true);
  }

  *unsettled(since: number, now: number): Iterable<readonly LeftPath[]> {
    yield* this.#pieces((left) => left.kind === "handover" && left.since <= since);
    yield* this.#pieces((left) => left.expires <= now);
  }

  *#pieces(isWanted: (left: LeftPath) => boolean): Iterable<readonly LeftPath[]> {
    for (let after = ""; ;) {
      const piece = this.#sorted((left) => left.collisionKey > after && isWanted(left)).slice(0, PIECE_ROWS);
      const last = piece.at(-1);
      if (last === undefined) return;
      yield piece;
      after = last.collisionKey;
    }
  }

  #sorted(isWanted: (left: LeftPath) => boolean): LeftPath[] {
    const order = (left: LeftPath, right: LeftPath): number => (left.collisionKey < right.collisionKey ? -1 : 1);
    return [...this.#byPath.values()].filter(isWanted).sort(order);
  }
}
