import { furtherKey, parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import { countPagesQuietly } from "./build-plan.ts";

/** Pages of a route that are spread over all of them, without knowing before how many there are. */
class RouteSample {
  readonly keys: PageKey[] = [];
  #stride = 1;
  #seen = 0;

  add(key: PageKey, size: number): void {
    if (this.#seen++ % this.#stride !== 0) return;
    this.keys.push(key);
    if (this.keys.length < size * 2) return;
    const kept = this.keys.filter((_, place) => place % 2 === 0);
    this.keys.splice(0, this.keys.length, ...kept);
    this.#stride *= 2;
  }
}

/** A sample of each route's pages; the same for the same site. */
export class PageSample {
  readonly #size: number;
  readonly #routes = new Map<string, RouteSample>();

  /** @param size at least so many pages of each route, if it has them; less than twice as many */
  constructor(size: number) {
    this.#size = size;
  }

  add(key: PageKey): void {
    const { route } = parsePageKey(key);
    const sample = this.#routes.get(route) ?? new RouteSample();
    this.#routes.set(route, sample);
    sample.add(key, this.#size);
  }

  /** The sampled pages; of those with a list also page 2 and the last. */
  keys(site: Site, snapshot: Snapshot): readonly PageKey[] {
    return [...this.#routes.values()].flatMap(({ keys }) =>
      keys.flatMap((key) => {
        const pages = countPagesQuietly(site, parsePageKey(key), snapshot);
        return [...new Set([1, Math.min(2, pages), pages])].map((number) => furtherKey(key, Math.max(1, number)));
      }),
    );
  }
}
