import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { Queue } from "../../src/queue/queue.ts";
import { SnapshotSource } from "../../src/source/snapshot-source.ts";
import type { ObjectStore } from "../../src/store/object-store.ts";
import { readCurrent, snapshotBucket } from "../../src/system/snapshot-place.ts";
import { writeSource } from "../../src/system/snapshot-run.ts";
import { filesOf } from "./build-in-process.ts";
import type { OpenSource, TestedSite } from "./build-in-process.ts";
import type { Site } from "../../src/site/site.ts";
import { virtualQueue } from "./drain-in-process.ts";
import type { VirtualQueue } from "./drain-in-process.ts";

/** What ends a run of a writer as a kill would, wherever it is. */
export class Death extends Error {
  override readonly name = "Death";
}

/** What a writer has to know of a site. */
export type WrittenSite = Pick<TestedSite, "fingerprint"> & { readonly site: Pick<Site, "entities"> };

const { signal } = new AbortController();

/** A machine with files writes snapshots of them, which another one reads; both are in this process. */
export class SnapshotRelay {
  readonly queued: VirtualQueue = virtualQueue();
  readonly #folder: string;
  readonly #data: string;
  readonly #store: ObjectStore;

  /** @param folder for the writer's state */
  constructor(folder: string, data: string, store: ObjectStore) {
    [this.#folder, this.#data, this.#store] = [folder, data, store];
    mkdirSync(folder, { recursive: true });
  }

  readonly openSource: OpenSource = ({ mirror, models }) =>
    new SnapshotSource({ mirror, models, name: this.#store.name, open: async () => snapshotBucket(this.#store) });

  /**
   * As `rekiln snapshot`.
   *
   * @param steps after so many puts, removals and sends it dies
   * @returns the version, and the puts, removals and sends that it took
   */
  async write(
    tested: WrittenSite,
    steps = Number.POSITIVE_INFINITY,
    { isAnew = false }: { readonly isAnew?: boolean } = {},
  ): Promise<{ version: number; steps: number }> {
    const { models, file, folder } = {
      models: tested.site.entities,
      file: join(this.#folder, "entities.db"),
      folder: join(this.#folder, "staged"),
    };
    const last = await readCurrent(this.#store, signal);
    using source = filesOf(
      { data: this.#data },
      tested,
    )({
      mirror: file,
      models,
      firstVersion: last?.index.ceiling ?? 0,
    });
    await source.refresh(() => undefined, signal);
    const life = new Life(steps);
    const store = life.over(this.#store, ["put", "remove"]);
    const openQueue = (): Queue => life.over(this.queued.queue, ["send"], { [Symbol.dispose]: () => undefined });
    const context = { models, source, file, folder, store, last, openQueue, onProgress: () => undefined, signal };
    const options = { isDryRun: false, keep: 3, above: undefined, isAnew };
    const { version } = await writeSource(context, options);
    return { version, steps: life.taken };
  }

  /** The writer's machine is lost. */
  lose(): void {
    rmSync(this.#folder, { recursive: true });
    mkdirSync(this.#folder);
  }
}

/** Counts what is done, and ends after so much of it. */
class Life {
  taken = 0;
  readonly #steps: number;

  constructor(steps: number) {
    this.#steps = steps;
  }

  over<T extends object>(target: T, counted: readonly (keyof T)[], instead: Partial<T> = {}): T {
    return new Proxy(target, {
      get: (_, name) => {
        if (Object.hasOwn(instead, name)) return Reflect.get(instead, name) as unknown;
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        // It is a method of what it was read from.
        const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        if (!counted.includes(name as keyof T)) return method;
        return async (...args: unknown[]) => {
          if (this.taken >= this.#steps) throw new Death(`before ${String(name)}`);
          this.taken++;
          return method(...args);
        };
      },
    });
  }
}
