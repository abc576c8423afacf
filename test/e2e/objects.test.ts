import { expect, test } from "vitest";

import { build, rekiln } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import { filmOf, filmSite, filmsOf } from "./film-site.ts";
import { ObjectSite } from "./object-site.ts";
import { drain, WorkSite } from "./work-site.ts";

/** What a clean build of the same films into a directory gives. */
async function cleanPages(site: WorkSite): Promise<ReadonlyMap<string, string>> {
  const clean = filmSite([...site.films.values()]);
  await build(clean.folder);
  return clean.pages();
}

test("a site is built into a bucket, and a second build of the same data puts nothing", async () => {
  const store = await ObjectSite.start();
  const site = await WorkSite.make(filmsOf(40), store.publishHere);
  expect(differences(await cleanPages(site), store.pages())).toEqual([]);
  expect(store.object("films/film-7/index.html").headers).toMatchObject({ "content-type": "text/html; charset=utf-8" });
  expect(store.object("feed.xml").headers).toMatchObject({ "content-type": "application/xml; charset=utf-8" });
  const css = [...store.pages().keys()].find((file) => /^site\.[0-9a-f]{16}\.css$/.test(file)) ?? "";
  expect(store.object(css).headers).toMatchObject({ "cache-control": expect.stringContaining("immutable") });
  const before = store.requests();
  expect(await build(site.folder)).toMatchObject({ wrote: 0, exitCode: 0 });
  // The site record, and three that find out whether the store keeps conditions.
  expect((store.requests().get("PUT") ?? 0) - (before.get("PUT") ?? 0)).toBeLessThanOrEqual(4);
  const forced = await build(site.folder, "--force");
  expect(forced).toMatchObject({ exitCode: 0, failed: 0 });
  expect(differences(await cleanPages(site), store.pages())).toEqual([]);
});

test("edits follow through the queue: pages change, move, come and go", { timeout: 120_000 }, async () => {
  const store = await ObjectSite.start();
  const site = await WorkSite.make(filmsOf(40), store.publishHere);
  await site.put({ ...site.film("7"), title: "Seven" });
  await site.put({ ...site.film("9"), slug: "nine" });
  await site.put(filmOf(41));
  await site.delete("12");
  expect(await drain(site.folder)).toMatchObject({ ended: "empty", failed: 0, exitCode: 0 });
  expect(differences(await cleanPages(site), store.pages())).toEqual([]);
  expect([...store.redirects()]).toEqual([["films/film-9/index.html", "/films/nine/"]]);
  expect(store.tombstones()).toEqual(["films/film-12/index.html"]);
  expect(store.object("films/film-12/index.html").content.toString()).toContain("noindex");
  // It comes back where its tombstone stands.
  await site.put(filmOf(12));
  await drain(site.folder);
  expect(differences(await cleanPages(site), store.pages())).toEqual([]);
  expect(store.tombstones()).toEqual([]);
});

test("a page that changes costs one put and no question", async () => {
  const store = await ObjectSite.start();
  const site = await WorkSite.make(filmsOf(40), store.publishHere);
  await site.import(filmsOf(40).map((film) => ({ ...film, title: `${film.title} again` })));
  const asked: string[] = [];
  store.fake.server.faults = ({ method, url }) => void asked.push(`${method} ${new URL(url, "http://s3").pathname}`);
  const { written, cost } = await drain(site.folder);
  expect(written).toBeGreaterThan(40);
  // With it the site record, sitemaps, and what finds out whether conditions are kept.
  expect(cost.requests["put"]).toBe(asked.filter((request) => request.startsWith("PUT")).length);
  const ofPages = asked.filter((request) => !/\/\.rekiln\/|\/sitemap/.test(request));
  expect(ofPages.filter((request) => request.startsWith("PUT"))).toHaveLength(written);
  expect(ofPages.filter((request) => !request.startsWith("PUT"))).toEqual([]);
});

test("an audit finds what others did to the bucket by listing it, and mends it", async () => {
  const store = await ObjectSite.start();
  const site = await WorkSite.make(filmsOf(40), store.publishHere);
  await site.delete("12");
  await drain(site.folder);
  const before = store.requests();
  expect(await rekiln(site.folder, "audit", "--json")).toMatchObject({ code: 0 });
  const asked = (method: string): number => (store.requests().get(method) ?? 0) - (before.get(method) ?? 0);
  // The store's clock and its conditions are looked at before; no page is.
  expect(asked("HEAD") + asked("GET")).toBeLessThan(10);
  store.lose("films/film-3/index.html");
  store.change("films/film-4/index.html", (text) => text.replace("Film 4", "Film 44"));
  store.add("films/robots.html", "<p>not ours</p>");
  const audit = await rekiln(site.folder, "audit", "--json");
  expect(audit.code).toBe(1);
  expect(JSON.parse(audit.stdout)).toMatchObject({ counts: { differs: 1, missing: 1, foreign: 1, orphan: 0 } });
  expect(await rekiln(site.folder, "audit", "--repair")).toMatchObject({ code: expect.any(Number) });
  store.lose("films/robots.html");
  expect(differences(await cleanPages(site), store.pages())).toEqual([]);
});

test("what only a directory has is refused with what to do", async () => {
  const store = await ObjectSite.start();
  const site = await WorkSite.make(filmsOf(3), store.publishHere);
  expect(await rekiln(site.folder, "serve")).toMatchObject({ code: 2, stderr: expect.stringContaining("bucket") });
  site.site.edit("rekiln.config.ts", `s3("s3://films/site/"`, `s3("films/site/"`);
  const wrong = await rekiln(site.folder, "build");
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("store") });
});
