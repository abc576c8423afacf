import { rmSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { build, rekiln, Running } from "../support/cli.ts";
import { fetchAnew } from "../support/fetch-anew.ts";
import { differences } from "../support/temporary-site.ts";
import { itemSite } from "./item-site.ts";

test("a renamed page is redirected to, a removed one is gone, and both are said", async () => {
  const site = itemSite([{ id: "a" }, { id: "b" }, { id: "c" }]);
  site.edit("rekiln.config.ts", '"https://items.example"', '"https://items.example/base"');
  await build(site.folder);
  const running = new Running(site.folder, ["serve", "--port", "0"]);
  const [, url = ""] = await running.said(/served at (\S+)/);
  const ask = async (path: string): Promise<readonly [number, string | null]> => {
    const { status, headers } = await fetchAnew(new URL(path, url), { redirect: "manual" });
    return [status, headers.get("location")];
  };
  expect(await ask("items/a/")).toEqual([200, null]);
  expect(await ask("items/none/")).toEqual([404, null]);

  site.records("item", [{ id: "a", slug: "a & é" }, { id: "b" }]);
  const { stdout } = await rekiln(site.folder, "build", "--dry-run");
  expect(stdout).toContain("1 redirects, 0 tombstones");
  expect(await build(site.folder, "--dry-run")).toMatchObject({ redirects: { "/items/a/": "/items/a & é/" } });
  expect(site.redirects()).toEqual({});

  const built = await build(site.folder);
  expect(built).toMatchObject({ exitCode: 0, redirects: { "/items/a/": "/items/a & é/" }, tombstones: 1, removed: 1 });
  expect(site.redirects()).toEqual({ "items/a/index.html": "/base/items/a%20&%20%C3%A9/" });
  expect(await ask("items/a/?x=1")).toEqual([301, "/base/items/a%20&%20%C3%A9/?x=1"]);
  expect(await ask("items/a%20&%20%C3%A9/")).toEqual([200, null]);
  // What it knows of the manifest is a second old at most.
  await expect.poll(async () => ask("items/c/"), { timeout: 10_000 }).toEqual([410, null]);
  expect(await ask("items/c")).toEqual([410, null]);
  expect(await ask("items/none/")).toEqual([404, null]);
  const { stdout: nginx } = await rekiln(site.folder, "serve", "--print", "nginx");
  expect(nginx).toContain("Redirects: 1; removed pages: 1.");
  expect(nginx).toContain(`"/base/items/a/" "/base/items/a%20&%20%C3%A9/";`);
  expect(nginx).toContain(`"/base/items/c/" "1";`);

  // It comes back, and the other has its old path again.
  site.records("item", [{ id: "a" }, { id: "b" }, { id: "c" }]);
  expect(await build(site.folder)).toMatchObject({ exitCode: 0, redirects: { "/items/a & é/": "/items/a/" } });
  expect(await ask("items/c/")).toEqual([200, null]);
  expect(await ask("items/a/")).toEqual([200, null]);

  // Without its manifest the server knows of no page that is gone; redirects are files.
  site.records("item", [{ id: "a" }, { id: "b" }]);
  await build(site.folder);
  rmSync(join(site.folder, ".rekiln"), { recursive: true });
  await expect.poll(async () => ask("items/c/"), { timeout: 10_000 }).toEqual([404, null]);
  expect(await ask("items/a%20&%20%C3%A9/")).toEqual([301, "/base/items/a/"]);

  running.kill("SIGTERM");
  expect(await running.ended).toMatchObject({ code: 0, stderr: "" });
});

test("redirects follow the site to another base, and are no pages of a clean build", async () => {
  const site = itemSite([{ id: "a" }, { id: "b" }]);
  await build(site.folder);
  site.records("item", [{ id: "a", slug: "new" }, { id: "b" }]);
  await build(site.folder);
  expect(site.redirects()).toEqual({ "items/a/index.html": "/items/new/" });

  site.edit("rekiln.config.ts", '"https://items.example"', '"https://items.example/base"');
  await build(site.folder);
  expect(site.redirects()).toEqual({ "items/a/index.html": "/base/items/new/" });
  expect(site.read("dist/items/a/index.html")).toContain('href="https://items.example/base/items/new/"');

  const clean = site.copy();
  await build(clean.folder);
  expect(differences(clean.pages(), site.pages())).toEqual([]);
  expect(clean.redirects()).toEqual({});
});
