import type { LeftOutcome } from "./apply-left.ts";
import type { PageOutcome, WriteReason } from "../core/outcome.ts";
import { furtherKey, parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { Progress } from "../core/progress.ts";
import type { Pressed, PressTimes } from "./press-pages.ts";

const ERRORS_KEPT_MAX = 1000;
const FAILED_KEPT_MAX = 1_000_000;
const GONE_KEPT_MAX = 1_000_000;
/** Pages that a dry run lists. */
const LISTED_MAX = 100_000;
const REDIRECTS_KEPT_MAX = 1000;

/** What a build did, page by page; a page that is pressed twice counts as it ended. */
export class BuildTally {
  readonly #progress: Progress;
  readonly #listsPages: boolean;
  readonly written: Record<WriteReason, number> = { new: 0, changed: 0, moved: 0, missing: 0, altered: 0, stamp: 0 };
  readonly times: PressTimes = { render: 0, write: 0, record: 0 };
  unchanged = 0;
  removed = 0;
  newer = 0;
  bytes = 0;
  /** Pages that were pressed, rendered or not. */
  pressed = 0;
  /** Those of them that were rendered. */
  rendered = 0;
  /** Why pages failed, of the first of them. Those whose template can't be compiled aren't named one by one. */
  readonly failed = new Map<PageKey, string>();
  /** By route: how many pages failed because its template can't be compiled. */
  readonly failedByTemplate = new Map<string, number>();
  /** Pages that have no path of their own, and why. */
  readonly collided = new Map<PageKey, string>();
  readonly #failedKeys = new Set<PageKey>();
  /** In a dry run: the pages that would be written, where, and why; the first of them. */
  readonly listed = new Map<PageKey, { readonly path: string; readonly reason: WriteReason }>();
  /** Pages that wait for their removal. */
  readonly gone = new Map<PageKey, string | undefined>();
  /** Paths that lead to where their page is now, with that path; the first of them. */
  readonly redirects = new Map<string, string>();
  redirected = 0;
  /** Paths at which a page was, and where nothing is now. */
  tombstones = 0;
  /** Pages to press once more. */
  readonly again = new Set<PageKey>();

  /** Pages behind a page 1, which are yet to press. */
  readonly #further: { readonly first: PageKey; next: number; readonly pages: number }[] = [];

  constructor(progress: Progress, listsPages = false) {
    this.#progress = progress;
    this.#listsPages = listsPages;
  }

  hasFailed(key: PageKey): boolean {
    return this.#failedKeys.has(key);
  }

  get failedCount(): number {
    return this.#failedKeys.size;
  }

  /** Failed pages that are in `failed` or would be, if it weren't full. */
  get failedByThemselves(): number {
    return this.#failedKeys.size - this.failedByTemplate.values().reduce((sum, pages) => sum + pages, 0);
  }

  add(pressed: Pressed): void {
    this.times.render += pressed.times.render;
    this.times.write += pressed.times.write;
    this.times.record += pressed.times.record;
    for (const outcome of pressed.outcomes) this.#outcome(outcome);
    for (const key of pressed.again) this.again.add(key);
    this.addLeft(pressed.left);
    for (const { first, pages } of pressed.further) {
      this.#further.push({ first, next: 2, pages });
      this.#progress.expect(pages - 1);
    }
    this.#progress.outcomes(pressed.outcomes);
  }

  addLeft(outcomes: readonly LeftOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.kind === "tombstone") {
        this.tombstones++;
        continue;
      }
      this.redirected++;
      if (this.redirects.size < REDIRECTS_KEPT_MAX) this.redirects.set(outcome.path, outcome.to);
    }
  }

  /** Takes up to `limit` keys of the pages behind each page 1 that was pressed. */
  takeFurther(limit: number): readonly PageKey[] {
    const keys: PageKey[] = [];
    for (let range = this.#further.at(-1); range !== undefined; range = this.#further.at(-1)) {
      for (; range.next <= range.pages; range.next++) {
        if (keys.length === limit) return keys;
        keys.push(furtherKey(range.first, range.next));
      }
      this.#further.pop();
    }
    return keys;
  }

  #outcome(outcome: PageOutcome): void {
    const { key } = outcome;
    this.pressed++;
    if (!(outcome.kind === "unchanged" && outcome.reason === "verified")) this.rendered++;
    if (outcome.kind !== "failed") {
      this.failed.delete(key);
      this.#failedKeys.delete(key);
    }
    if (outcome.kind !== "collided") this.collided.delete(key);
    if (outcome.kind !== "gone") this.gone.delete(key);
    switch (outcome.kind) {
      case "written":
        this.written[outcome.reason]++;
        this.bytes += outcome.bytes;
        if (this.#listsPages && this.listed.size < LISTED_MAX) {
          this.listed.set(key, { path: outcome.path, reason: outcome.reason });
        }
        break;
      case "unchanged":
        this.unchanged++;
        break;
      case "removed":
        this.removed++;
        break;
      case "newer":
        this.newer++;
        break;
      case "gone":
        if (this.gone.size < GONE_KEPT_MAX) this.gone.set(key, outcome.path);
        break;
      case "failed":
        this.#fail(outcome);
        break;
      case "collided":
        this.collided.set(key, `wants ${outcome.path}, which belongs to ${outcome.owner}`);
        break;
      case "absent":
        break;
    }
  }

  #fail({ key, error, isTemplateBroken }: PageOutcome & { readonly kind: "failed" }): void {
    const counts = !this.#failedKeys.has(key) && this.#failedKeys.size < FAILED_KEPT_MAX;
    if (counts) this.#failedKeys.add(key);
    if (isTemplateBroken) {
      const { route } = parsePageKey(key);
      if (counts) this.failedByTemplate.set(route, (this.failedByTemplate.get(route) ?? 0) + 1);
    } else if (this.failed.size < ERRORS_KEPT_MAX || this.failed.has(key)) this.failed.set(key, error);
  }
}
