import { parsePageKey, subjectKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import type { RefHash } from "../../src/core/ref.ts";
import { formatDependency } from "../../src/manifest/edge-text.ts";
import type {
  CopiedFile,
  Dependant,
  Edge,
  Manifest,
  ManifestTransaction,
  PageRecord,
  PageRow,
  PageStates,
  StalePage,
  StoredPage,
  Verified,
} from "../../src/manifest/manifest.ts";
import { MemoryLeftPaths } from "./memory-left-paths.ts";
import { MemorySitemaps } from "./memory-sitemaps.ts";
import { MemorySweep } from "./memory-sweep.ts";
import { Undo } from "./undo.ts";

interface Entry {
  readonly row: PageRow;
  readonly edges: readonly Edge[];
}

interface Intent {
  readonly key: PageKey;
  readonly press: string;
  readonly version: number;
  readonly path: string;
  readonly edges: readonly Edge[];
}

const PIECE_ROWS = 500;

/** A manifest in memory, for simulations. A transaction that throws is undone. */
export class MemoryManifest implements Manifest, ManifestTransaction {
  readonly pressedAtOnce = { least: 1, most: 32 };
  readonly left: MemoryLeftPaths;
  readonly sitemaps: MemorySitemaps;
  readonly sweep: MemorySweep;
  readonly #undo = new Undo();
  readonly #entries = new Map<PageKey, Entry>();
  readonly #pages = new Map<RefHash, Set<PageKey>>();
  readonly #touched = new Map<RefHash, number>();
  readonly #meta = new Map<string, string>();
  readonly #copied = new Map<string, CopiedFile>();
  readonly #intents = new Map<string, Intent>();
  #lastId = 0;

  constructor() {
    this.left = new MemoryLeftPaths(this.#undo);
    this.sweep = new MemorySweep(this.#undo);
    this.sitemaps = new MemorySitemaps(this.#undo, () => this.#rows(() => true));
  }

  transact<T>(work: (transaction: ManifestTransaction) => T, isDurable = false): T {
    return this.#undo.transact(() => work(this), isDurable);
  }

  look(): this {
    return this;
  }

  /** A power failure: the last commits, but for those that were to be durable, never happened. */
  lose(commits: number): void {
    this.#undo.lose(commits);
  }

  page(key: PageKey): PageRow | undefined {
    return this.#entries.get(key)?.row;
  }

  pagesOf(first: PageKey): readonly PageRow[] {
    return this.#rows((key) => key === first || key.startsWith(`${first}#`));
  }

  *dependants(ref: RefHash): Iterable<Dependant> {
    const found = [...(this.#pages.get(ref) ?? [])].flatMap((key) => this.#entries.get(key) ?? []);
    for (const { row, edges } of found.sort((left, right) => left.row.id - right.row.id)) {
      const intended = this.#intentsOf(row.key).flatMap((intent) => intent.edges);
      for (const edge of [...edges, ...intended]) {
        if (edge.ref === ref) yield { key: row.key, dependency: edge.dependency };
      }
    }
  }

  #intentsOf(key: PageKey): Intent[] {
    return [...this.#intents.values()].filter((intent) => intent.key === key);
  }

  intend(key: PageKey, press: string, version: number, path: string, edges: readonly Edge[]): void {
    if (!this.#entries.has(key)) {
      const nothing = { published: undefined, due: undefined, error: undefined };
      this.#write({ key, verified: { epoch: 0, version: 0 }, ...nothing }, []);
    }
    this.#undo.set(this.#intents, `${key} ${press}`, { key, press, version, path, edges });
    this.#addRefs(key, edges);
  }

  intendedPaths(key: PageKey): readonly string[] {
    return [...new Set(this.#intentsOf(key).map(({ path }) => path))].sort();
  }

  newestIntent(key: PageKey): number {
    return Math.max(0, ...this.#intentsOf(key).map(({ version }) => version));
  }

  settleIntents(key: PageKey, press: string, version: number): void {
    for (const intent of this.#intentsOf(key)) {
      if (intent.press === press || intent.version < version)
        this.#undo.delete(this.#intents, `${key} ${intent.press}`);
    }
  }

  edgesOf(key: PageKey): readonly Edge[] {
    return this.#entries.get(key)?.edges ?? [];
  }

  record(record: PageRecord, edges: readonly Edge[]): void {
    this.#write(record, edges);
  }

  recordFailure(record: PageRecord, edges: readonly Edge[]): void {
    this.#write(record, [...(this.#entries.get(record.key)?.edges ?? []), ...edges]);
  }

  #write({ key, published, verified, due, error, stale }: PageRecord, edges: readonly Edge[]): void {
    const id = this.#entries.get(key)?.row.id ?? ++this.#lastId;
    const row: PageRow = {
      id,
      key,
      published,
      verified: { epoch: verified.epoch, version: verified.version },
      due,
      error,
      stale: error === undefined ? undefined : stale,
    };
    const known = new Set<string>();
    const once = edges.filter(({ ref, dependency }) => {
      const text = `${ref} ${formatDependency(dependency)}`;
      return !known.has(text) && known.add(text);
    });
    if (this.meta("bulk") === undefined) this.sitemaps.publish(key, this.page(key)?.published, published);
    this.#undo.set(this.#entries, key, { row, edges: once });
    this.#addRefs(key, once);
  }

  #addRefs(key: PageKey, edges: readonly Edge[]): void {
    for (const { ref } of edges) {
      const pages = this.#pages.get(ref) ?? new Set<PageKey>();
      this.#pages.set(ref, pages);
      pages.add(key);
    }
  }

  remove({ key, published }: PageRow): void {
    this.sitemaps.publish(key, published, undefined);
    this.#undo.delete(this.#entries, key);
    for (const { press } of this.#intentsOf(key)) this.#undo.delete(this.#intents, `${key} ${press}`);
  }

  distrust(key: PageKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#undo.set(this.#entries, key, { ...entry, row: { ...entry.row, verified: { epoch: 0, version: 0 } } });
  }

  verify({ key, published, verified: before }: PageRow, verified: Verified): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.row.error !== undefined || entry.row.published?.etag !== published?.etag)
      return false;
    if (entry.row.verified.epoch !== before.epoch || entry.row.verified.version !== before.version) return false;
    this.#undo.set(this.#entries, key, { ...entry, row: { ...entry.row, verified } });
    return true;
  }

  touch(refs: Iterable<RefHash>, version: number): void {
    for (const ref of refs) this.#undo.set(this.#touched, ref, Math.max(version, this.#touched.get(ref) ?? 0));
  }

  isTouchedAbove(refs: Iterable<RefHash>, version: number): boolean {
    for (const ref of refs) if ((this.#touched.get(ref) ?? 0) > version) return true;
    return false;
  }

  meta(name: string): string | undefined {
    return this.#meta.get(name);
  }

  setMeta(name: string, value: string | undefined): void {
    if (value === undefined) this.#undo.delete(this.#meta, name);
    else this.#undo.set(this.#meta, name, value);
  }

  floor(): number {
    return Number(this.meta("floor") ?? 0);
  }

  count(): number {
    return this.#rows(() => true).filter(({ published }) => published !== undefined).length;
  }

  unverified(route: string, { epoch, version }: Verified): Iterable<readonly PageKey[]> {
    return this.#keys(route, (row) => {
      return row.error === undefined && (row.verified.epoch !== epoch || row.verified.version < version);
    });
  }

  behind(route: string, version: number): Iterable<readonly PageKey[]> {
    return this.#keys(route, ({ verified }) => verified.version < version);
  }

  keysOf(route: string): Iterable<readonly PageKey[]> {
    return this.#keys(route, () => true);
  }

  *#keys(route: string, isWanted: (row: PageRow) => boolean): Iterable<readonly PageKey[]> {
    const first = subjectKey(route, undefined);
    for (let after = ""; ;) {
      const rows = this.#rows(
        (key, row) =>
          key > after && (key === first || key.startsWith(`${first}#`) || key.startsWith(`${first}/`)) && isWanted(row),
      );
      const keys = rows
        .map(({ key }) => key)
        .sort()
        .slice(0, PIECE_ROWS);
      const last = keys.at(-1);
      if (last === undefined) return;
      yield keys;
      after = last;
    }
  }

  states(now: number): PageStates {
    const stale = { failed: 0, collided: 0, withheld: 0 };
    const since: number[] = [];
    let due = 0;
    for (const row of this.#rows(() => true)) {
      if (row.error !== undefined) stale[row.stale?.kind ?? "failed"]++;
      if (row.stale !== undefined) since.push(row.stale.since);
      if (row.due === undefined || row.due > now) continue;
      due++;
      since.push(row.due);
    }
    return { published: this.count(), stale, due, oldestSince: since.length === 0 ? undefined : Math.min(...since) };
  }

  stalePages(limit: number): readonly StalePage[] {
    const sinceOf = ({ stale }: StalePage): number => stale?.since ?? Number.MAX_SAFE_INTEGER;
    return this.#rows(() => true)
      .flatMap(({ key, error, stale }) => (error === undefined ? [] : [{ key, error, stale }]))
      .sort((left, right) => sinceOf(left) - sinceOf(right))
      .slice(0, limit);
  }

  failedOrDue(now: number): readonly PageKey[] {
    const rows = this.#rows((_, { error, due }) => error !== undefined || (due !== undefined && due <= now));
    return rows.map(({ key }) => key);
  }

  due(now: number, limit: number): readonly PageKey[] {
    const rows = this.#rows(
      (_, { due, published }) => (due !== undefined && due <= now) || (published?.stamp.time ?? 0) > now + 900,
    );
    return rows
      .toSorted((left, right) => (left.due ?? 0) - (right.due ?? 0))
      .slice(0, limit)
      .map(({ key }) => key);
  }

  useOf(ref: RefHash): { readonly isUsed: boolean; readonly isUsedByFailed: boolean } {
    const users = [...this.dependants(ref)].map(({ key }) => this.page(key));
    return { isUsed: users.length > 0, isUsedByFailed: users.some((row) => row?.error !== undefined) };
  }

  *stored(): Iterable<readonly StoredPage[]> {
    const rows = this.#rows((_, { published }) => published !== undefined);
    const pages = rows.flatMap(({ key, published }) =>
      published === undefined ? [] : [{ key, path: published.path, etag: published.etag }],
    );
    if (pages.length > 0) yield pages;
  }

  routes(): readonly string[] {
    return [...new Set(this.#rows(() => true).map(({ key }) => parsePageKey(key).route))];
  }

  collidingPages(): readonly PageKey[] {
    const colliding = new Set<PageKey>();
    for (const ref of this.#pages.keys()) {
      const claims = [...this.dependants(ref)].filter(
        ({ dependency: { kind } }) => kind === "claim" || kind === "folder",
      );
      if (claims.length < 2 || claims.every(({ dependency }) => dependency.kind === "folder")) continue;
      for (const { key } of claims) colliding.add(key);
    }
    return [...colliding];
  }

  beginBulk(): void {
    this.setMeta("bulk", "1");
  }

  followBulk(): void {
    // It needs no indexes.
  }

  finishBulk(): void {
    this.setMeta("bulk", undefined);
  }

  tidy(): void {
    // Nothing gets loose in memory.
  }

  copiedFiles(): readonly CopiedFile[] {
    return [...this.#copied.values()];
  }

  setCopiedFiles(put: readonly CopiedFile[], removed: readonly string[]): void {
    for (const file of put) this.#copied.set(file.objectKey, file);
    for (const objectKey of removed) this.#copied.delete(objectKey);
  }

  [Symbol.dispose](): void {
    // It has nothing but memory.
  }

  /** In the order in which they were made. */
  #rows(isWanted: (key: PageKey, row: PageRow) => boolean): PageRow[] {
    const rows: PageRow[] = [];
    for (const { row } of this.#entries.values()) if (isWanted(row.key, row)) rows.push(row);
    return rows.sort((left, right) => left.id - right.id);
  }
}
