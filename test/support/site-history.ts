import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parsePageKey, subjectKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import { carriedKey } from "../../src/core/stamp.ts";
import { digestOf } from "../../src/core/digest.ts";
import type { ObjectStore } from "../../src/store/object-store.ts";
import { DirectoryPageStore, STATE_FOLDER } from "../../src/store/directory.ts";
import { LOCAL_MANIFEST } from "../../src/site/check-manifest.ts";
import { manifestFileOf, openManifest, openRecord } from "../../src/system/site-state.ts";
import { buildInProcess } from "./build-in-process.ts";
import type { BuiltInProcess, Folders, Plant, TestedSite } from "./build-in-process.ts";
import { problemsOfLeft } from "./check-left.ts";
import { drainInProcess } from "./drain-in-process.ts";
import type { DrainedInProcess } from "./drain-in-process.ts";
import { liveFiles, SITEMAP, storedFiles } from "./live-files.ts";
import type { LiveFile } from "./live-files.ts";
import { siteOf, typeName } from "./model-site.ts";
import type { ModelSite } from "./model-site.ts";
import { Death, SnapshotRelay } from "./snapshot-relay.ts";
import { RefWatch } from "./ref-watch.ts";
import type { Data } from "./ref-watch.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One edit of the data, the templates or the stored files. Edits of what isn't there do nothing. */
export type Edit =
  /** Creates an entity, or sets fields of the one that is there. */
  | { readonly edit: "put"; readonly type: number; readonly id: string; readonly fields: Fields }
  | { readonly edit: "delete"; readonly type: number; readonly id: string }
  | { readonly edit: "unset"; readonly type: number; readonly id: string; readonly field: string }
  | {
      readonly edit: "swap";
      readonly type: number;
      readonly id: string;
      readonly other: string;
      readonly field: string;
    }
  /** The fields of a record stand in another order. */
  | { readonly edit: "reorder"; readonly type: number; readonly id: string }
  /** The other version of a route's template. */
  | { readonly edit: "template"; readonly route: number }
  /** The other site. */
  | { readonly edit: "config" }
  | { readonly edit: "wait"; readonly hours: number }
  | { readonly edit: "remove file" | "touch file" | "alter file"; readonly nth: number }
  | { readonly edit: "lose mirror" };

interface Batch {
  readonly edits: readonly Edit[];
  /**
   * `one route first`: a build of the `nth` route, and then a whole one. `stopped`: after `nth` renders. `drain`: by a worker, where nothing
   * was edited that only a build sees.
   */
  readonly how: "build" | "drain" | "forced" | "one route first" | "stopped";
  readonly nth: number;
  /** What is lost once the batch is built; a build follows that must change nothing. */
  readonly thenLose: "manifest" | "state" | "record" | undefined;
}

export interface History {
  readonly sites: readonly [ModelSite, ModelSite];
  readonly initial: readonly Edit[];
  readonly batches: readonly Batch[];
}

/**
 * What a history cost: pages rendered by incremental builds and drains of data edits, and how many of them changed. Those that
 * fail or collide aren't counted: each build tries them again.
 */
export interface Cost {
  builds: number;
  drains: number;
  rendered: number;
  changed: number;
}

/** What a build or a drain did. */
type Built = Pick<DrainedInProcess, "rendered" | "tally">;

/** Edits that a worker follows. */
const DRAINED: ReadonlySet<Edit["edit"]> = new Set(["put", "delete", "unset", "swap", "reorder", "template"]);
const BASE = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const START_MS = Date.UTC(2024, 2, 30, 20);
const HOUR_MS = 3_600_000;

/**
 * Runs a history: after each batch an incremental build must give what a clean build of the same data gives. With `objects` the data comes to it as
 * snapshots that another machine writes there, which dies now and then.
 * @throws where it doesn't, saying which file
 */
export async function checkHistory(
  history: History,
  cost: Cost,
  plant: Plant = {},
  objects?: ObjectStore,
): Promise<void> {
  const root = join(BASE, `rekiln-property-${randomUUID()}`);
  mkdirSync(join(root, "data"), { recursive: true });
  try {
    const relay = objects && new SnapshotRelay(join(root, "writer"), join(root, "data"), objects);
    const run = new Run(history, root, cost, plant, relay);
    await run.batch({ edits: history.initial, how: "build", nth: 0, thenLose: undefined }, "first");
    for (const [index, batch] of history.batches.entries()) {
      const isLast = index === history.batches.length - 1;
      await run.batch(isLast && batch.how === "stopped" ? { ...batch, how: "build" } : batch, `batch ${index + 1}`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

class Run {
  readonly #history: History;
  readonly #root: string;
  readonly #cost: Cost;
  readonly #plant: Plant;
  readonly #relay: SnapshotRelay | undefined;
  readonly #folders: Folders;
  readonly #entities: readonly Map<string, Fields>[] = [new Map(), new Map(), new Map()];
  readonly #versions = [0, 0, 0, 0];
  readonly #sites = new Map<string, TestedSite>();
  #site: 0 | 1 = 0;
  #nowMs = START_MS;
  #cleanBuilds = 0;
  /** A build was stopped: only another one comes to all that it left. */
  #isDisturbed = false;

  constructor(history: History, root: string, cost: Cost, plant: Plant, relay: SnapshotRelay | undefined) {
    this.#relay = relay;
    this.#history = history;
    this.#root = root;
    this.#cost = cost;
    this.#plant = plant;
    this.#folders = { data: join(root, "data"), store: join(root, "dist"), state: join(root, "state") };
  }

  async batch(batch: Batch, name: string): Promise<void> {
    const data = this.#data();
    for (const edit of batch.edits) this.#edit(edit);
    this.#writeData();
    await this.#snapshot(batch);
    if (batch.how === "stopped") {
      await this.#stopped(batch.nth);
      this.#isDisturbed = true;
      return;
    }
    if (batch.how === "drain" && !this.#isDisturbed && batch.edits.every(({ edit }) => DRAINED.has(edit))) {
      await this.#drain(name, data);
      return;
    }
    this.#isDisturbed = false;
    const tested = this.#tested();
    if (batch.how === "one route first") {
      const names = [...tested.site.routes.keys()];
      const routes = new Set([names[batch.nth % names.length] ?? ""]);
      await this.#build(this.#folders, { routes });
    }
    const before = liveFiles(this.#folders.store);
    const built = await this.#build(this.#folders, { isForced: batch.how === "forced" });
    const after = liveFiles(this.#folders.store);
    if (batch.how === "build" && built.plan.whole.size === 0) {
      this.#cost.builds++;
      this.#count(built, before, after);
    }
    const missed = [...built.taken].filter((file) => before.has(file) && after.has(file));
    equal(`${name}: pages that a reader misses for a moment`, missed, []);
    await this.#check(built, name);
    if (batch.thenLose !== undefined && built.tally.failed.size === 0) {
      this.#lose(batch.thenLose);
      const again = await this.#build(this.#folders, {});
      await this.#check(again, `${name}, after the loss of ${batch.thenLose}`);
    }
  }

  /** The entities as they are now, by type and id. */
  #data(): Data {
    return new Map(this.#entities.map((entities, type) => [typeName(type), new Map(entities)]));
  }

  /** `data`: what was there before. */
  async #drain(name: string, data: Data): Promise<void> {
    const { store, state } = this.#folders;
    const before = liveFiles(store);
    const { record } = openRecord(new DirectoryPageStore(store, "test"), "");
    const refs = new RefWatch(this.#tested().site, manifestFileOf(state, record), data, this.#data());
    const drained = await this.#drainInProcess();
    const after = liveFiles(store);
    const missed = [...drained.taken].filter((file) => before.has(file) && after.has(file));
    equal(`${name}: pages that a reader misses for a moment`, missed, []);
    // With snapshots the queue still has what builds have passed.
    if (this.#relay === undefined) equal(`${name}: pages that no ref leads to`, refs.unexplained(drained), []);
    if (drained.released.length === 0) {
      this.#cost.drains++;
      this.#count(drained, before, after);
    }
    await this.#check(drained, name);
  }

  async #drainInProcess(): Promise<DrainedInProcess> {
    const relayed = this.#relay && { openSource: this.#relay.openSource, queued: this.#relay.queued };
    return await drainInProcess(this.#folders, this.#tested(), {
      nowMs: this.#nowMs,
      plant: this.#plant,
      ...relayed,
    });
  }

  /** Writes the data where it is read from. A writer that dies has published some of what it had to; another run comes after it. */
  async #snapshot({ how, nth }: Batch): Promise<void> {
    if (this.#relay === undefined) return;
    if (nth % 3 === 2) this.#relay.lose();
    if (nth % 2 === 1) {
      try {
        await this.#relay.write(this.#tested(), nth);
      } catch (error) {
        if (!(error instanceof Death)) throw error;
        // Some events ask for a version that isn't there yet.
        if (how === "drain" && !this.#isDisturbed) await this.#drainInProcess();
      }
    }
    await this.#relay.write(this.#tested());
  }

  #count(built: Built, before: ReadonlyMap<string, LiveFile>, after: ReadonlyMap<string, LiveFile>): void {
    const { failed, collided } = built.tally;
    const has = new Set([...after.values()].map(({ key }) => key));
    const done = new Set(built.rendered.filter((key) => !failed.has(key) && !collided.has(key)).map(carriedBy));
    const rendered = [...done].filter((key) => has.has(key));
    const changed = new Set<string>();
    for (const [name, { key, body }] of after) {
      const was = before.get(name);
      if (was?.key !== key || was.body !== body) changed.add(key);
    }
    this.#cost.rendered += rendered.length;
    this.#cost.changed += rendered.filter((key) => changed.has(key)).length;
  }

  async #stopped(stopAfter: number): Promise<void> {
    try {
      await this.#build(this.#folders, { stopAfter: stopAfter + 1 });
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "AbortError") throw error;
    }
  }

  #tested(): TestedSite {
    const name = `${this.#site} ${this.#versions.join(" ")}`;
    let tested = this.#sites.get(name);
    if (tested === undefined) {
      tested = siteOf(this.#history.sites[this.#site], this.#versions);
      this.#sites.set(name, tested);
    }
    return tested;
  }

  async #build(
    folders: Folders,
    options: { readonly isForced?: boolean; readonly routes?: ReadonlySet<string>; readonly stopAfter?: number },
  ): Promise<BuiltInProcess> {
    const isOwn = folders === this.#folders;
    const relayed = isOwn && this.#relay !== undefined ? { openSource: this.#relay.openSource } : {};
    const plant = isOwn ? this.#plant : {};
    return await buildInProcess(folders, this.#tested(), { ...options, ...relayed, nowMs: this.#nowMs, plant });
  }

  /** Compares with a clean build, builds once more, and looks what is left behind. */
  async #check(built: Pick<Built, "tally">, name: string): Promise<void> {
    const clean: Folders = {
      data: this.#folders.data,
      store: join(this.#root, `clean-${this.#cleanBuilds}`, "dist"),
      state: join(this.#root, `clean-${this.#cleanBuilds++}`, "state"),
    };
    const cleanly = await this.#build(clean, {});
    const failed = [...built.tally.failed].filter(([key]) => !isBehindFailed(key, cleanly.tally.failed));
    equal(`${name}: pages that fail`, inOrder(failed), inOrder(cleanly.tally.failed));
    const keys = exemptKeys(built, cleanly);
    const [collided, cleanlyCollided] = [built, cleanly].map(({ tally }) =>
      inOrder([...tally.collided].filter(([key]) => !keys.has(key))),
    );
    equal(`${name}: pages that collide`, collided, cleanlyCollided);
    const exempt = new Set([...keys].map(carriedBy));
    // They name the pages that are compared, and those that aren't.
    if (built.tally.failed.size > 0) exempt.add(SITEMAP);
    const [have, want] = [this.#folders.store, clean.store].map((store) => liveFiles(store));
    if (have === undefined || want === undefined) return;
    equal(`${name}: files`, without(have, exempt), without(want, exempt));

    const second = await this.#build(this.#folders, {});
    equal(`${name}: the next build writes`, second.tally.written, {
      new: 0,
      changed: 0,
      moved: 0,
      missing: 0,
      altered: 0,
      stamp: 0,
    });
    equal(`${name}: the next build writes sitemaps`, [second.sitemaps?.written, second.sitemaps?.removed], [[], []]);
    const retried = [...second.tally.failed.keys(), ...second.tally.collided.keys()].sort();
    // What a worker rendered for a release a build goes over once more, and finds subjects there that have no page.
    const stored = new Set([...have.values()].map(({ key }) => key));
    const again = [...new Set(second.rendered)].filter((key) => {
      return !second.plan.whole.has(parsePageKey(key).route) || stored.has(carriedBy(key)) || retried.includes(key);
    });
    equal(`${name}: the next build renders`, again.sort(), retried);
    equal(`${name}: the next build changes`, liveFiles(this.#folders.store), have);
    equal(`${name}: the next build redirects`, second.tally.redirected + second.tally.tombstones, 0);
    equal(`${name}: temporary files`, readdirSync(join(this.#folders.store, STATE_FOLDER, "tmp")), []);
    this.#checkManifest(name, exempt);
    rmSync(join(clean.state, ".."), { recursive: true, force: true });
  }

  /** Each file is one published page's, and each published page has its file. */
  #checkManifest(name: string, exempt: ReadonlySet<string>): void {
    const { record } = openRecord(new DirectoryPageStore(this.#folders.store, "test"), "");
    const { manifest } = openManifest(this.#folders.state, record, LOCAL_MANIFEST);
    using _manifest = manifest;
    const published = [...manifest.stored()].flat().map(({ key }) => carriedBy(key));
    const stored = [...liveFiles(this.#folders.store).values()].map(({ key }) => key).filter((key) => key !== SITEMAP);
    const checked = (keys: readonly string[]): string[] => keys.filter((key) => !exempt.has(key)).sort();
    equal(`${name}: published pages`, checked(published), checked(stored));
    const stores = storedFiles(this.#folders.store);
    equal(`${name}: paths that were left`, problemsOfLeft(manifest, this.#tested().site.base, stores), []);
  }

  #lose(what: "manifest" | "state" | "record"): void {
    const { state, store } = this.#folders;
    if (what === "record") rmSync(join(store, STATE_FOLDER, "site.json"));
    if (what === "state") rmSync(state, { recursive: true });
    if (what === "manifest") {
      for (const file of readdirSync(state)) if (file.startsWith("manifest-")) rmSync(join(state, file));
    }
  }

  #writeData(): void {
    for (const [type, entities] of this.#entities.entries()) {
      const lines = [...entities.values()].map((entity) => `${JSON.stringify(entity)}\n`);
      writeFileSync(join(this.#folders.data, `${typeName(type)}.ndjson`), lines.join(""));
    }
  }

  #edit(edit: Edit): void {
    switch (edit.edit) {
      case "put":
        this.#put(edit.type, edit.id, (fields) => ({ ...fields, ...edit.fields }), true);
        break;
      case "delete": {
        const entities = this.#entities[edit.type];
        // The last one stays: a type that is empty all of a sudden is no reason to delete.
        if (entities !== undefined && entities.size > 1) entities.delete(edit.id);
        break;
      }
      case "unset":
        this.#put(edit.type, edit.id, ({ [edit.field]: _gone, ...fields }) => fields);
        break;
      case "swap": {
        const entities = this.#entities[edit.type];
        const [one, other] = [entities?.get(edit.id), entities?.get(edit.other)];
        if (one === undefined || other === undefined) break;
        this.#put(edit.type, edit.id, (fields) => ({ ...fields, [edit.field]: other[edit.field] ?? null }));
        this.#put(edit.type, edit.other, (fields) => ({ ...fields, [edit.field]: one[edit.field] ?? null }));
        break;
      }
      case "reorder":
        this.#put(edit.type, edit.id, (fields) => Object.fromEntries(Object.entries(fields).toReversed()));
        break;
      case "template":
        this.#versions[edit.route] = 1 - (this.#versions[edit.route] ?? 0);
        break;
      case "config":
        this.#site = this.#site === 0 ? 1 : 0;
        break;
      case "wait":
        this.#nowMs += edit.hours * HOUR_MS;
        break;
      case "remove file":
      case "touch file":
      case "alter file":
        editFile(this.#folders.store, edit.edit, edit.nth);
        break;
      case "lose mirror":
        for (const end of ["", "-wal", "-shm"]) rmSync(join(this.#folders.state, `entities.db${end}`), { force: true });
        break;
    }
  }

  #put(type: number, id: string, change: (fields: Fields) => Fields, creates = false): void {
    const entities = this.#entities[type];
    const fields = entities?.get(id) ?? (creates ? { id } : undefined);
    if (fields !== undefined) entities?.set(id, change(fields));
  }
}

/**
 * Pages that fail keep their last good bytes, and the path where these are: they, and whom they keep from a path, aren't
 * compared.
 */
function exemptKeys(built: Pick<Built, "tally">, cleanly: Pick<Built, "tally">): ReadonlySet<PageKey> {
  const exempt = new Set(built.tally.failed.keys());
  const collisions = [...built.tally.collided, ...cleanly.tally.collided];
  for (let size = -1; size < exempt.size;) {
    size = exempt.size;
    for (const [key, why] of collisions) {
      if ([...exempt].some((owner) => why.endsWith(`belongs to ${owner}`))) exempt.add(key);
    }
  }
  return exempt;
}

/** A clean build doesn't know the further pages of a subject whose path can't be told: here they keep their last bytes. */
function isBehindFailed(key: PageKey, failed: ReadonlyMap<PageKey, string>): boolean {
  const { route, subject, number } = parsePageKey(key);
  return number > 1 && !failed.has(key) && failed.has(subjectKey(route, subject));
}

function editFile(store: string, edit: "remove file" | "touch file" | "alter file", nth: number): void {
  const files = [...liveFiles(store).keys()].sort();
  const name = files[nth % files.length];
  if (name === undefined) return;
  const file = join(store, name);
  const content = readFileSync(file);
  rmSync(file);
  if (edit === "touch file") writeFileSync(file, content);
  if (edit === "alter file") writeFileSync(file, Buffer.concat([Buffer.from("altered"), content]));
}

const carriedBy = (key: PageKey): string => carriedKey(key, digestOf);

function without(files: ReadonlyMap<string, LiveFile>, exempt: ReadonlySet<string>): Map<string, LiveFile> {
  return new Map([...files].filter(([, { key }]) => !exempt.has(key)));
}

/** Each as JSON, sorted. */
function inOrder(things: Iterable<unknown>): string[] {
  return Array.from(things, (thing) => JSON.stringify(thing)).sort();
}

/** @throws Error that shows both, as JSON, where they differ */
function equal(what: string, have: unknown, want: unknown): void {
  const plain = (value: unknown): unknown => (value instanceof Map ? inOrder(value) : value);
  const [is, should] = [have, want].map((value) => JSON.stringify(plain(value), undefined, 1));
  if (is !== should) throw new Error(`${what}:\n${difference(is ?? "", should ?? "")}`);
}

function difference(have: string, want: string): string {
  const [has, wants] = [have.split("\n"), want.split("\n")];
  const more = has.filter((line) => !wants.includes(line)).map((line) => `  incremental: ${line.trim()}`);
  const missing = wants.filter((line) => !has.includes(line)).map((line) => `  clean:       ${line.trim()}`);
  return [...more, ...missing].slice(0, 30).join("\n");
}
