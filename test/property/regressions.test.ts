import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { liveFiles, SITEMAP } from "../support/live-files.ts";
import { PLAIN_ROUTE, SmallSite } from "../support/small-site.ts";
import type { ModelRoute, Print } from "../support/model-site.ts";

const titled: readonly (readonly Print[])[] = [[{ print: "subject", use: ["title"] }]];
/** A page for each entity at its slug; one whose kind is "broken" fails. */
const bySlug: ModelRoute = {
  ...PLAIN_ROUTE,
  each: { type: 0 },
  named: "slug",
  shape: "bare",
  steps: [{ read: "throwIf", of: "subject", field: "kind", is: "broken" }],
  prints: titled,
};

// What the random histories of incremental-equals-clean.test.ts have found, each as small as it gets.
describe("of two pages whose paths differ by case", () => {
  it("only the owner's is written by a first build", async () => {
    const site = new SmallSite([bySlug], { a: { slug: "one" }, b: { slug: "One" } });
    const { tally } = await site.build();
    expect(site.files).toEqual(["one/index.html: r/a"]);
    expect([...tally.collided.keys()]).toEqual(["r/b"]);
  });

  it("the owner's takes the place of the one that was there", async () => {
    const site = new SmallSite([bySlug], { b: { slug: "One" } });
    await site.build();
    site.put("a", { slug: "one" });
    await site.build();
    expect(site.files).toEqual(["one/index.html: r/a"]);
    site.put("a", { slug: "two" });
    await site.build();
    expect(site.files).toEqual(["One/index.html: r/b", "two/index.html: r/a"]);
  });
});

describe("a file and a folder of one name", () => {
  it("give way to the owner, whichever it is", async () => {
    const site = new SmallSite([bySlug], { b: { slug: "x.y" } });
    await site.build();
    site.put("a", { slug: "x.y/z" });
    await site.build();
    expect(site.files).toEqual(["x.y/z/index.html: r/a"]);
    site.put("a", { slug: "x.y" });
    site.put("b", { slug: "x.y/z" });
    await site.build();
    expect(site.files).toEqual(["x.y: r/a"]);
  });

  it("follow one another on one page", async () => {
    const site = new SmallSite([bySlug], { a: { slug: "x.y" } });
    await site.build();
    site.put("a", { slug: "x.y/z" });
    await site.build();
    expect(site.files).toEqual(["x.y/z/index.html: r/a"]);
    site.put("a", { slug: "x.y" });
    await site.build();
    expect(site.files).toEqual(["x.y: r/a"]);
  });

  it("follow one another though someone removed the first and left its folder", async () => {
    const site = new SmallSite([bySlug], { b: { slug: "x.y/z" } });
    await site.build();
    rmSync(join(site.folders.store, "x.y/z/index.html"));
    site.put("a", { slug: "x.y" });
    await site.build();
    expect(site.files).toEqual(["x.y: r/a"]);
  });

  it("harm only the page that a stranger's file is in the way of", async () => {
    const site = new SmallSite([bySlug], { a: { slug: "x.y" }, b: { slug: "two" } });
    await site.build();
    rmSync(join(site.folders.store, "x.y"));
    mkdirSync(join(site.folders.store, "x.y"));
    writeFileSync(join(site.folders.store, "x.y", "theirs.txt"), "theirs");
    site.put("b", { title: "new" });
    const { tally } = await site.build();
    expect([...tally.failed.keys()]).toEqual(["r/a"]);
    expect(site.text("two/index.html")).toContain("new");
  });
});

describe("where a sitemap stands", () => {
  const stands = (site: SmallSite): readonly string[] =>
    [...liveFiles(site.folders.store)].filter(([, { key }]) => key === SITEMAP).map(([name]) => name);

  it.each([
    ["sitemap.xml", "sitemap.xml"],
    ["sitemap-r-1.xml", "sitemap-r-1.xml"],
    ["sitemap.xml/z", "sitemap.xml/z/index.html"],
    ["sitemap-r-1.xml/z", "sitemap-r-1.xml/z/index.html"],
  ])("a page at %s takes its place, and gives it back", async (slug, file) => {
    const site = new SmallSite([bySlug], { a: { slug: "one" }, b: { slug: "two" } });
    await site.build();
    expect(stands(site).toSorted()).toEqual(["sitemap-r-1.xml", "sitemap.xml"]);
    site.put("a", { slug });
    const { tally, sitemaps } = await site.build();
    expect([...tally.failed.values()]).toEqual([]);
    expect(sitemaps?.owner?.by).toBe("r/a");
    expect(site.files).toEqual([`${file}: r/a`, "two/index.html: r/b"]);
    expect(stands(site)).toEqual([]);
    site.put("a", { slug: "one" });
    await site.build();
    expect(stands(site).toSorted()).toEqual(["sitemap-r-1.xml", "sitemap.xml"]);
    expect(site.text("sitemap-r-1.xml")).toContain("/one/");
  });

  it("a page that fails there before it ever stood keeps it free", async () => {
    const site = new SmallSite([bySlug], { a: { slug: "sitemap.xml", kind: "broken" }, b: { slug: "two" } });
    expect((await site.build()).sitemaps?.owner?.by).toBe("r/a");
    site.put("a", { kind: "x" });
    await site.build();
    expect(site.files).toEqual(["sitemap.xml: r/a", "two/index.html: r/b"]);
  });
});

it("renders a page of which only the day in the sitemap changed, and doesn't write it", async () => {
  const site = new SmallSite([{ ...bySlug, isDated: true }], { a: { slug: "one", rank: 1 }, b: { slug: "two" } });
  await site.build();
  expect(site.text("sitemap-r-1.xml")).toContain("/one/</loc><lastmod>2024-01-01</lastmod>");
  site.put("a", { rank: 2 });
  const { rendered, tally, sitemaps } = await site.build();
  expect(rendered).toEqual(["r/a"]);
  expect(tally.unchanged).toBe(1);
  expect(sitemaps?.written).toEqual(["sitemap-r-1.xml"]);
  expect(site.text("sitemap-r-1.xml")).toContain("/one/</loc><lastmod>2024-01-02</lastmod>");
});

it("fails a page whose day is none, which keeps what it had", async () => {
  const site = new SmallSite([{ ...bySlug, isDated: true }], { a: { slug: "one", rank: 1 } });
  await site.build();
  site.put("a", { rank: 77, title: "new" });
  const { tally } = await site.build();
  expect([...tally.failed.values()]).toEqual([
    expect.stringMatching(/^r\/a: routes\.r\.updated returned "2024-01-77", which is no ISO date\. Return a date/),
  ]);
  expect(site.text("one/index.html")).not.toContain("new");
  expect(site.text("sitemap-r-1.xml")).toContain("<lastmod>2024-01-01</lastmod>");
  site.put("a", { rank: 3 });
  await site.build();
  expect(site.text("one/index.html")).toContain("new");
  expect(site.text("sitemap-r-1.xml")).toContain("<lastmod>2024-01-03</lastmod>");
});

describe("a page that fails", () => {
  it("takes no path from one that stands there, until it is mended", async () => {
    const site = new SmallSite([bySlug], { b: { slug: "one", title: "first" } });
    await site.build();
    site.put("a", { slug: "one", kind: "broken" });
    site.put("b", { title: "second" });
    await site.build();
    expect(site.files).toEqual(["one/index.html: r/b"]);
    expect(site.text("one/index.html")).toContain("second");
    site.put("a", { kind: "x" });
    await site.build();
    expect(site.files).toEqual(["one/index.html: r/a"]);
  });

  it("keeps the path where its last good bytes are", async () => {
    const site = new SmallSite([bySlug], { a: { slug: "one" } });
    await site.build();
    site.put("a", { kind: "broken" });
    site.put("b", { slug: "one" });
    await site.build();
    expect(site.files).toEqual(["one/index.html: r/a"]);
  });

  it("goes with its entity, though the manifest was lost in between", async () => {
    const site = new SmallSite([bySlug], { a: { slug: "one" }, b: { slug: "two" } });
    await site.build();
    site.put("a", { kind: "broken" });
    await site.build();
    const { state } = site.folders;
    for (const file of readdirSync(state)) if (file.startsWith("manifest")) rmSync(join(state, file));
    await site.build();
    expect(site.files).toEqual(["one/index.html: r/a", "two/index.html: r/b"]);
    site.delete("a");
    await site.build();
    expect(site.files).toEqual(["two/index.html: r/b"]);
  });
});

it("writes a page that reads the clock no longer, or a longer step of it", async () => {
  const route: ModelRoute = {
    ...PLAIN_ROUTE,
    steps: [
      { read: "get", type: 0, id: "a", use: [], then: { read: "now", step: "hour", zone: "UTC" } },
      { read: "now", step: "day", zone: "UTC" },
    ],
  };
  const site = new SmallSite([route], { a: { flag: true } });
  await site.build();
  expect(site.text("index.html")).toContain("12:00");
  site.put("a", { flag: false });
  await site.build();
  expect(site.text("index.html")).not.toContain("12:00");
});

it("writes a page that uses all fields anew when they stand in another order", async () => {
  const site = new SmallSite([{ ...bySlug, prints: [[{ print: "subject", use: "all" }]] }], {
    a: { slug: "one", title: "x" },
  });
  await site.build();
  site.delete("a");
  site.put("a", { title: "x", slug: "one" });
  await site.build();
  expect(site.text("one/index.html")).toMatch(/title.*slug/);
});

it("removes the page of an empty value when its route has none", async () => {
  const byKind: ModelRoute = { ...PLAIN_ROUTE, each: { type: 0, field: "kind" } };
  const site = new SmallSite([byKind], { a: { kind: "", tags: "x" } });
  await site.build();
  site.become([{ ...byKind, each: { type: 0, field: "tags" } }]);
  await site.build();
  expect(site.files).toEqual(["x/index.html: r/x"]);
});

it("renders everything when the mirror is lost whose version was the record's ceiling", async () => {
  const byKind: ModelRoute = { ...PLAIN_ROUTE, each: { type: 0, field: "kind" } };
  const site = new SmallSite([byKind], { a: { kind: "x" } });
  await site.build();
  // The record that is made anew has the newest stamp as its ceiling.
  rmSync(join(site.folders.store, ".rekiln", "site.json"));
  await site.build();
  for (const file of readdirSync(site.folders.state)) {
    if (file.startsWith("entities.db")) rmSync(join(site.folders.state, file));
  }
  site.put("a", { kind: "y" });
  await site.build();
  expect(site.files).toEqual(["y/index.html: r/y"]);
});
