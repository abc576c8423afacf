import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { rekiln, rekilnReading } from "../support/cli.ts";
import { embeddedSite } from "./embedded-site.ts";

/** The mode of every file and folder below a folder. */
function modesBelow(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => [
      name.replace(/manifest-[^.]*/, "manifest"),
      (statSync(join(folder, name)).mode & 0o777).toString(8),
    ]),
  );
}

test("state is for this user and the group, the outbox and the queue for this user alone, pages for all", async () => {
  const site = embeddedSite();
  await rekilnReading('{"id":"1","title":"One"}', site.folder, "put", "film:1");
  await rekiln(site.folder, "build");
  await rekiln(site.folder, "work", "--until-empty");

  const state = join(site.folder, ".rekiln");
  expect((statSync(state).mode & 0o777).toString(8)).toBe("750");
  const modes = modesBelow(state);
  for (const [name, mode] of Object.entries(modes)) {
    expect({ name, mode }).toEqual({ name, mode: /^(?:entities|queue)/.test(name) ? "600" : "640" });
  }
  expect(Object.keys(modes)).toEqual(
    expect.arrayContaining(["entities.db", "manifest.db", "queue-live.db", "build.lock"]),
  );
  expect((statSync(join(site.folder, "dist/.rekiln")).mode & 0o777).toString(8)).toBe("750");
  expect((statSync(join(site.folder, "dist/.rekiln/site.json")).mode & 0o777).toString(8)).toBe("640");
  const page = readdirSync(join(site.folder, "dist"), { recursive: true, encoding: "utf8" }).find((name) =>
    name.endsWith(".html"),
  );
  expect((statSync(join(site.folder, "dist", page ?? "")).mode & 0o777).toString(8)).toBe("644");
});
