import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { LeftPath } from "../../../src/manifest/left-paths.ts";
import { raiseFloor } from "../../../src/press/prune.ts";
import { DirectoryPageStore } from "../../../src/store/directory.ts";
import { LOCAL_MANIFEST } from "../../../src/site/check-manifest.ts";
import { openManifest, openRecord } from "../../../src/system/site-state.ts";
import { storedFiles } from "../../support/live-files.ts";
import type { ModelRoute } from "../../support/model-site.ts";
import { PLAIN_ROUTE, SmallSite } from "../../support/small-site.ts";

const DAY_MS = 86_400_000;
/** A page for each entity at its slug; one whose kind is "broken" fails. */
const bySlug: ModelRoute = {
  ...PLAIN_ROUTE,
  each: { type: 0 },
  named: "slug",
  shape: "folder",
  steps: [{ read: "throwIf", of: "subject", field: "kind", is: "broken" }],
  prints: [[{ print: "subject", use: ["title"] }]],
};

/** The paths that pages have left, with what stands there. */
function leftOf(site: SmallSite): Readonly<Record<string, LeftPath["kind"]>> {
  const { record } = openRecord(new DirectoryPageStore(site.folders.store, "test"), "");
  using manifest = openManifest(site.folders.state, record, LOCAL_MANIFEST).manifest;
  return Object.fromEntries([...manifest.left.all()].flat().map(({ path, kind }) => [path, kind]));
}

const redirectsOf = (site: SmallSite): Readonly<Record<string, string>> =>
  Object.fromEntries(storedFiles(site.folders.store).redirects);

async function built(entities: Readonly<Record<string, object>>, route = bySlug): Promise<SmallSite> {
  const site = new SmallSite(
    [route],
    Object.fromEntries(Object.entries(entities).map(([id, fields]) => [id, { ...fields }])),
  );
  await site.build();
  return site;
}

async function edited(site: SmallSite, edits: Readonly<Record<string, object>>) {
  for (const [id, fields] of Object.entries(edits)) site.put(id, { ...fields });
  return await site.build();
}

describe("a page that is renamed", () => {
  it("leaves a redirect, and older ones lead to the newest path", async () => {
    const site = await built({ a: { slug: "one" } });
    const { tally } = await edited(site, { a: { slug: "two" } });
    expect([...tally.redirects]).toEqual([["/one/", "/two/"]]);
    await edited(site, { a: { slug: "three" } });
    expect(site.files).toEqual(["three/index.html: r/a"]);
    expect(redirectsOf(site)).toEqual({ "one/index.html": "/base/three/", "two/index.html": "/base/three/" });
    await edited(site, { a: { slug: "one" } });
    expect(site.files).toEqual(["one/index.html: r/a"]);
    expect(redirectsOf(site)).toEqual({ "three/index.html": "/base/one/", "two/index.html": "/base/one/" });
    expect(leftOf(site)).toEqual({ "/three/": "redirect", "/two/": "redirect" });
  });

  it("leaves a tombstone where no redirect can stand", async () => {
    const site = await built({ a: { slug: "x.y" } }, { ...bySlug, shape: "bare" });
    await edited(site, { a: { slug: "two" } });
    expect(site.files).toEqual(["two/index.html: r/a"]);
    expect([leftOf(site), redirectsOf(site)]).toEqual([{ "/x.y": "tombstone" }, {}]);
  });

  it("gives its path to another one, and takes it back", async () => {
    const site = await built({ a: { slug: "one" }, b: { slug: "two" } });
    await edited(site, { b: { slug: "three" } });
    expect(redirectsOf(site)).toEqual({ "two/index.html": "/base/three/" });
    await edited(site, { a: { slug: "two" } });
    expect(site.files).toEqual(["three/index.html: r/b", "two/index.html: r/a"]);
    expect(redirectsOf(site)).toEqual({ "one/index.html": "/base/two/" });
    await edited(site, { a: { slug: "one" }, b: { slug: "two" } });
    expect(site.files).toEqual(["one/index.html: r/a", "two/index.html: r/b"]);
    expect(redirectsOf(site)).toEqual({ "three/index.html": "/base/two/" });
  });

  it("keeps its redirect for a year, however often it moves", async () => {
    const site = await built({ a: { slug: "one" } });
    await edited(site, { a: { slug: "two" } });
    site.nowMs += 300 * DAY_MS;
    await edited(site, { a: { slug: "three" } });
    site.nowMs += 65 * DAY_MS;
    await site.build();
    expect(redirectsOf(site)).toEqual({ "two/index.html": "/base/three/" });
    site.nowMs += 300 * DAY_MS;
    await site.build();
    expect([redirectsOf(site), leftOf(site)]).toEqual([{}, {}]);
  });
});

describe("a page that goes", () => {
  it("leaves tombstones at its path and at older ones, for fifteen days", async () => {
    const site = await built({ a: { slug: "one" }, b: { slug: "other" } });
    await edited(site, { a: { slug: "two" } });
    site.delete("a");
    const { tally } = await site.build();
    expect(tally.tombstones).toBe(2);
    expect([redirectsOf(site), leftOf(site)]).toEqual([{}, { "/one/": "tombstone", "/two/": "tombstone" }]);
    site.nowMs += 15 * DAY_MS - 1000;
    await site.build();
    expect(Object.keys(leftOf(site))).toHaveLength(2);
    site.nowMs += 1000;
    await site.build();
    expect(leftOf(site)).toEqual({});
  });

  it("and comes back elsewhere is led to from where it was", async () => {
    const site = await built({ a: { slug: "one" }, b: { slug: "other" } });
    site.delete("a");
    await site.build();
    await edited(site, { a: { slug: "two" } });
    expect(redirectsOf(site)).toEqual({ "one/index.html": "/base/two/" });
    expect(leftOf(site)).toEqual({ "/one/": "redirect" });
  });

  it("has its tombstone until the site record says that no older data makes it again", async () => {
    const site = await built({ a: { slug: "one" }, b: { slug: "two" } });
    site.delete("a");
    await site.build();
    const store = new DirectoryPageStore(site.folders.store, "test");
    const { record } = openRecord(store, "");
    using manifest = openManifest(site.folders.state, record, LOCAL_MANIFEST).manifest;
    const gone = [...manifest.left.all()].flat()[0]?.version ?? 0;
    const raise = (days: number): number | undefined => {
      raiseFloor({ manifest, store, clock: () => site.nowMs + days * DAY_MS });
      return openRecord(store, "").record.floor;
    };
    expect([raise(14), manifest.floor()]).toEqual([undefined, 0]);
    expect([raise(16), manifest.floor()]).toEqual([gone, gone]);
    expect(gone).toBeGreaterThan(0);
    site.nowMs += 16 * DAY_MS;
    await site.build();
    expect(leftOf(site)).toEqual({});
    expect(openRecord(store, "").record.floor).toBe(gone);
  });

  it("and comes back has no tombstone any more", async () => {
    const site = await built({ a: { slug: "one" }, b: { slug: "other" } });
    site.delete("a");
    await site.build();
    await edited(site, { a: { slug: "one" } });
    expect([site.files.length, leftOf(site)]).toEqual([2, {}]);
  });
});

describe("a path that one page leaves and another one wants", () => {
  it.each([
    ["is renamed", (site: SmallSite) => site.put("a", { slug: "new" })],
    ["goes", (site: SmallSite) => site.delete("a")],
  ])("is never without a page when the one that has it %s", async (_, leave) => {
    const site = await built({ a: { slug: "one" }, b: { slug: "one" }, c: { slug: "three" } });
    leave(site);
    const { taken } = await site.build();
    expect([...taken]).toEqual([]);
    expect(site.text("one/index.html")).toContain("/base/one/");
    expect(site.files).toContain("one/index.html: r/b");
    expect([redirectsOf(site), leftOf(site)]).toEqual([{}, {}]);
  });

  it("is never without a page when two swap, or several pass their paths on", async () => {
    const site = await built({ a: { slug: "a" }, b: { slug: "b" }, c: { slug: "c" } });
    expect([...(await edited(site, { a: { slug: "b" }, b: { slug: "a" } })).taken]).toEqual([]);
    expect([...(await edited(site, { a: { slug: "c" }, b: { slug: "b" }, c: { slug: "a" } })).taken]).toEqual([]);
    expect(site.files).toEqual(["a/index.html: r/c", "b/index.html: r/b", "c/index.html: r/a"]);
    expect(leftOf(site)).toEqual({});
  });

  it("keeps no old bytes when the other one fails, and is redirected when that one goes", async () => {
    const site = await built({ a: { slug: "one" }, b: { slug: "one", kind: "broken" }, c: { slug: "three" } });
    const { tally } = await edited(site, { a: { slug: "new" } });
    expect([...tally.failed.keys()]).toEqual(["r/b"]);
    expect(site.files).toEqual(["new/index.html: r/a", "three/index.html: r/c"]);
    expect([redirectsOf(site), leftOf(site)]).toEqual([{}, { "/one/": "handover" }]);
    site.delete("b");
    await site.build();
    expect(redirectsOf(site)).toEqual({ "one/index.html": "/base/new/" });
  });
});

describe("redirects whose manifest was lost", () => {
  const lose = (site: SmallSite): void => {
    for (const file of readdirSync(site.folders.state)) {
      if (file.startsWith("manifest")) rmSync(join(site.folders.state, file));
    }
  };

  it("are known again", async () => {
    const site = await built({ a: { slug: "one" }, b: { slug: "other" } });
    await edited(site, { a: { slug: "two" } });
    lose(site);
    await edited(site, { a: { slug: "three" } });
    expect(redirectsOf(site)).toEqual({ "one/index.html": "/base/three/" });
    expect(leftOf(site)).toEqual({ "/one/": "redirect" });
  });

  it("go with a page that went in between", async () => {
    const site = await built({ a: { slug: "one" }, b: { slug: "other" } });
    await edited(site, { a: { slug: "two" } });
    lose(site);
    site.delete("a");
    await site.build();
    expect([redirectsOf(site), leftOf(site)]).toEqual([{}, { "/one/": "tombstone" }]);
  });
});

it("a file that somebody put in a redirect's place is left alone", async () => {
  const site = await built({ a: { slug: "one" } });
  await edited(site, { a: { slug: "two" } });
  writeFileSync(join(site.folders.store, "one/index.html"), "theirs");
  await edited(site, { a: { slug: "three" } });
  expect(site.text("one/index.html")).toBe("theirs");
  expect(leftOf(site)).toEqual({ "/two/": "redirect" });
});

it("a page moves although something is in the way of its redirect", async () => {
  const site = await built({ a: { slug: "one" } });
  rmSync(join(site.folders.store, "one/index.html"));
  mkdirSync(join(site.folders.store, "one/index.html/theirs"), { recursive: true });
  const { tally } = await edited(site, { a: { slug: "two" } });
  expect(tally.failed.size).toBe(0);
  expect(leftOf(site)).toEqual({ "/one/": "tombstone" });
});
