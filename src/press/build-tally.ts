import type { LeftOutcome } from "./apply-left.ts";
import type { PageOutcome, WriteReason } from "../core/outcome.ts";
import { furtherKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { Progress } from "../core/progress.ts";
import type { Pressed, PressTimes } from "./press-pages.ts";

const ERRORS_KEPT_MAX = 1000;
const GONE_KEPT_MAX = 1_000_000;
const REDIRECTS_KEPT_MAX = 1000;

/** What a build did, page by page; a page that is pressed twice counts as it ended. */
export class BuildTally {
  readonly #progress: Progress;
  readonly written: Record<WriteReason, number> = { new: 0, changed: 0, moved: 0, missing: 0, altered: 0 };
  readonly times: PressTimes = { render: 0, write: 0, record: 0 };
  unchanged = 0;
  removed = 0;
  newer = 0;
  bytes = 0;
  /** Pages that were pressed, rendered or not. */
  pressed = 0;
  /** Those of them that were rendered. */
  rendered = 0;
  /** Why pages failed, or have no path of their own. */
  readonly failed = new Map<PageKey, string>();
  readonly collided = new Map<PageKey, string>();
  readonly #manyFailed = { count: 0 };
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

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  get failedCount(): number {
    return this.failed.size + this.#manyFailed.count;
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
    if (outcome.kind !== "failed") this.failed.delete(key);
    if (outcome.kind !== "collided") this.collided.delete(key);
    if (outcome.kind !== "gone") this.gone.delete(key);
    switch (outcome.kind) {
      case "written":
        this.written[outcome.reason]++;
        this.bytes += outcome.bytes;
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
        if (this.failed.size < ERRORS_KEPT_MAX || this.failed.has(key)) this.failed.set(key, outcome.error);
        else this.#manyFailed.count++;
        break;
      case "collided":
        this.collided.set(key, `wants ${outcome.path}, which belongs to ${outcome.owner}`);
        break;
      case "absent":
        break;
    }
  }
}
