import { pagesOf } from "../core/dependency.ts";
import type { EntityData } from "../core/entity.ts";
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

/**
 * One page of a route's list. What is read of it is what is recorded: `items` the window, `total` the count, and
 * `pages`, `last` and `next` only the number of pages.
 */
export function pagePager(input: PagerInput): Pager<EntityData> {
  const { site, list, number, snapshot, recorder } = input;
  const where = list.where(input.subject);
  if (number === 1) recorder.extent(list.of, where, list.perPage);
  const address = (n: number): string => {
    const path = pagedPath(input.path, n);
    if (path === undefined) throw new RangeError(`there is no path for page ${n} of ${input.path}`);
    return encodePath(site.base, path);
  };
  const offset = (number - 1) * list.perPage;
  let found: readonly EntityRecord[] | undefined;
  // Whoever asks for their number will most likely ask for the rows: one query gives both.
  const rows = (): readonly EntityRecord[] => {
    found ??= snapshot.list(list.of, where, list.orderBy, offset, list.perPage);
    return found;
  };
  const total = (): number => {
    rows();
    return snapshot.count(list.of, where);
  };
  const pages = (): number => {
    const answer = pagesOf(total(), list.perPage);
    recorder.pages(list.of, where, list.perPage, answer);
    return answer;
  };
  let items: readonly EntityData[] | undefined;
  return Object.freeze({
    number,
    get items() {
      if (items === undefined) {
        const shape = { isFull: rows().length === list.perPage, hasAbove: offset > 0 };
        items = input.reader.window(list.of, where, list.orderBy, rows(), shape);
      }
      return items;
    },
    get total() {
      recorder.count(list.of, where);
      return total();
    },
    get pages() {
      return pages();
    },
    first: address(1),
    prev: number > 1 ? address(number - 1) : undefined,
    get next() {
      return number < pages() ? address(number + 1) : undefined;
    },
    get last() {
      return address(pages());
    },
  });
}
