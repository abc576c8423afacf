import { batches } from "../core/batches.ts";
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
  /** What there is only now, of ids below this one. */
  function* newBelow(end: string | undefined): Generator<Pair> {
    const isBelow = (id: string): boolean => end === undefined || compareValues(id, end) < 0;
    for (; row.done !== true && isBelow(row.value.id); row = rows.next()) {
      yield { id: row.value.id, now: row.value.text, before: undefined };
    }
  }
  function* upTo(some: readonly IdentifiedText[]): Generator<Pair> {
    for (const { id, text } of some) {
      yield* newBelow(id);
      const isThere = row.done !== true && row.value.id === id;
      yield { id, now: isThere ? row.value.text : undefined, before: text };
      if (isThere) row = rows.next();
    }
  }
  for await (const some of before) yield* batches(upTo(some), PAIRS_AT_ONCE);
  yield* batches(newBelow(undefined), PAIRS_AT_ONCE);
}
