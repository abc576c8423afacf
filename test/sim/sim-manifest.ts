import { RekilnError } from "../../src/core/errors.ts";
import type { ManifestTransaction, PageRow } from "../../src/manifest/manifest.ts";
import { MemoryManifest } from "./memory-manifest.ts";
import type { World } from "./world.ts";

/** The manifest of the simulated machine: processes die before and after its commits. */
export class SimManifest extends MemoryManifest {
  readonly #world: World;
  /** In the transaction that is open. */
  readonly #removed: PageRow[] = [];

  constructor(world: World) {
    super();
    this.#world = world;
  }

  override transact<T>(work: (transaction: ManifestTransaction) => T, isDurable = false): T {
    this.#world.running.check();
    this.#world.mayFail("a transaction of the manifest");
    if (this.#world.manifest !== this) {
      throw new RekilnError({ code: "manifest-replaced", message: "It was replaced.", disposition: "retry" });
    }
    this.#removed.length = 0;
    const result = super.transact((transaction) => {
      const done = work(transaction);
      this.#world.mayDie("before a commit");
      return done;
    }, isDurable);
    for (const row of this.#removed) this.#world.checker.onRemoved(this, row);
    this.#world.mayDie("after a commit");
    return result;
  }

  override remove(row: PageRow): void {
    super.remove(row);
    this.#removed.push(row);
  }
}
