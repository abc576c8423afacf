/** Cuts things into batches of `size`, the last of them the rest; nothing is taken ahead. */
export function* batches<T>(things: Iterable<T>, size: number): Iterable<readonly T[]> {
  let batch: T[] = [];
  for (const thing of things) {
    batch.push(thing);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
