import type { PageOutcome } from "../core/outcome.ts";
import type { PageKey } from "../core/page.ts";
import { hash53 } from "../core/ref.ts";

const ERRORS_KEPT_MAX = 100;
/** 5 MB; further pages are counted by each batch of changes that leads to them. */
const COUNTED_ONCE_MAX = 100_000;

/** What a worker did. */
export class WorkTally {
  /** Messages that were answered for good. */
  messages = 0;
  /** Changes of entities that were expanded, several events of one as one. */
  changes = 0;
  /** Pages that changes were found to affect: until the queue is empty each counts once, however many batches of changes lead to it. */
  affected = 0;
  rendered = 0;
  written = 0;
  /** Rendered, and equal to what is stored. */
  equal = 0;
  /** Not rendered: known to be as new. */
  verified = 0;
  removed = 0;
  withheld = 0;
  failed = 0;
  bytes = 0;
  retries = 0;
  discarded = 0;
  setAside = 0;
  /** Messages of pages that were put on the bulk lane. */
  handedOn = 0;
  readonly errors = new Map<PageKey, string>();
  readonly #counted = new Set<number>();

  addAffected(keys: Iterable<PageKey>): void {
    for (const key of keys) {
      const hash = hash53(key);
      if (this.#counted.has(hash)) continue;
      if (this.#counted.size < COUNTED_ONCE_MAX) this.#counted.add(hash);
      this.affected++;
    }
  }

  /** The queue is empty: what changes affect from now on counts anew. */
  noteEmpty(): void {
    this.#counted.clear();
  }

  add(outcomes: readonly PageOutcome[]): void {
    for (const outcome of outcomes) {
      switch (outcome.kind) {
        case "written":
          this.rendered++;
          this.written++;
          this.bytes += outcome.bytes;
          this.errors.delete(outcome.key);
          break;
        case "unchanged":
          if (outcome.reason === "verified") this.verified++;
          else {
            this.rendered++;
            this.equal++;
          }
          this.errors.delete(outcome.key);
          break;
        case "collided":
        case "newer":
          this.rendered++;
          break;
        case "removed":
          this.removed++;
          break;
        case "failed":
          this.rendered++;
          this.failed++;
          if (this.errors.size < ERRORS_KEPT_MAX) this.errors.set(outcome.key, outcome.error);
          break;
        case "gone":
        case "absent":
          break;
      }
    }
  }
}
