import type { ObjectKey } from "../../src/core/path.ts";
import type { PageStore } from "../../src/store/store.ts";

/** A page store under test, and what lies beneath it. */
export interface StoreHarness {
  readonly store: PageStore;
  /** The same store, as another thread has it. */
  connect(writer: string): PageStore;
  /** Puts an object as somebody else would. */
  putForeign(key: string, content: string): void;
  /** Names of everything that is stored, temporary objects and empty folders among it; the site record isn't. */
  everything(): readonly string[];
  /**
   * Begins to read an object over and over elsewhere, as a web server would. What comes back stops it and gives the
   * number of reads, and what was read that is no whole `telltaleContent`.
   */
  poll(key: ObjectKey): Promise<Poll>;
}

export interface Poll {
  /** Reads so far. */
  reads(): number;
  stop(): Promise<{ readonly reads: number; readonly torn: number; readonly missing: number }>;
}
