import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { digestOf } from "../../../src/core/digest.ts";
import { pageKey } from "../../../src/core/page.ts";
import { assetRef } from "../../../src/core/ref.ts";
import { SqliteManifest } from "../../../src/manifest/sqlite-manifest.ts";
import { copyStatic, readAssets, settleHashedCopies } from "../../../src/press/static-files.ts";
import type { CopyOptions } from "../../../src/press/static-files.ts";
import { DirectoryPageStore } from "../../../src/store/directory.ts";
import { temporaryFolder } from "../../contract/temporary-folder.ts";

interface StaticSite extends CopyOptions {
  readonly dist: string;
  readonly manifest: SqliteManifest;
}

/** A site whose static files have been read, and not copied yet. */
async function siteWith(files: Readonly<Record<string, string>>): Promise<StaticSite> {
  const root = temporaryFolder();
  const folder = join(root, "static");
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const dist = join(root, "dist");
  return {
    folder,
    dist,
    assets: (await readAssets(folder)).assets,
    manifest: new SqliteManifest(join(root, "manifest.db")),
    store: new DirectoryPageStore(dist, "test"),
    isDryRun: false,
    replacesForeign: false,
  };
}

test("names what it leaves out, and what can't be copied", async () => {
  const { folder } = await siteWith({ ".DS_Store": "", "a.css": "a" });
  for (const name of [".git", ".well-known", "b"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, ".git/config"), "");
  writeFileSync(join(folder, ".well-known/security.txt"), "");
  writeFileSync(join(folder, "b/.htaccess"), "");
  symlinkSync("/etc/hostname", join(folder, "b/host.txt"));

  const { assets, leftOut, problems } = await readAssets(folder);

  expect([...assets.keys()]).toEqual([".well-known/security.txt", "a.css"]);
  expect(leftOut).toEqual([".DS_Store", ".git", "b/.htaccess"]);
  expect(problems).toEqual([
    { file: "b/host.txt", message: "static/b/host.txt is no plain file: put a copy in its place" },
  ]);
});

test("copies files as they are, also empty ones", async () => {
  const site = await siteWith({ "a.css": "é", "b.txt": "" });
  expect(copyStatic(site)).toMatchObject({ written: ["a.css", "b.txt"], problems: [] });
  expect(site.assets.get("a.css")?.digest).toBe(digestOf("é"));
  expect(readFileSync(join(site.dist, "a.css"), "utf8")).toBe("é");
  expect(readFileSync(join(site.dist, "b.txt"), "utf8")).toBe("");
  expect(copyStatic(site)).toMatchObject({ written: [], problems: [] });
});

test.each(["changed", "was removed"])(
  "reports a file that %s since it was read, and copies the others",
  async (how) => {
    const site = await siteWith({ "a.css": "before", "b.css": "b" });
    copyStatic(site);
    writeFileSync(join(site.folder, "a.css"), "read");
    const { assets } = await readAssets(site.folder);
    if (how === "changed") writeFileSync(join(site.folder, "a.css"), "after");
    else rmSync(join(site.folder, "a.css"));
    const { written, problems } = copyStatic({ ...site, assets });
    expect({ written, files: problems.map(({ file }) => file) }).toEqual({ written: [], files: ["a.css"] });
    expect(problems[0]?.message).toMatch(/static\/a\.css (changed while the build ran\. Run|can't be read: ENOENT)/);
    // The last good copy stays, nothing half-made is left, and the next build makes it.
    expect(readFileSync(join(site.dist, "a.css"), "utf8")).toBe("before");
    expect(readdirSync(join(site.dist, ".rekiln/tmp"))).toEqual([]);
    writeFileSync(join(site.folder, "a.css"), "after");
    const next = { ...site, assets: (await readAssets(site.folder)).assets };
    expect(copyStatic(next)).toMatchObject({ written: ["a.css"], problems: [] });
    expect(readFileSync(join(site.dist, "a.css"), "utf8")).toBe("after");
  },
);

test("reports a hashed copy that would hold other bytes than its name says, and makes none", async () => {
  const site = await siteWith({ "a.css": "read" });
  site.manifest.transact((transaction) => {
    const verified = { epoch: 1, version: 1 };
    const record = {
      key: pageKey("home", undefined, 1),
      published: undefined,
      verified,
      due: undefined,
      error: undefined,
    };
    transaction.record(record, [{ ref: assetRef("a.css"), dependency: { kind: "asset" } }]);
  });
  writeFileSync(join(site.folder, "a.css"), "after");
  expect(settleHashedCopies(site)).toMatchObject([{ file: "a.css", message: expect.stringContaining("changed") }]);
  expect(readdirSync(site.dist)).toEqual([".rekiln"]);
  writeFileSync(join(site.folder, "a.css"), "read");
  expect(settleHashedCopies(site)).toEqual([]);
  expect(readdirSync(site.dist)).toEqual([".rekiln", `a.${digestOf("read").slice(0, 16)}.css`]);
});

test("holds no file in memory as a whole", { timeout: 60_000 }, async () => {
  const site = await siteWith({});
  writeFileSync(join(site.folder, "large.bin"), "");
  truncateSync(join(site.folder, "large.bin"), 192 << 20);
  const at = (path: string): string =>
    JSON.stringify(new URL(`../../../src/${path}`, import.meta.url.split("?")[0]).href);
  const script = `
    const { readAssets, copyAsset } = await import(${at("press/static-files.ts")});
    const { DirectoryPageStore } = await import(${at("store/directory.ts")});
    const before = process.resourceUsage().maxRSS;
    const { assets } = await readAssets(${JSON.stringify(site.folder)});
    const store = new DirectoryPageStore(${JSON.stringify(site.dist)}, "test");
    const [asset] = assets.values();
    copyAsset(store, ${JSON.stringify(site.folder)}, asset, asset.key);
    if (store.read(asset.key).digest !== asset.digest) throw new Error("the copy differs");
    console.log(process.resourceUsage().maxRSS - before);`;
  const grown = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(Number(grown)).toBeLessThan(64 << 10);
});
