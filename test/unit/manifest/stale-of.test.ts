import { expect, test } from "vitest";

import { staleOf } from "../../../src/manifest/manifest.ts";
import type { Stale } from "../../../src/manifest/manifest.ts";
import { film, recordOf } from "../../contract/manifest-under-test.ts";

const row = (stale: Stale | undefined) => ({ ...recordOf(film("1"), { stale }), id: 1 });

test("a page has been stale since it first was for that reason", () => {
  expect(staleOf("failed", undefined, 50)).toEqual({ kind: "failed", since: 50 });
  expect(staleOf("failed", row(undefined), 50)).toEqual({ kind: "failed", since: 50 });
  expect(staleOf("failed", row({ kind: "failed", since: 20 }), 50)).toEqual({ kind: "failed", since: 20 });
  expect(staleOf("withheld", row({ kind: "failed", since: 20 }), 50)).toEqual({ kind: "withheld", since: 50 });
});
