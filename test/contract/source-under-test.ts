import { beforeEach } from "vitest";

import type { EntityChange } from "../../src/core/change.ts";
import type { RefreshReport, Snapshot, Source } from "../../src/source/source.ts";

/** The indexed fields of each entity type. */
export type Index = Readonly<Record<string, readonly string[]>>;

/** A source under test, and how its data gets there. */
export interface SourceHarness {
  readonly source: Source;
  /** Makes these all the records of a type, from the next `takeIn` on. None at all delete none. */
  put(type: string, records: readonly unknown[]): void;
  /** Brings the source to what was put, in one commit. */
  takeIn(): Promise<RefreshReport>;
  /** Another source of the same state, whose types have other indexed fields, in place of the first. */
  reopen(index: Index): SourceHarness;
}

export type OpenSource = (index: Index) => SourceHarness;

/** What the contract's tests index unless they say otherwise. */
export const INDEX: Index = { film: ["genres", "rating", "flag"], person: [] };

/** The source of the current test, with a person in it and no film, and what is done with it all the time. */
export class SourceUnderTest {
  readonly open: OpenSource;
  #harness: SourceHarness | undefined;

  constructor(open: OpenSource) {
    this.open = open;
    beforeEach(() => {
      this.use(open(INDEX));
      this.harness.put("person", [{ id: "p" }]);
    });
  }

  get harness(): SourceHarness {
    if (this.#harness === undefined) throw new Error("asked for outside of a test");
    return this.#harness;
  }

  get source(): Source {
    return this.harness.source;
  }

  readonly use = (opened: SourceHarness): void => {
    this.#harness = opened;
  };

  readonly refresh = async (): Promise<RefreshReport> => this.harness.takeIn();

  /** Makes these all the films, and takes them in. */
  readonly put = async (...films: readonly unknown[]): Promise<RefreshReport> => {
    this.harness.put("film", films);
    return this.refresh();
  };

  /** Does something with a snapshot of what the source has now. */
  readonly look = <T>(ask: (snapshot: Snapshot) => T): T => {
    using reader = this.source.reader();
    return ask(reader.snapshot());
  };

  readonly idsNow = (): readonly string[] => this.look((snapshot) => snapshot.ids("film", undefined, 1000));

  readonly changesSince = (version: number): readonly EntityChange[] => {
    const changes = this.source.changesSince(version);
    if (changes === undefined) throw new Error(`the changes since ${version} aren't known`);
    return changes;
  };
}
