import type { ObjectKey } from "../core/path.ts";
import type { PageStore, Staged, StoredObject } from "../store/store.ts";

/** What a press asks of the store, and does to it. */
export type PressStore = Pick<PageStore, "etag" | "read" | "stage" | "replace" | "discard" | "remove" | "buries">;

/**
 * A store as a press of a batch knows it: what the manifest says of the batch's own pages, what was asked for side by side, and what it
 * has put itself. The rest is asked of the store when it is needed.
 */
export class KnownObjects implements PressStore {
  readonly #store: PressStore & Pick<PageStore, "readBytes">;
  readonly #known = new Map<ObjectKey, StoredObject | undefined>();

  constructor(store: PressStore & Pick<PageStore, "readBytes">) {
    this.#store = store;
  }

  get buries(): boolean {
    return this.#store.buries;
  }

  /** Undefined: nothing is there. */
  learn(key: ObjectKey, stored: StoredObject | undefined): void {
    this.#known.set(key, stored);
  }

  /** Reads what is there, whatever its headers say. */
  learnBytes(key: ObjectKey): void {
    this.#known.set(key, this.#store.readBytes(key));
  }

  knows(key: ObjectKey): boolean {
    return this.#known.has(key);
  }

  forget(key: ObjectKey): void {
    this.#known.delete(key);
  }

  clear(): void {
    this.#known.clear();
  }

  etag(key: ObjectKey): string | undefined {
    return this.#known.has(key) ? this.#known.get(key)?.etag : this.#store.etag(key);
  }

  read(key: ObjectKey): StoredObject | undefined {
    return this.#known.has(key) ? this.#known.get(key) : this.#store.read(key);
  }

  stage(key: ObjectKey, content: Uint8Array): Staged {
    return this.#store.stage(key, content);
  }

  replace(staged: Staged): string {
    const over = this.#known.has(staged.key) ? { etag: this.#known.get(staged.key)?.etag } : undefined;
    this.#known.delete(staged.key);
    return this.#store.replace(staged, over);
  }

  discard(staged: Staged): void {
    this.#store.discard(staged);
  }

  remove(key: ObjectKey): void {
    this.#known.delete(key);
    this.#store.remove(key);
  }
}
