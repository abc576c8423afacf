import { rmSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { ModelList, ModelRoute, Print, Step } from "../support/model-site.ts";
import { PLAIN_ROUTE, SmallSite } from "../support/small-site.ts";
import type { Fields } from "../support/small-site.ts";

/** Entities a to j by falling rank: a has 100, b 90, and so on. */
function ten(fields: Fields = {}): Record<string, Fields> {
  return Object.fromEntries("abcdefghij".split("").map((id, place) => [id, { rank: 100 - 10 * place, ...fields }]));
}

const byRank: ModelList = { of: 0, where: {}, orderBy: ["-rank"], perPage: 3 };

function reads(...steps: readonly Step[]): ModelRoute {
  return { ...PLAIN_ROUTE, steps };
}

function paged(list: ModelList, ...prints: readonly Print[]): ModelRoute {
  return { ...PLAIN_ROUTE, list, prints: [prints] };
}

async function builtSite(routes: readonly ModelRoute[], entities: Readonly<Record<string, Fields>>) {
  const site = new SmallSite(routes, entities);
  await site.build();
  return site;
}

/** The three best by rank, with their titles. */
const top = reads({ read: "list", type: 0, where: {}, orderBy: ["-rank"], limit: 3, use: ["title"] });

describe("a build renders nothing", () => {
  it("when nothing changed", async () => {
    const site = await builtSite([top, { ...paged(byRank, { print: "items", use: "all" }), prefix: "p" }], ten());
    expect(await site.rendered()).toEqual([]);
  });

  it("for a field that no page reads", async () => {
    const each: ModelRoute = { ...PLAIN_ROUTE, each: { type: 0 }, prefix: "p" };
    const titled: ModelRoute = { ...each, prints: [[{ print: "subject", use: ["title", "rank"] }]] };
    const listed: ModelRoute = { ...titled, prefix: "q", list: byRank };
    const site = await builtSite([top, titled, listed], ten({ title: "one" }));
    site.put("a", { note: 1 });
    expect(await site.rendered()).toEqual([]);
  });

  it("for an indexed field that no page's list asks for", async () => {
    const site = await builtSite([top, { ...paged(byRank, { print: "total" }), prefix: "p" }], ten());
    site.put("a", { tags: ["x"] });
    expect(await site.rendered()).toEqual([]);
  });

  it("for an entity that moves, comes or goes below every window", async () => {
    const site = await builtSite([top], ten());
    site.put("j", { rank: 65 });
    site.put("k", { rank: 5 });
    site.delete("i");
    expect(await site.rendered()).toEqual([]);
  });

  it("for another title below the window", async () => {
    const site = await builtSite([top], ten({ title: "one" }));
    site.put("d", { title: "two" });
    expect(await site.rendered()).toEqual([]);
  });

  it("for an entity of another value's list", async () => {
    const kinds: ModelRoute = {
      ...paged({ ...byRank, where: { kind: { ofSubject: "" } } }, { print: "items", use: ["title"] }),
      each: { type: 0, field: "kind" },
    };
    const site = await builtSite([kinds], { ...ten({ kind: "x" }), z: { kind: "y", rank: 1 } });
    site.put("z", { rank: 200 });
    expect(await site.rendered()).toEqual(["r/y"]);
  });

  it("for a count, a number of pages or an existence that stays", async () => {
    const next: ModelRoute = { ...paged(byRank, { print: "next" }, { print: "last" }), prefix: "p" };
    const link: Print = { print: "link", route: 2, subject: "literal", literal: "x", page: 1 };
    const kinds: ModelRoute = { ...PLAIN_ROUTE, each: { type: 0, field: "kind" }, prefix: "q" };
    const site = await builtSite([next, { ...PLAIN_ROUTE, prints: [[link]] }, kinds], ten({ kind: "x" }));
    // Eleven and twelve still make four pages.
    site.put("k", { kind: "x", rank: 1 });
    expect(await site.rendered()).toEqual([]);
  });
});

describe("a build renders only the pages of a list", () => {
  const four = paged(byRank, { print: "items", use: ["title"] });

  it.each<[string, (site: SmallSite) => void, readonly string[]]>([
    ["where an entity is named anew", (site) => site.put("e", { title: "two" }), ["r#2"]],
    ["where an entity moves inside a page", (site) => site.put("d", { rank: 55 }), ["r#2"]],
    ["which an entity moves between", (site) => site.put("a", { rank: 55 }), ["r", "r#2"]],
    ["from where an entity goes", (site) => site.delete("h"), ["r#3", "r#4"]],
    ["from where an entity comes", (site) => site.put("k", { rank: 65 }), ["r#2", "r#3", "r#4"]],
    ["below which nothing stands", (site) => site.put("k", { rank: 1 }), ["r#4"]],
    ["that are behind all others", (site) => site.put("j", { rank: 35 }), ["r#3", "r#4"]],
  ])("%s", async (_, edit, pages) => {
    const site = await builtSite([four], ten({ title: "one" }));
    edit(site);
    expect(await site.rendered()).toEqual(pages);
  });

  it("and the page that an eleventh row after the tenth makes", async () => {
    const one: ModelList = { ...byRank, perPage: 2 };
    const site = await builtSite([paged(one, { print: "items", use: ["title"] })], ten());
    site.put("k", { rank: 1 });
    expect(await site.rendered()).toEqual(["r#6"]);
    site.delete("k");
    const built = await site.build();
    expect([...new Set(built.rendered)]).toEqual(["r#6"]);
    expect(built.tally.removed).toBe(1);
  });
});

describe("a build renders a page", () => {
  it("when the clock has left what it read, and not before", async () => {
    const site = await builtSite([reads({ read: "now", step: "hour", zone: "UTC" })], ten());
    site.nowMs += 29 * 60_000;
    expect(await site.rendered()).toEqual([]);
    site.nowMs += 60_000;
    expect(await site.rendered()).toEqual(["r"]);
  });

  it("that a deleted file was, and no other", async () => {
    const site = await builtSite([{ ...PLAIN_ROUTE, each: { type: 0 } }], ten());
    rmSync(`${site.folders.store}/c/index.html`);
    expect(await site.rendered()).toEqual(["r/c"]);
  });
});
