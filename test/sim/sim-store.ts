import type { ObjectKey } from "../../src/core/path.ts";
import type { Staged } from "../../src/store/store.ts";
import { MemoryStore } from "./memory-store.ts";
import type { World } from "./world.ts";

/** The page store of the simulated machine: every put is checked, and processes die before and after it. */
export class SimStore extends MemoryStore {
  readonly #world: World;

  constructor(world: World, writer: string) {
    super(world.files, writer, world.isObjects);
    this.#world = world;
  }

  override create(key: ObjectKey, content: Uint8Array): string | undefined {
    this.#world.mayDie("before a file is created");
    const etag = super.create(key, content);
    if (etag === undefined) return undefined;
    this.#world.checker.onPut(key, undefined);
    return etag;
  }

  override stage(key: ObjectKey, content: Uint8Array): Staged {
    this.#world.running.check();
    this.#world.mayFail("a write");
    return super.stage(key, content);
  }

  override replace(staged: Staged, over?: { readonly etag: string | undefined }): string {
    this.#world.mayDie("before a rename");
    this.#world.mayFail("a rename");
    const before = this.#world.files.objects.get(staged.key);
    const etag = super.replace(staged, over);
    this.#world.checker.onPut(staged.key, before);
    this.#world.mayDie("after a rename");
    return etag;
  }

  override remove(key: ObjectKey): void {
    this.#world.mayDie("before a file is removed");
    this.#world.mayFail("a removal");
    this.#world.checker.onFileRemoved(key);
    super.remove(key);
    this.#world.counts.add("files removed");
    this.#world.mayDie("after a file is removed");
  }

  override writeRecord(text: string): void {
    this.#world.mayDie("before the record is written");
    this.#world.mayFail("the site record");
    super.writeRecord(text);
    this.#world.mayDie("after the record is written");
  }
}
