import { expect, test } from "vitest";

import { filmOf, filmSite, filmsOf } from "../e2e/film-site.ts";
import { drain, WorkSite } from "../e2e/work-site.ts";
import { build, rekiln } from "../support/cli.ts";
import { differences } from "../support/temporary-site.ts";
import { makeLocalBucket } from "./local-bucket.ts";

test("a site is built into a bucket, and follows its changes through SQS", { timeout: 180_000 }, async () => {
  using bucket = await makeLocalBucket();
  const site = await WorkSite.make(filmsOf(60), bucket.publishHere);
  await site.put({ ...site.film("7"), title: "Seven" });
  await site.put({ ...site.film("9"), slug: "nine" });
  await site.put(filmOf(61));
  await site.delete("12");
  expect(await drain(site.folder)).toMatchObject({ ended: "empty", failed: 0, exitCode: 0 });
  const clean = filmSite([...site.films.values()]);
  await build(clean.folder);
  expect(differences(clean.pages(), await bucket.pages())).toEqual([]);
  expect(await build(site.folder)).toMatchObject({ wrote: 0, exitCode: 0 });
  expect(await rekiln(site.folder, "audit")).toMatchObject({ code: 0 });
});
