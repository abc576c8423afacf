import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

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
