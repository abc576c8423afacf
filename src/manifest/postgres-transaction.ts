import { firstKeyOf } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import type { LeftPathWrites } from "./left-paths.ts";
import type { Asked, Dependant, Edge, ManifestTransaction, PageRecord, PageRow, Verified } from "./manifest.ts";
import { inOrder, isClaim, pageRefsOf } from "./page-refs.ts";
import type { PageRef } from "./page-refs.ts";
import type { SqlRow } from "./postgres-channel.ts";
import { RECORDED } from "./postgres-facts.ts";
import type { PageUses } from "./postgres-facts.ts";
import { PostgresReads } from "./postgres-reads.ts";
import type { PostgresLink } from "./postgres-reads.ts";
import { rowOf } from "./postgres-rows.ts";
import { PostgresSitemaps } from "./postgres-sitemaps.ts";
import { sqlRefs } from "./postgres-sql.ts";
import { PostgresWrites } from "./postgres-writes.ts";

/** Which of a set of refs were touched above a version. */
interface Touched {
  readonly refs: ReadonlySet<RefHash>;
  readonly above: number;
  readonly versions: ReadonlyMap<RefHash, number>;
}

/**
 * A write transaction of a manifest in Postgres, which holds the site's lock. What it writes is sent with the next question that has to be
 * asked, or at its end; what it has read and written, it knows.
 */
export class PostgresTransaction implements ManifestTransaction {
  readonly reads: PostgresReads;
  readonly writes: PostgresWrites;
  readonly link: PostgresLink;
  readonly left: LeftPathWrites;
  readonly sitemaps: PostgresSitemaps;
  readonly #asked: Asked;
  #touched: Touched | undefined;

  /** @param run sends statements within the transaction */
  constructor(
    at: Pick<PostgresLink, "table" | "site">,
    run: (statements: readonly string[]) => readonly (readonly SqlRow[])[],
    asked: Asked,
  ) {
    const writes = new PostgresWrites(at.table, at.site);
    this.writes = writes;
    this.link = {
      ...at,
      rows: (...statements) => {
        const written = writes.take();
        return run([...written, ...statements]).slice(written.length);
      },
    };
    const reads = new PostgresReads(this.link);
    this.reads = reads;
    this.#asked = asked;
    this.left = {
      ...reads.left,
      put: (left) => {
        reads.facts.setLeft(left.collisionKey, left);
        writes.setLeft(left.collisionKey, left);
      },
      remove: (collisionKey) => {
        reads.facts.setLeft(collisionKey, undefined);
        writes.setLeft(collisionKey, undefined);
      },
    };
    this.sitemaps = new PostgresSitemaps(this.link, this);
  }

  page(key: PageKey): PageRow | undefined {
    return this.reads.page(key);
  }

  pagesOf(first: PageKey): readonly PageRow[] {
    return this.reads.pagesOf(first);
  }

  dependants(ref: RefHash): Iterable<Dependant> {
    return this.reads.dependants(ref);
  }

  intendedPaths(key: PageKey): readonly string[] {
    return this.reads.intendedPaths(key);
  }

  newestIntent(key: PageKey): number {
    return this.reads.newestIntent(key);
  }

  floor(): number {
    return this.reads.floor();
  }

  meta(name: string): string | undefined {
    return this.reads.meta(name);
  }

  setMeta(name: string, value: string | undefined): void {
    this.reads.facts.settings.set(name, value);
    this.writes.setSetting(name, value);
  }

  record(record: PageRecord, edges: readonly Edge[]): void {
    this.#write(record);
    this.#writeUses(record.key, pageRefsOf(edges));
  }

  recordFailure(record: PageRecord, edges: readonly Edge[]): void {
    const { key } = record;
    const known = this.page(key) === undefined ? [] : this.#recordedRefs(key);
    this.#write(record);
    this.#writeUses(key, inOrder([...known, ...pageRefsOf(edges)]));
  }

  #recordedRefs(key: PageKey): readonly PageRef[] {
    const { refs, uses } = this.reads.facts.uses.get(key)?.get(RECORDED) ?? this.reads.recordedUses(key);
    if (refs.length === 0) return [];
    const lines = uses.split("\n");
    return refs.map((ref, place) => ({ ref, what: lines[place] ?? "" }));
  }

  #write(record: PageRecord): void {
    const { key, published } = record;
    if (this.meta("bulk") === undefined) {
      const before = this.page(key)?.published;
      if (before?.path !== published?.path || before?.lastmod !== published?.lastmod) this.sitemaps.markPage(key);
    }
    const { facts } = this.reads;
    facts.setRow(rowOf(record));
    facts.subjects.get(firstKeyOf(key))?.add(key);
    this.writes.record(record);
  }

  #writeUses(key: PageKey, pageRefs: readonly PageRef[]): void {
    const uses = usesOf(0, pageRefs);
    this.reads.facts.setUses(key, RECORDED, uses);
    this.writes.setUses(key, { ...uses, claims: pageRefs.filter(({ what }) => isClaim(what)).length });
  }

  remove(row: PageRow): void {
    if (row.published !== undefined) this.sitemaps.markPage(row.key);
    this.reads.facts.forget(row.key);
    this.writes.remove(row.key);
  }

  verify({ key, published, verified: before }: PageRow, verified: Verified): boolean {
    const row = this.page(key);
    const isSame =
      row !== undefined &&
      row.error === undefined &&
      row.published?.etag === published?.etag &&
      row.verified.epoch === before.epoch &&
      row.verified.version === before.version;
    if (isSame) this.#write({ ...row, verified });
    return isSame;
  }

  distrust(key: PageKey): void {
    const row = this.page(key);
    if (row !== undefined) this.#write({ ...row, verified: { epoch: 0, version: 0 } });
  }

  intend(key: PageKey, press: string, version: number, path: string, edges: readonly Edge[]): void {
    if (this.page(key) === undefined) {
      const nothing = { published: undefined, due: undefined, error: undefined };
      this.record({ key, verified: { epoch: 0, version: 0 }, ...nothing }, []);
    }
    const uses = usesOf(version, pageRefsOf(edges));
    this.reads.facts.setUses(key, press, uses);
    this.reads.facts.intents.get(key)?.set(press, { version, path });
    this.writes.intend(key, press, path, uses);
  }

  settleIntents(key: PageKey, press: string, version: number): void {
    const { facts } = this.reads;
    for (const known of [facts.uses.get(key), facts.intents.get(key)]) {
      for (const [name, one] of known ?? []) {
        if (name !== RECORDED && (name === press || one.version < version)) known?.delete(name);
      }
    }
    this.writes.settle(key, press, version);
  }

  touch(refs: Iterable<RefHash>, version: number): void {
    for (const ref of refs) this.writes.touch(ref, version);
    if (version > this.#newestTouched()) this.setMeta("touched", String(version));
    this.#touched = undefined;
  }

  isTouchedAbove(refs: Iterable<RefHash>, version: number): boolean {
    // Nothing was touched above it at all: the usual case.
    if (this.#newestTouched() <= version) return false;
    const wanted = [...refs];
    const known = this.#touchedAbove(wanted, version);
    return wanted.some((ref) => (known.get(ref) ?? 0) > version);
  }

  #touchedAbove(refs: readonly RefHash[], version: number): ReadonlyMap<RefHash, number> {
    const known = this.#touched;
    if (known !== undefined && known.above <= version && refs.every((ref) => known.refs.has(ref)))
      return known.versions;
    const wanted = new Set([...refs, ...(this.#asked.touched ?? [])]);
    const { table, site, rows } = this.link;
    const [found] = rows(
      `SELECT ref, version FROM ${table("touched")} WHERE site = ${site} AND version > ${version} AND ref = ANY(${sqlRefs(wanted)})`,
    );
    const versions = new Map((found ?? []).map((row) => [Number(row["ref"]) as RefHash, Number(row["version"])]));
    this.#touched = { refs: wanted, above: version, versions };
    return versions;
  }

  #newestTouched(): number {
    return Number(this.meta("touched") ?? 0);
  }
}

function usesOf(version: number, pageRefs: readonly PageRef[]): PageUses {
  // A line feed can't occur in a line: it is JSON, or one letter.
  return { version, refs: pageRefs.map(({ ref }) => ref), uses: pageRefs.map(({ what }) => what).join("\n") };
}
