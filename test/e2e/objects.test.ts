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
  const before = store.requests();
  expect(await build(site.folder)).toMatchObject({ wrote: 0, exitCode: 0 });
  // The site record is put by each build.
  expect((store.requests().get("PUT") ?? 0) - (before.get("PUT") ?? 0)).toBeLessThanOrEqual(1);
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
  const worked = async (): Promise<{ readonly written: number; readonly put: number; readonly head: number }> => {
    const before = store.requests();
    const { written } = await drain(site.folder);
    const since = (method: string): number => (store.requests().get(method) ?? 0) - (before.get(method) ?? 0);
    return { written, put: since("PUT"), head: since("HEAD") };
  };
  const idle = await worked();
  await site.import(filmsOf(40).map((film) => ({ ...film, title: `${film.title} again` })));
  const { written, put, head } = await worked();
  expect(written).toBeGreaterThan(40);
  expect(put - idle.put).toBe(written);
  expect(head - idle.head).toBe(0);
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

test("what only a directory has is refused with what to do", async () => {
  const store = await ObjectSite.start();
  const site = await WorkSite.make(filmsOf(3), store.publishHere);
  expect(await rekiln(site.folder, "serve")).toMatchObject({ code: 2, stderr: expect.stringContaining("bucket") });
  site.site.edit("rekiln.config.ts", `s3("s3://films/site/"`, `s3("films/site/"`);
  const wrong = await rekiln(site.folder, "build");
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("store") });
});
