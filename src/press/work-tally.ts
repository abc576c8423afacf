import type { PageOutcome } from "../core/outcome.ts";
import type { PageKey } from "../core/page.ts";

const ERRORS_KEPT_MAX = 100;

/** What a worker did. */
export class WorkTally {
  /** Messages that were answered for good. */
  messages = 0;
  /** Changes of entities that were expanded, several events of one as one. */
  changes = 0;
  /** Pages that changes were found to affect. */
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
