import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";

/** The pages that changes affect: by name up to a limit, and beyond it, where that is wanted, by the routes that have most of them. */
export class AffectedPages {
  readonly #limit: number;
  readonly #namesRoutes: boolean;
  readonly #named = new Set<PageKey>();
  readonly #routes = new Set<string>();

  constructor(limit: number, namesRoutes: boolean) {
    this.#limit = limit;
    this.#namesRoutes = namesRoutes;
  }

  /** Those that aren't of `routes`. */
  get named(): ReadonlySet<PageKey> {
    return this.#named;
  }

  /** Of which so many pages are affected that all of them are to be rendered. */
  get routes(): ReadonlySet<string> {
    return this.#routes;
  }

  /** Whether there are more than may be named. */
  get isFull(): boolean {
    return this.#named.size > this.#limit;
  }

  add(key: PageKey): void {
    if (this.#routes.size > 0 && this.#routes.has(parsePageKey(key).route)) return;
    this.#named.add(key);
    if (this.isFull && this.#namesRoutes) this.#nameLargest();
  }

  #nameLargest(): void {
    const sizes = new Map<string, number>();
    for (const key of this.#named) {
      const { route } = parsePageKey(key);
      sizes.set(route, (sizes.get(route) ?? 0) + 1);
    }
    const [[largest] = []] = [...sizes].sort(([, left], [, right]) => right - left);
    if (largest === undefined) return;
    this.#routes.add(largest);
    for (const key of this.#named) if (parsePageKey(key).route === largest) this.#named.delete(key);
  }
}
