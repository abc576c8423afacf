import { expect, test } from "vitest";

import type { Digest } from "../../../src/core/digest.ts";
import type { WriteReason } from "../../../src/core/outcome.ts";
import { pageKey } from "../../../src/core/page.ts";
import type { PageRow } from "../../../src/manifest/manifest.ts";
import { deviationOf } from "../../../src/press/find-drift.ts";
import { SourceTouches } from "../../../src/press/source-touches.ts";
import { filmData, filmSite } from "./film-site.ts";

const key = pageKey("film", "1", 1);
const row: PageRow = {
  id: 1,
  key,
  published: {
    path: "/films/1/",
    stamp: { epoch: 1, version: 1, time: 0 },
    digest: "" as Digest,
    etag: "e1",
    bytes: 1,
    lastmod: undefined,
  },
  verified: { epoch: 1, version: 1 },
  due: undefined,
  error: undefined,
  stale: undefined,
};

test.each<[WriteReason, string | undefined]>([
  ["stamp", undefined],
  ["changed", "event-lost"],
  ["missing", "store"],
])("a page that was written because of %s is drift of cause %s", async (reason, cause) => {
  const site = filmSite();
  const { source } = await filmData(site, [{ id: "1" }]);
  const touches = new SourceTouches(site, source);
  const context = { manifest: { edgesOf: () => [], meta: () => undefined }, touches, epochs: new Map(), nowSeconds: 0 };
  const outcome = { kind: "written", reason, key, path: "/films/1/", bytes: 1 } as const;
  expect(deviationOf(context, outcome, { row, edges: [] }, undefined)?.cause).toBe(cause);
});
