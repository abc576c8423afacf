import { expect, test } from "vitest";

import { rekiln } from "../support/cli.ts";
import { filmsOf } from "./film-site.ts";
import { ObjectSite } from "./object-site.ts";
import { drain, WorkSite } from "./work-site.ts";

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

test("what only a directory has is refused with what to do", async () => {
  const store = await ObjectSite.start();
  const site = await WorkSite.make(filmsOf(3), store.publishHere);
  expect(await rekiln(site.folder, "serve")).toMatchObject({ code: 2, stderr: expect.stringContaining("bucket") });
  site.site.edit("rekiln.config.ts", `s3("s3://films/site/"`, `s3("films/site/"`);
  const wrong = await rekiln(site.folder, "build");
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("store") });
});
