import { beforeEach } from "vitest";

import { digestOf } from "../../src/core/digest.ts";
import { pageKey } from "../../src/core/page.ts";
import type { PageKey } from "../../src/core/page.ts";
import type { Scalar } from "../../src/core/read.ts";
import { entityRef } from "../../src/core/ref.ts";
import type { RefHash } from "../../src/core/ref.ts";
import type { Edge, Manifest, PageRecord, PageRow } from "../../src/manifest/manifest.ts";

/** A manifest under test, and the ways into it. */
export interface ManifestHarness {
  readonly manifest: Manifest;
  /** Another connection to the same manifest. */
  connect(): Manifest;
  /** Closes all connections, and opens the manifest again. */
  reopen(): ManifestHarness;
  /** In another thread or process, `times` times: `countUp`. */
  countElsewhere(key: PageKey, times: number): Promise<void>;
}

export type OpenManifest = () => ManifestHarness;

/** A published page at `/<key>/`. */
export function recordOf(key: PageKey, change: Partial<PageRecord> = {}): PageRecord {
  const stamp = { epoch: 3, version: 10, time: 0 };
  return {
    key,
    published: { path: `/${key}/`, stamp, digest: digestOf(key), etag: `etag of ${key}`, bytes: 0, lastmod: undefined },
    verified: { epoch: 3, version: 10 },
    due: undefined,
    error: undefined,
    ...change,
  };
}

/** Page 1 of a film. */
export const film = (subject: Scalar | undefined): PageKey => pageKey("film", subject, 1);
export const FILM = film("1");
export const REF = entityRef("film", "1");

export const entity = (fields: readonly string[] | "*", ref: RefHash = REF): Edge => ({
  ref,
  dependency: { kind: "entity", fields },
});

/** The manifest of the current test, empty at first, and what is done with it all the time. */
export class ManifestUnderTest {
  #harness: ManifestHarness | undefined;

  constructor(open: OpenManifest) {
    beforeEach(() => this.use(open()));
  }

  get harness(): ManifestHarness {
    if (this.#harness === undefined) throw new Error("asked for outside of a test");
    return this.#harness;
  }

  get manifest(): Manifest {
    return this.harness.manifest;
  }

  readonly use = (opened: ManifestHarness): void => {
    this.#harness = opened;
  };

  readonly record = (key: PageKey, edges: readonly Edge[] = [], change: Partial<PageRecord> = {}): void =>
    this.manifest.transact((transaction) => transaction.record(recordOf(key, change), edges));

  readonly fail = (key: PageKey, edges: readonly Edge[] = [], change: Partial<PageRecord> = {}): void =>
    this.manifest.transact((transaction) => {
      transaction.recordFailure(recordOf(key, { error: "no", ...change }), edges);
    });

  readonly remove = (key: PageKey): void =>
    this.manifest.transact((transaction) => transaction.remove(this.rowOf(key)));

  readonly rowOf = (key: PageKey): PageRow => {
    const row = this.manifest.page(key);
    if (row === undefined) throw new Error(`no row of ${key}`);
    return row;
  };

  readonly dependantsOf = (ref: RefHash): readonly string[] =>
    [...this.manifest.dependants(ref)].map(({ key, dependency }) => `${key} ${JSON.stringify(dependency)}`).toSorted();
}
