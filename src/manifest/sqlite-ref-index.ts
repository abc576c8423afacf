import type { DatabaseSync, StatementSync } from "node:sqlite";

import type { RefHash } from "../core/ref.ts";
import { unpackHashes } from "./page-refs.ts";

/** Entries sorted in memory at once: 32 MB. */
const RUN_ENTRIES = 4 << 20;
/** A block is read whole to find the few entries of a ref: 2 KB. */
const BLOCK_ENTRIES = 256;
/** The index is made anew when more entries were added one by one than this, and than a quarter of the sorted ones. */
const ADDED_MIN = 50_000;

/** The first 36 bits of a hash: 32 in the high word of an entry, 4 at the top of the low one. */
const prefixOf = (ref: number): number => Math.floor(ref / 2 ** 17);
const PAGE_BITS = 28;
const PAGE_MASK = 2 ** PAGE_BITS - 1;

/**
 * From a ref to the pages that may have it. A million edges are sorted and stored as blocks of entries, of a ref's first
 * 36 bits and a page's row id, in a tenth of the time that rows and an index would take; what comes later stands in
 * a table beside them. Nothing is ever taken out of the blocks: each page's own row tells what it really has, so
 * whoever asks looks there.
 */
export class SqliteRefIndex {
  readonly #database: DatabaseSync;
  readonly #add: StatementSync;
  readonly #added: StatementSync;
  readonly #nextRun: StatementSync;
  readonly #blocks: StatementSync;
  /** What `follow` has taken in of rows that were only added. */
  #followed: Entries | undefined;
  /** Claims as `rebuild` saw them, true while nobody else commits (SQLite's `data_version`). */
  #claims: { readonly sorter: Sorter; readonly dataVersion: number } | undefined;

  /** Of the current transaction. */
  #runs: readonly number[] | undefined;
  #isInTransaction = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#add = database.prepare("INSERT OR IGNORE INTO added VALUES (?, ?)");
    this.#added = database.prepare("SELECT page FROM added WHERE ref = ?");
    this.#nextRun = database.prepare("SELECT min(run) AS run FROM block WHERE run > ?");
    this.#blocks = database.prepare(
      "SELECT first, entries FROM block WHERE run = ? AND last >= ? ORDER BY run, last, id",
    );
  }

  /** Notes a page that is new to a ref. */
  add(ref: RefHash, page: number): void {
    this.#claims = undefined;
    this.#add.run(ref, page);
  }

  /** Row ids of pages that may have a ref, ascending. */
  candidates(ref: RefHash): readonly number[] {
    const pages = new Set<number>();
    for (const row of this.#added.all(ref)) pages.add(Number(row["page"]));
    const prefix = prefixOf(ref);
    for (const run of this.#runsOf()) {
      for (const { first, entries } of this.#blocks.iterate(run, prefix)) {
        if (Number(first) > prefix || !(entries instanceof Uint8Array)) break;
        for (const page of pagesIn(entries, prefix)) pages.add(page);
      }
    }
    return [...pages].sort((left, right) => left - right);
  }

  /** While a transaction lasts nobody else makes the index anew. */
  beginTransaction(): void {
    this.#isInTransaction = true;
  }

  endTransaction(): void {
    this.#isInTransaction = false;
    this.#runs = undefined;
  }

  #runsOf(): readonly number[] {
    if (this.#runs !== undefined) return this.#runs;
    const runs: number[] = [];
    for (let run = this.#runAfter(-1); run !== undefined; run = this.#runAfter(run)) runs.push(run);
    if (this.#isInTransaction) this.#runs = runs;
    return runs;
  }

  #runAfter(run: number): number | undefined {
    const next = this.#nextRun.get(run)?.["run"];
    return typeof next === "number" ? next : undefined;
  }

  /** Whether so many entries were added one by one that the index should be made anew. */
  get isLoose(): boolean {
    const added = Number(this.#database.prepare("SELECT count(*) AS entries FROM added").get()?.["entries"]);
    if (added <= ADDED_MIN) return false;
    const blocks = Number(this.#database.prepare("SELECT count(*) AS blocks FROM block").get()?.["blocks"]);
    return added > (blocks * BLOCK_ENTRIES) / 4;
  }

  /**
   * Reads the rows that were added since, while they are only added: what `rebuild` then has left to do is to sort. It writes nothing,
   * and stops where memory would have to be written out.
   */
  follow(): void {
    this.#followed ??= new Entries(this.#database);
    this.#followed.read(() => false);
  }

  /** Makes the index anew from the rows of all pages, and those of `others`. Run it within a transaction. */
  rebuild(others: Iterable<{ readonly page: unknown; readonly refs: unknown }>): void {
    this.#runs = undefined;
    this.#database.exec("DELETE FROM added; DELETE FROM block");
    const insert = this.#database.prepare("INSERT INTO block (run, first, last, entries) VALUES (?, ?, ?, ?)");
    let run = 0;
    const followed = this.#followed ?? new Entries(this.#database);
    this.#followed = undefined;
    const flush = (): boolean => {
      for (const { first, last, entries } of followed.takeRun().blocks()) insert.run(run, first, last, entries);
      run++;
      return true;
    };
    followed.read(flush);
    flush();
    for (const { page, refs } of others) for (const ref of unpackHashes(refs)) this.#add.run(ref, Number(page));
    this.#claims = { sorter: followed.claims, dataVersion: this.#dataVersion() };
  }

  #dataVersion(): number {
    return Number(this.#database.prepare("PRAGMA data_version").get()?.["data_version"]);
  }

  /** The claims of all pages: those that `rebuild` has just seen, if nothing happened since. */
  #sortedClaims(): Sorter {
    const known = this.#claims;
    this.#claims = undefined;
    if (known?.dataVersion === this.#dataVersion()) return known.sorter;
    const sorter = new Sorter();
    const rows = this.#database.prepare(
      "SELECT page, substr(refs, 1, 8 * claims) AS claims FROM page_refs WHERE claims > 0",
    );
    for (const { page, claims } of rows.iterate()) {
      for (const hash of unpackHashes(claims)) sorter.push(hash, Number(page));
    }
    return sorter;
  }

  /** Refs that several pages claim, each with the row ids of those pages. At least one wants it for its own path. */
  *sharedClaims(): Iterable<readonly number[]> {
    const sorter = this.#sortedClaims();
    const find = this.#database.prepare("SELECT substr(refs, 1, 8 * claims) AS claims FROM page_refs WHERE page = ?");
    for (const { prefix, pages } of sorter.groups()) {
      const byHash = new Map<number, { readonly pages: number[]; isWanted: boolean }>();
      for (const page of pages) {
        const row = find.get(page);
        if (row === undefined) continue;
        const claims = unpackHashes(row["claims"]);
        for (const [place, hash] of claims.entries()) {
          if (prefixOf(hash) !== prefix) continue;
          const claimed = byHash.get(hash) ?? { pages: [], isWanted: false };
          byHash.set(hash, claimed);
          claimed.pages.push(page);
          // The first claim of a page is its own path.
          if (place === 0) claimed.isWanted = true;
        }
      }
      for (const claimed of byHash.values()) if (claimed.isWanted && claimed.pages.length > 1) yield claimed.pages;
    }
  }
}

function pagesIn(bytes: Uint8Array, prefix: number): number[] {
  const words = wordsOf(bytes);
  const high = Math.floor(prefix / 16);
  const low = prefix % 16;
  let from = 0;
  let to = words.length / 2;
  while (from < to) {
    const middle = (from + to) >> 1;
    const word = words[2 * middle + 1] ?? 0;
    const isBefore = word !== high ? word < high : (words[2 * middle] ?? 0) >>> PAGE_BITS < low;
    if (isBefore) from = middle + 1;
    else to = middle;
  }
  const pages: number[] = [];
  for (let place = 2 * from; place < words.length; place += 2) {
    const word = words[place] ?? 0;
    if (words[place + 1] !== high || word >>> PAGE_BITS !== low) break;
    pages.push(word & PAGE_MASK);
  }
  return pages;
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  return bytes.byteOffset % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    : new Uint32Array(bytes.slice().buffer);
}

/** The entries of all pages, read in the order of their row ids, which is that in which rows are added. */
class Entries {
  readonly claims = new Sorter();
  readonly #rows: StatementSync;
  #run = new Sorter();
  #last = -1;

  constructor(database: DatabaseSync) {
    this.#rows = database.prepare("SELECT page, refs, claims FROM page_refs WHERE page > ? ORDER BY page");
  }

  /** Reads on from where it has come to. A run that is full is for `onFull` to take; where it doesn't, reading ends. */
  read(onFull: () => boolean): void {
    for (const { page, refs, claims } of this.#rows.iterate(this.#last)) {
      const id = Number(page);
      const hashes = unpackHashes(refs);
      if (this.#run.length + hashes.length > RUN_ENTRIES && !onFull()) return;
      for (let index = 0; index < hashes.length; index++) this.#run.push(hashes[index] ?? 0, id);
      for (let index = 0; index < Number(claims); index++) this.claims.push(hashes[index] ?? 0, id);
      this.#last = id;
    }
  }

  /** What was read since the run before. */
  takeRun(): Sorter {
    const run = this.#run;
    this.#run = new Sorter();
    return run;
  }
}

/** Sorts entries of 64 bits in place; memory grows with their number. */
class Sorter {
  #words = new Uint32Array(1 << 16);
  length = 0;

  push(ref: number, page: number): void {
    if (2 * this.length === this.#words.length) {
      const grown = new Uint32Array(2 * this.#words.length);
      grown.set(this.#words);
      this.#words = grown;
    }
    const prefix = prefixOf(ref);
    this.#words[2 * this.length] = (prefix % 16) * 2 ** PAGE_BITS + page;
    this.#words[2 * this.length + 1] = Math.floor(prefix / 16);
    this.length++;
  }

  #sorted(): Uint32Array {
    const words = this.#words.subarray(0, 2 * this.length);
    // Little-endian, as all that Node runs on: the second word is the high one.
    new BigUint64Array(words.buffer, 0, this.length).sort();
    return words;
  }

  *blocks(): Iterable<{ readonly first: number; readonly last: number; readonly entries: Uint8Array }> {
    const words = this.#sorted();
    const prefixAt = (entry: number): number =>
      (words[2 * entry + 1] ?? 0) * 16 + ((words[2 * entry] ?? 0) >>> PAGE_BITS);
    for (let start = 0; start < this.length; start += BLOCK_ENTRIES) {
      const end = Math.min(start + BLOCK_ENTRIES, this.length);
      const entries = new Uint8Array(words.buffer, 8 * start, 8 * (end - start));
      yield { first: prefixAt(start), last: prefixAt(end - 1), entries };
    }
  }

  /** The pages of each prefix that more than one page has. */
  *groups(): Iterable<{ readonly prefix: number; readonly pages: readonly number[] }> {
    const words = this.#sorted();
    let start = 0;
    for (let entry = 1; entry <= this.length; entry++) {
      const isSame =
        entry < this.length &&
        words[2 * entry + 1] === words[2 * start + 1] &&
        (words[2 * entry] ?? 0) >>> PAGE_BITS === (words[2 * start] ?? 0) >>> PAGE_BITS;
      if (isSame) continue;
      if (entry - start > 1) {
        const pages = new Set<number>();
        for (let place = start; place < entry; place++) pages.add((words[2 * place] ?? 0) & PAGE_MASK);
        const prefix = (words[2 * start + 1] ?? 0) * 16 + ((words[2 * start] ?? 0) >>> PAGE_BITS);
        if (pages.size > 1) yield { prefix, pages: [...pages] };
      }
      start = entry;
    }
  }
}
