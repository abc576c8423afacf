interface Due {
  readonly id: number;
}

interface Timed<T> {
  readonly due: number;
  readonly item: T;
}

/** Things that wait for their time, in order of it and then of their id. */
export class DueTimes<T extends Due> {
  /** The last one comes first. */
  readonly #timed: Timed<T>[] = [];

  add(item: T, due: number): void {
    this.#timed.splice(this.#placeOf(item, due), 0, { item, due });
  }

  /** Does nothing when it isn't there. */
  remove(item: T, due: number | undefined): void {
    if (due === undefined) return;
    const place = this.#placeOf(item, due);
    if (this.#timed[place]?.item === item) this.#timed.splice(place, 1);
  }

  next(): number | undefined {
    return this.#timed.at(-1)?.due;
  }

  *takeUntil(now: number): Iterable<T> {
    for (let next = this.#timed.at(-1); next !== undefined && next.due <= now; next = this.#timed.at(-1)) {
      this.#timed.pop();
      yield next.item;
    }
  }

  /** The first place that doesn't come later than the item. */
  #placeOf(item: T, due: number): number {
    let low = 0;
    let high = this.#timed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.#timed[middle];
      const isLater = at !== undefined && (at.due > due || (at.due === due && at.item.id > item.id));
      if (isLater) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
