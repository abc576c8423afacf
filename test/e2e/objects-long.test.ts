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

test("objects are packed and have the headers of their route, and get others when the config changes", async () => {
  const store = await ObjectSite.start();
  const site = await WorkSite.make(filmsOf(40), (made) => {
    store.publish(made, 'compress: "gzip"');
    const template = 'template: "genre",';
    made.edit("rekiln.config.ts", template, `${template} cacheControl: "max-age=60", cacheTags: ["genres"],`);
  });
  expect(differences(await cleanPages(site), store.pages())).toEqual([]);
  const drama = (): Readonly<Record<string, string>> => store.object("genres/drama/index.html").headers;
  expect(drama()).toMatchObject({ "cache-control": "max-age=60", "x-amz-meta-cache-tag": "genres" });
  // What fits into a packet isn't packed.
  expect(drama()).not.toHaveProperty("content-encoding");
  expect(store.object("films/index.html").headers).toMatchObject({ "content-encoding": "gzip" });
  expect(store.object("films/index.html").headers).not.toHaveProperty("cache-control");
  site.site.edit("rekiln.config.ts", "max-age=60", "max-age=5");
  expect(await build(site.folder)).toMatchObject({ failed: 0, exitCode: 0 });
  expect(drama()).toMatchObject({ "cache-control": "max-age=5" });
  expect(await build(site.folder)).toMatchObject({ wrote: 0, exitCode: 0 });
});

test("a manifest that is lost is made anew from what the bucket holds, and nothing is put again", async () => {
  const store = await ObjectSite.start();
  const site = await WorkSite.make(filmsOf(40), store.publishHere);
  const etags = new Map([...store.bucket.objects].map(([key, { etag }]) => [key, etag]));
  site.site.remove(".rekiln/");
  const imported = await rekiln(site.folder, "import", "data/film.ndjson", "data/director.ndjson");
  expect(imported, imported.stderr).toMatchObject({ code: 0 });
  expect(await build(site.folder)).toMatchObject({ failed: 0, exitCode: 0 });
  expect(differences(await cleanPages(site), store.pages())).toEqual([]);
  expect(etags.size).toBeGreaterThan(40);
});

test("a store that says no, and then yes: the build goes through", async () => {
  const store = await ObjectSite.start();
  let asked = 0;
  store.fake.server.faults = () => (asked++ % 3 === 1 ? { kind: "refuse", status: 503, code: "SlowDown" } : undefined);
  const site = await WorkSite.make(filmsOf(20), store.publishHere);
  store.fake.server.faults = () => undefined;
  expect(differences(await cleanPages(site), store.pages())).toEqual([]);
});

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
