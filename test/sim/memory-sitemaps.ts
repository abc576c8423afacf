import { parsePageKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import { slotOf } from "../../src/core/slot.ts";
import type { PageRow, Published } from "../../src/manifest/manifest.ts";
import type {
  ListedPage,
  SitemapFile,
  SitemapMark,
  SitemapState,
  SitemapWrites,
  SlotRange,
} from "../../src/manifest/sitemap-state.ts";
import type { Undo } from "./undo.ts";

const nameOf = (route: string, slot: number): string => `${slot} ${route}`;

/** What a manifest keeps for sitemaps, in memory. */
export class MemorySitemaps implements SitemapState, SitemapWrites {
  readonly #undo: Undo;
  readonly #rows: () => Iterable<PageRow>;
  readonly #marks = new Map<string, SitemapMark>();
  readonly #files = new Map<string, SitemapFile>();
  #pass = 0;

  constructor(undo: Undo, rows: () => Iterable<PageRow>) {
    this.#undo = undo;
    this.#rows = rows;
  }

  /** A page comes to be published otherwise than it was. */
  publish(key: PageKey, before: Published | undefined, after: Published | undefined): void {
    if (before?.path === after?.path && before?.lastmod === after?.lastmod) return;
    this.mark(parsePageKey(key).route, slotOf(key));
  }

  mark(route: string, slot: number): void {
    this.#undo.set(this.#marks, nameOf(route, slot), { route, slot, pass: this.#pass });
  }

  marks(): readonly SitemapMark[] {
    return [...this.#marks.values()];
  }

  begin(): readonly SitemapMark[] {
    this.#pass++;
    return this.marks();
  }

  take(marks: readonly SitemapMark[]): boolean {
    const isAll = marks.every(({ route, slot }) => this.#marks.has(nameOf(route, slot)));
    for (const { route, slot, pass } of marks) {
      const name = nameOf(route, slot);
      if (this.#marks.get(name)?.pass === pass) this.#undo.delete(this.#marks, name);
    }
    return isAll;
  }

  count(route: string): number {
    return this.#published(route).length;
  }

  pages({ route, from, to }: SlotRange): Iterable<ListedPage> {
    return this.#published(route)
      .filter(({ slot }) => slot >= from && slot < to)
      .map(({ path, lastmod }) => ({ path, lastmod }))
      .sort((left, right) => Buffer.compare(Buffer.from(left.path), Buffer.from(right.path)));
  }

  #published(route: string): (ListedPage & { readonly slot: number })[] {
    return [...this.#rows()].flatMap(({ key, published }) =>
      published !== undefined && parsePageKey(key).route === route ? [{ ...published, slot: slotOf(key) }] : [],
    );
  }

  files(): readonly SitemapFile[] {
    return [...this.#files.values()].sort((left, right) => (left.objectKey < right.objectKey ? -1 : 1));
  }

  put(file: SitemapFile): void {
    this.#undo.set(this.#files, file.objectKey, file);
  }

  remove(objectKey: string): void {
    this.#undo.delete(this.#files, objectKey);
  }
}
