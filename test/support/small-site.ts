import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { SqliteManifest } from "../../src/manifest/sqlite-manifest.ts";
import { foresee } from "../../src/press/foresee.ts";
import type { Foreseen, Supposed } from "../../src/press/foresee.ts";
import { EntityReader } from "../../src/source/entity-reader.ts";
import { buildInProcess } from "./build-in-process.ts";
import type { BuiltInProcess, Folders, TestedSite } from "./build-in-process.ts";
import { drainInProcess } from "./drain-in-process.ts";
import type { DrainedInProcess, DrainOptions } from "./drain-in-process.ts";
import { liveFiles, SITEMAP } from "./live-files.ts";
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
  isDated: false,
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

  /** `rekiln build` */
  async build(): Promise<BuiltInProcess> {
    this.#writeData();
    return await buildInProcess(this.folders, this.#tested, { nowMs: this.nowMs });
  }

  /** `rekiln work --until-empty`, after the data was taken in. */
  async drain(how: Omit<DrainOptions, "nowMs"> = {}): Promise<DrainedInProcess> {
    this.#writeData();
    return await drainInProcess(this.folders, this.#tested, { nowMs: this.nowMs, ...how });
  }

  #writeData(): void {
    const lines = [...this.#entities.values()].map((entity) => `${JSON.stringify(entity)}\n`);
    writeFileSync(join(this.folders.data, "type0.ndjson"), lines.join(""));
  }

  /** What a change of an entity would affect, asked of what the last build left. */
  foresee(id: string, supposed: Supposed): Foreseen {
    const { site } = this.#tested;
    const model = site.entities.get("type0");
    const manifestFile = readdirSync(this.folders.state).find((name) => /^manifest-.*\.db$/.test(name));
    if (model === undefined || manifestFile === undefined) throw new Error("the site isn't built");
    using manifest = new SqliteManifest(join(this.folders.state, manifestFile));
    using reader = new EntityReader(join(this.folders.state, "entities.db"), site.entities);
    return foresee(site, manifest, reader.snapshot(), { model, id }, supposed);
  }

  /** The files of the store with the pages that they are of, sorted, without sitemaps. */
  get files(): readonly string[] {
    const pages = [...liveFiles(this.folders.store)].filter(([, { key }]) => key !== SITEMAP);
    return pages.map(([name, { key }]) => `${name}: ${key}`).toSorted();
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
