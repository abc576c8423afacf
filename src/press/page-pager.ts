import { pagesOf } from "../core/dependency.ts";
import type { EntityData, WhereValues } from "../core/entity.ts";
import type { SitePath } from "../core/path.ts";
import { encodePath, pagedPath } from "../site/path.ts";
import type { Pager } from "../site/route.ts";
import type { AnySubject, ListModel, Site } from "../site/site.ts";
import type { EntityRecord, Snapshot } from "../source/source.ts";
import type { PageReader } from "./page-reader.ts";
import type { PageRecorder } from "./page-recorder.ts";

export interface PagerInput {
  readonly site: Site;
  readonly list: ListModel;
  readonly subject: AnySubject;
  /** Of page 1. */
  readonly path: SitePath;
  readonly number: number;
  readonly snapshot: Snapshot;
  readonly recorder: PageRecorder;
  readonly reader: PageReader;
}

/** What a pager reads when it is asked, and records. */
export class PagerReads {
  readonly #input: PagerInput;
  readonly #where: WhereValues;
  readonly #offset: number;
  #found: readonly EntityRecord[] | undefined;
  #items: readonly EntityData[] | undefined;
  #pages: number | undefined;
  #isCountRecorded = false;

  constructor(input: PagerInput) {
    const { list, number, recorder, subject } = input;
    this.#input = input;
    this.#where = list.where(subject);
    this.#offset = (number - 1) * list.perPage;
    if (number === 1) recorder.extent(list.of, this.#where, list.perPage);
  }

  get number(): number {
    return this.#input.number;
  }

  address(n: number): string {
    const path = pagedPath(this.#input.path, n);
    if (path === undefined) throw new RangeError(`there is no path for page ${n} of ${this.#input.path}`);
    return encodePath(this.#input.site.base, path);
  }

  items(): readonly EntityData[] {
    if (this.#items === undefined) {
      const { list, reader } = this.#input;
      const rows = this.#rows();
      const shape = { isFull: rows.length === list.perPage, hasAbove: this.#offset > 0 };
      this.#items = reader.window(list.of, this.#where, list.orderBy, rows, shape);
    }
    return this.#items;
  }

  total(): number {
    if (!this.#isCountRecorded) this.#input.recorder.count(this.#input.list.of, this.#where);
    this.#isCountRecorded = true;
    this.#rows();
    return this.#count();
  }

  pages(): number {
    if (this.#pages === undefined) {
      const { list, recorder } = this.#input;
      this.#rows();
      this.#pages = this.countPages();
      recorder.pages(list.of, this.#where, list.perPage, this.#pages);
    }
    return this.#pages;
  }

  /** How many pages there are, for whoever isn't the page: nothing is recorded. */
  countPages(): number {
    return pagesOf(this.#count(), this.#input.list.perPage);
  }

  /** Whoever asks for their number will most likely ask for the rows: one query gives both. */
  #rows(): readonly EntityRecord[] {
    const { list, snapshot } = this.#input;
    this.#found ??= snapshot.list(list.of, this.#where, list.orderBy, this.#offset, list.perPage);
    return this.#found;
  }

  #count(): number {
    return this.#input.snapshot.count(this.#input.list.of, this.#where);
  }
}

/**
 * One page of a route's list. What is read of it is what is recorded: `items` the window, `total` the count, and
 * `pages`, `last` and `next` only the number of pages.
 */
export class PagePager implements Pager<EntityData> {
  readonly #reads: PagerReads;
  readonly number: number;
  declare readonly items: readonly EntityData[];
  declare readonly total: number;
  declare readonly pages: number;
  readonly first: string;
  readonly prev: string | undefined;
  declare readonly next: string | undefined;
  declare readonly last: string;

  // A pager can be spread and serialised, so these are properties of its own; but all pagers share their functions, which take longer to
  // make than what a page takes of most lists.
  static readonly #ROWS = {
    items: {
      enumerable: true,
      get(this: PagePager) {
        return this.#reads.items();
      },
    },
    total: {
      enumerable: true,
      get(this: PagePager) {
        return this.#reads.total();
      },
    },
    pages: {
      enumerable: true,
      get(this: PagePager) {
        return this.#reads.pages();
      },
    },
  };
  static readonly #AFTER = {
    next: {
      enumerable: true,
      get(this: PagePager) {
        return this.number < this.#reads.pages() ? this.#reads.address(this.number + 1) : undefined;
      },
    },
    last: {
      enumerable: true,
      get(this: PagePager) {
        return this.#reads.address(this.#reads.pages());
      },
    },
  };

  constructor(reads: PagerReads) {
    const { number } = reads;
    this.#reads = reads;
    this.number = number;
    Object.defineProperties(this, PagePager.#ROWS);
    this.first = reads.address(1);
    this.prev = number > 1 ? reads.address(number - 1) : undefined;
    Object.defineProperties(this, PagePager.#AFTER);
    Object.freeze(this);
  }
}
