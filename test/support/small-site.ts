import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { buildInProcess } from "./build-in-process.ts";
import type { BuiltInProcess, Folders, TestedSite } from "./build-in-process.ts";
import { liveFiles } from "./live-files.ts";
import { siteOf } from "./model-site.ts";
import type { ModelRoute } from "./model-site.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** A route that prints nothing of its own, to be spread into one that does something. */
export const PLAIN_ROUTE: ModelRoute = {
  each: "one",
  prefix: "",
  named: "id",
  hasDrafts: false,
  shape: "folder",
  list: undefined,
  steps: [],
  isEarly: false,
  template: "eta",
  prints: [[]],
};

function testedSite(routes: readonly ModelRoute[]): TestedSite {
  return siteOf({ types: [{ index: ["kind", "tags", "rank"] }], routes }, []);
}

/** A site with one entity type, built in this process in a folder of the test's own. */
export class SmallSite {
  readonly folders: Folders;
  nowMs = Date.UTC(2024, 5, 1, 12, 30);
  #tested: TestedSite;
  readonly #entities = new Map<string, Fields>();

  constructor(routes: readonly ModelRoute[], entities: Readonly<Record<string, Fields>>) {
    const root = join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), `rekiln-small-${randomUUID()}`);
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    this.folders = { data: join(root, "data"), store: join(root, "dist"), state: join(root, "state") };
    mkdirSync(this.folders.data, { recursive: true });
    this.#tested = testedSite(routes);
    for (const [id, fields] of Object.entries(entities)) this.put(id, fields);
  }

  /** Creates an entity, or sets fields of the one that is there. */
  put(id: string, fields: Fields): void {
    this.#entities.set(id, { id, ...this.#entities.get(id), ...fields });
  }

  /** Its routes are others from now on. */
  become(routes: readonly ModelRoute[]): void {
    this.#tested = testedSite(routes);
  }

  delete(id: string): void {
    this.#entities.delete(id);
  }

  async build(): Promise<BuiltInProcess> {
    const lines = [...this.#entities.values()].map((entity) => `${JSON.stringify(entity)}\n`);
    writeFileSync(join(this.folders.data, "type0.ndjson"), lines.join(""));
    return await buildInProcess(this.folders, this.#tested, { nowMs: this.nowMs });
  }

  /** The files of the store with the pages that they are of, sorted. */
  get files(): readonly string[] {
    return [...liveFiles(this.folders.store)].map(([name, { key }]) => `${name}: ${key}`).toSorted();
  }

  /** What a file of the store says, without its stamp. */
  text(name: string): string | undefined {
    return liveFiles(this.folders.store).get(name)?.body;
  }

  /** The pages that a build renders, each once, sorted. */
  async rendered(): Promise<readonly string[]> {
    return [...new Set((await this.build()).rendered)].toSorted();
  }
}
