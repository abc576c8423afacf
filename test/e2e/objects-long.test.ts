import { expect, test } from "vitest";

import { build, rekiln } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";
import { ObjectSite } from "./object-site.ts";
import { WorkSite } from "./work-site.ts";

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
