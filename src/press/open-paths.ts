import { parsePageKey, subjectKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { Manifest } from "../manifest/manifest.ts";

const META = "open:";

type Entry = readonly [key: PageKey, path: string];

/**
 * Paths that aren't done with: a page is about to be put there, or has left them to another one. Whoever presses the page next looks
 * what became of them, so that whatever dies in between, the message that led to it brings all in order when it comes again.
 *
 * They are settings of the manifest, by subject. Writes belong into its transactions.
 */
export class OpenPaths {
  readonly #manifest: Pick<Manifest, "meta" | "setMeta">;

  constructor(manifest: Pick<Manifest, "meta" | "setMeta">) {
    this.#manifest = manifest;
  }

  /** What they were when a manifest was looked at; they are changed as ever. */
  asOf(look: Pick<Manifest, "meta">): OpenPaths {
    return new OpenPaths({
      meta: (name) => look.meta(name),
      setMeta: (name, value) => this.#manifest.setMeta(name, value),
    });
  }

  /** Those of a page. */
  of(key: PageKey): readonly string[] {
    return this.#read(key).flatMap(([page, path]) => (page === key ? [path] : []));
  }

  /** The pages of one subject that have any. */
  pagesOf(first: PageKey): readonly PageKey[] {
    return [...new Set(this.#read(first).map(([page]) => page))];
  }

  open(key: PageKey, path: string): void {
    const entries = this.#read(key);
    if (!entries.some((one) => one[0] === key && one[1] === path)) this.#write(key, [...entries, [key, path]]);
  }

  /** Closes one path of a page, or all when none is named. */
  close(key: PageKey, path?: string): void {
    const entries = this.#read(key);
    const left = entries.filter((one) => one[0] !== key || (path !== undefined && one[1] !== path));
    if (left.length < entries.length) this.#write(key, left);
  }

  #read(key: PageKey): readonly Entry[] {
    const stored = this.#manifest.meta(openPathsSetting(key));
    // Only `#write` writes it.
    return stored === undefined ? [] : (JSON.parse(stored) as readonly Entry[]);
  }

  #write(key: PageKey, entries: readonly Entry[]): void {
    this.#manifest.setMeta(openPathsSetting(key), entries.length === 0 ? undefined : JSON.stringify(entries));
  }
}

/** The setting of the manifest that has those of a page's subject. */
export function openPathsSetting(key: PageKey): string {
  const { route, subject } = parsePageKey(key);
  return META + subjectKey(route, subject);
}
