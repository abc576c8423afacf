import { compareValues } from "../core/order.ts";

/** An entity as it is stored. */
export interface IdentifiedText {
  readonly id: string;
  readonly text: string;
}

/** What two states have under one id: at least one of them has something. */
export interface Pair {
  readonly id: string;
  readonly now: string | undefined;
  readonly before: string | undefined;
}

const PAIRS_AT_ONCE = 1000;

/** Merges two states, both in the order of the bytes of their ids. Neither is held in memory. */
export async function* pairById(
  now: Iterable<IdentifiedText>,
  before: AsyncIterable<readonly IdentifiedText[]>,
): AsyncGenerator<readonly Pair[]> {
  const rows = now[Symbol.iterator]();
  let row = rows.next();
  let pairs: Pair[] = [];
  for await (const some of before) {
    for (const { id, text } of some) {
      while (row.done !== true && compareValues(row.value.id, id) < 0) {
        pairs.push({ id: row.value.id, now: row.value.text, before: undefined });
        row = rows.next();
        if (pairs.length < PAIRS_AT_ONCE) continue;
        yield pairs;
        pairs = [];
      }
      const isThere = row.done !== true && row.value.id === id;
      pairs.push({ id, now: isThere ? row.value.text : undefined, before: text });
      if (isThere) row = rows.next();
      if (pairs.length < PAIRS_AT_ONCE) continue;
      yield pairs;
      pairs = [];
    }
  }
  for (; row.done !== true; row = rows.next()) {
    pairs.push({ id: row.value.id, now: row.value.text, before: undefined });
    if (pairs.length < PAIRS_AT_ONCE) continue;
    yield pairs;
    pairs = [];
  }
  if (pairs.length > 0) yield pairs;
}
