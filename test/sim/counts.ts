/** How often what happened. */
export class Counts {
  readonly all = new Map<string, number>();

  add(what: string, times = 1): void {
    if (times > 0) this.all.set(what, (this.all.get(what) ?? 0) + times);
  }

  /** A line for each, sorted. */
  text(): string {
    const lines = Array.from(this.all, ([what, times]) => `${what}: ${times}\n`);
    return lines.toSorted().join("");
  }

  merge(other: Counts): void {
    for (const [what, times] of other.all) this.add(what, times);
  }
}
