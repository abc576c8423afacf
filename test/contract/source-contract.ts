import { expect, test } from "vitest";

import { sourceChangesContract } from "./source-changes-contract.ts";
import { sourceListContract } from "./source-list-contract.ts";
import { sourceRefreshContract } from "./source-refresh-contract.ts";
import { sourceSnapshotContract } from "./source-snapshot-contract.ts";
import { INDEX, SourceUnderTest } from "./source-under-test.ts";
import type { OpenSource } from "./source-under-test.ts";
import { sourceVersionsContract } from "./source-versions-contract.ts";

/** What every source does; a `mirror` takes in what stands outside. `open` makes one of its own, with nothing in it or outside yet. */
export function sourceContract(name: string, open: OpenSource, kind: "mirror" | "owner"): void {
  const under = new SourceUnderTest(open);
  sourceVersionsContract(name, under);
  if (kind === "mirror") sourceRefreshContract(name, under);
  sourceChangesContract(name, under);
  sourceSnapshotContract(name, under);
  sourceListContract(name, under);

  test(`${name}: has one identity, also after it is opened again`, async () => {
    const { identity } = under.source;
    under.use(under.harness.reopen(INDEX));
    expect(under.source.identity).toBe(identity);
  });
}
