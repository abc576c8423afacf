import { expect, test } from "vitest";

import { pageKey } from "../../../src/core/page.ts";
import { PLAIN_ROUTE, SmallSite } from "../../support/small-site.ts";

/** 40 entities with pages of their own, and two single pages that show all of them. */
async function builtSite(): Promise<SmallSite> {
  const all = { read: "list", type: 0, where: {}, orderBy: [], use: ["kind"] } as const;
  const site = new SmallSite(
    [
      { ...PLAIN_ROUTE, each: { type: 0 }, prints: [[{ print: "subject", use: ["kind"] }]] },
      { ...PLAIN_ROUTE, prefix: "b", steps: [all] },
      // Every page of it knows what e0 is.
      {
        ...PLAIN_ROUTE,
        prefix: "c",
        each: { type: 0 },
        steps: [{ read: "get", type: 0, id: "e0", use: ["kind"] }],
      },
    ],
    Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`e${n}`, { kind: "a" }])),
  );
  await site.build();
  return site;
}

test("changes that together affect more pages than can be named are followed in smaller parts, not by whole routes", async () => {
  const site = await builtSite();
  for (let n = 1; n <= 20; n++) site.put(`e${n}`, { kind: "b" });
  const { rendered, worked } = await site.drain({ namedMax: 5 });
  // Their own pages and the list, of which each part knows; it is rendered for the first of them.
  const own = Array.from({ length: 20 }, (_, n) => pageKey("r", `e${n + 1}`, 1));
  expect(rendered.toSorted()).toEqual([...own, pageKey("r+x", undefined, 1)].toSorted());
  expect(worked.written).toBe(21);
  expect(await site.rendered()).toEqual([]);
});

test("one change that alone affects more has the route with most of its pages rendered whole, and counts them as affected", async () => {
  const site = await builtSite();
  site.put("e0", { kind: "b" });
  const { rendered, worked } = await site.drain({ namedMax: 5 });
  expect(rendered).toHaveLength(42);
  expect(worked.affected).toBe(42);
  expect(await site.rendered()).toEqual([]);
});
