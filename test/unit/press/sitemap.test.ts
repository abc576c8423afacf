import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { digestOf } from "../../../src/core/digest.ts";
import { json } from "../../../src/core/json-template.ts";
import { pageKey } from "../../../src/core/page.ts";
import type { PageKey } from "../../../src/core/page.ts";
import type { ObjectKey } from "../../../src/core/path.ts";
import { claimRef } from "../../../src/core/ref.ts";
import { SLOTS, slotOf } from "../../../src/core/slot.ts";
import { SqliteManifest } from "../../../src/manifest/sqlite-manifest.ts";
import { shardsFor, writeSitemaps } from "../../../src/press/sitemap.ts";
import type { SitemapContext, SitemapReport } from "../../../src/press/sitemap.ts";
import { sitemapNames } from "../../../src/press/sitemap-names.ts";
import { checkSite } from "../../../src/site/check-site.ts";
import { unchecked } from "../../../src/site/entities.ts";
import { parsePath } from "../../../src/site/path.ts";
import type { Site } from "../../../src/site/site.ts";
import { DirectoryPageStore } from "../../../src/store/directory.ts";
import { temporaryFolder } from "../../contract/temporary-folder.ts";
import { readSitemap, readSitemapIndex } from "../../support/read-sitemap.ts";
import type { SitemapEntry } from "../../support/read-sitemap.ts";

type Routes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const one = (path: string, more: object = {}) => ({ path, template: json, ...more });
const ROUTES: Routes = {
  film: { each: "film", path: () => "/", template: json },
  home: one("/"),
};

function siteOf(routes: Routes, url = "https://films.example"): Site {
  const entities = { types: { film: { schema: unchecked(), index: [] } } };
  const checked = checkSite({ url, source: { kind: "files", dir: "data/" }, entities, routes });
  if (!("site" in checked)) throw new Error(JSON.stringify(checked.problems));
  return checked.site;
}

const film = (id: string, number = 1): PageKey => pageKey("film", id, number);
const HOME = pageKey("home", undefined, 1);
const STAMP = { epoch: 1, version: 1, time: 0 };
const LIMITS = { addresses: 3, bytes: 1000, shardPages: 4 };

/** A published site of which only the manifest knows the pages. */
class Published {
  readonly folder = temporaryFolder();
  readonly dist = join(this.folder, "dist");
  readonly context: SitemapContext;
  #url = "https://films.example";

  constructor(change: Partial<SitemapContext> = {}) {
    const manifest = new SqliteManifest(join(this.folder, "manifest.db"));
    onTestFinished(() => manifest[Symbol.dispose]());
    const store = new DirectoryPageStore(this.dist, "test");
    const signal = new AbortController().signal;
    const plain = { site: siteOf(ROUTES), assets: new Map(), manifest, store, replacesForeign: false, signal };
    this.context = { ...plain, ...change };
  }

  put(key: PageKey, path: string, lastmod?: string): void {
    const parsed = parsePath(path);
    if (!parsed.ok) throw new Error(parsed.problem);
    const published = { path, stamp: STAMP, digest: digestOf(path), etag: "e", bytes: 1, lastmod };
    this.context.manifest.transact((transaction) => {
      const claim = { ref: claimRef(parsed.collisionKey), dependency: { kind: "claim" } } as const;
      transaction.record({ key, published, verified: STAMP, due: undefined, error: undefined }, [claim]);
    });
  }

  remove(key: PageKey): void {
    this.context.manifest.transact((transaction) => {
      const row = transaction.page(key);
      if (row !== undefined) transaction.remove(row);
    });
  }

  async write(change: Partial<SitemapContext> = {}, all = false): Promise<SitemapReport> {
    this.#url = change.site?.url ?? this.context.site.url;
    return await writeSitemaps({ ...this.context, ...change }, { all });
  }

  get files(): readonly string[] {
    return readdirSync(this.dist)
      .filter((name) => name !== ".rekiln")
      .toSorted();
  }

  bytes(name: string): Uint8Array {
    return readFileSync(join(this.dist, name));
  }

  entries(name: string): readonly SitemapEntry[] {
    return readSitemap(this.bytes(name), this.#url);
  }

  get index(): readonly string[] {
    return readSitemapIndex(this.bytes("sitemap.xml"), this.#url);
  }

  /** Each sitemap that the index names must be there, and no other. */
  get all(): readonly string[] {
    const names = this.index.map((address) => address.slice(this.#url.length + 1));
    expect(this.files).toEqual(["sitemap.xml", ...names].toSorted());
    return names.flatMap((name) => this.entries(name).map(({ loc }) => loc)).toSorted();
  }

  /** What a clean manifest of the same pages gives in an empty store. */
  async equalsClean(pages: ReadonlyMap<PageKey, string>, limits = LIMITS): Promise<void> {
    const clean = new Published();
    for (const [key, path] of pages) clean.put(key, path);
    await clean.write({ limits });
    expect(this.files).toEqual(clean.files);
    for (const name of this.files) expect(Buffer.compare(this.bytes(name), clean.bytes(name)), name).toBe(0);
  }
}

const filmsOf = (count: number): Map<PageKey, string> =>
  new Map(Array.from({ length: count }, (_, n) => [film(`${n}`), `/films/${n}/`]));

describe("sitemaps", () => {
  test("name every page that browsers show, by path, with the day that its route tells", async () => {
    const site = new Published();
    site.put(film("1"), "/films/b/", "2024-05-01");
    site.put(film("2"), "/films/a.html", "2024-05-01T12:00:00+02:00");
    site.put(film("1", 2), "/films/b/2/");
    site.put(film("3"), "/films/c.json", "2024-05-01");
    site.put(HOME, "/");
    site.put(film("4"), "/404.html");
    site.put(film("5"), "/films/404.html");
    expect(await site.write()).toEqual({
      files: 3,
      addresses: 5,
      written: expect.arrayContaining(["sitemap-film-1.xml", "sitemap-home-1.xml", "sitemap.xml"]),
      removed: [],
      problems: [],
      owner: undefined,
    });
    expect(site.index).toEqual([
      "https://films.example/sitemap-film-1.xml",
      "https://films.example/sitemap-home-1.xml",
    ]);
    expect(site.entries("sitemap-film-1.xml")).toEqual([
      { loc: "https://films.example/films/404.html", lastmod: undefined },
      { loc: "https://films.example/films/a.html", lastmod: "2024-05-01T12:00:00+02:00" },
      { loc: "https://films.example/films/b/", lastmod: "2024-05-01" },
      { loc: "https://films.example/films/b/2/", lastmod: undefined },
    ]);
    expect(site.entries("sitemap-home-1.xml")).toEqual([{ loc: "https://films.example/", lastmod: undefined }]);
  });

  test("are written as they must be: encoded, escaped, below the site's base", async () => {
    const site = new Published();
    const paths = ["/é/🎬/", "/a&b'c/", '/<"x">/', "/%41?q=1#f/", "/a b+c;d=e,f@g:h$i/", "/[x]{y}|z^`/", "/]]>/"];
    for (const [n, path] of paths.entries()) site.put(film(String(n)), path);
    const at = siteOf(ROUTES, "https://bücher.example/a%20&b'/");
    await site.write({ site: at });
    const entries = site.entries("sitemap-film-1.xml");
    const { host } = new URL("https://bücher.example");
    expect(entries.every(({ loc }) => loc.startsWith(`https://${host}/a%20&b'/`))).toBe(true);
    const decoded = entries.map(({ loc }) => decodeURIComponent(new URL(loc).pathname.slice("/a%20&b'".length)));
    expect(decoded.toSorted()).toEqual(paths.toSorted());
    expect(site.index).toEqual([`https://${host}/a%20&b'/sitemap-film-1.xml`]);
  });

  test("leave out an address that is longer than the schema allows", async () => {
    const site = new Published();
    const long = `/${"é".repeat(99)}/${"é".repeat(99)}/${"é".repeat(99)}/`;
    site.put(film("1"), long);
    site.put(film("2"), `/${"🎬".repeat(49)}${long}`);
    await site.write();
    expect(site.entries("sitemap-film-1.xml").map(({ loc }) => new URL(loc).pathname)).toEqual([encodeURI(long)]);
  });

  test("leave out routes that opt out, and there is none where there is no page", async () => {
    const site = new Published();
    expect(await site.write()).toMatchObject({ files: 0, written: [], removed: [] });
    site.put(film("1"), "/films/1/");
    site.put(HOME, "/");
    await site.write();
    expect(await site.write({ site: siteOf({ ...ROUTES, home: one("/", { sitemap: false }) }) })).toMatchObject({
      removed: ["sitemap-home-1.xml"],
      written: ["sitemap.xml"],
    });
    expect(site.all).toEqual(["https://films.example/films/1/"]);
    await site.write();
    expect(site.all).toHaveLength(2);
    site.remove(film("1"));
    site.remove(HOME);
    expect(await site.write()).toMatchObject({
      files: 0,
      addresses: 0,
      removed: expect.arrayContaining(["sitemap.xml"]),
    });
    expect(site.files).toEqual([]);
  });

  test("have names of their own, whatever the routes are called", () => {
    const routes = [
      "film",
      "Film",
      "f i l m",
      "f/i/l/m",
      "..",
      "é",
      "日本",
      "x".repeat(400),
      `${"x".repeat(400)}y`,
      "film~2",
    ];
    const site = siteOf(Object.fromEntries(routes.map((name, n) => [name, one(`/${n}/`)])));
    const names = [...sitemapNames(site).values()];
    expect(names.slice(0, 4)).toEqual(["film", "film~2", "f-i-l-m", "f-i-l-m~2"]);
    expect(new Set(names).size).toBe(routes.length);
    for (const name of names) expect(parsePath(`/sitemap-${name}-4096.99.xml`)).toMatchObject({ ok: true });
  });
});

describe("shards", () => {
  test("are a power of two, with at most so many pages each", () => {
    expect([0, 1, 20_000, 20_001, 40_000, 40_001, 1_000_000].map((pages) => shardsFor(pages))).toEqual([
      1, 1, 1, 2, 2, 4, 64,
    ]);
    expect(shardsFor(1e9)).toBe(SLOTS);
  });

  test("follow the number of pages, and equal those of a clean build on the way up and down", async () => {
    const site = new Published();
    const pages = filmsOf(20);
    const seen = new Set<number>();
    const there = new Map<PageKey, string>();
    for (const [key, path] of pages) {
      site.put(key, path);
      there.set(key, path);
      await site.write({ limits: LIMITS });
      seen.add(new Set(site.files.map((name) => name.replace(/\.\d+\.xml/, ".xml"))).size);
      await site.equalsClean(there);
    }
    for (const key of [...pages.keys()].slice(0, 18)) {
      site.remove(key);
      there.delete(key);
      await site.write({ limits: LIMITS });
      await site.equalsClean(there);
    }
    expect(seen.size).toBeGreaterThan(3);
    expect(site.all).toHaveLength(2);
  });

  test("that are too large are cut in the order of their paths, by addresses and by bytes", async () => {
    const site = new Published();
    for (const [key, path] of filmsOf(30)) site.put(key, path);
    const limits = { addresses: 7, bytes: 1_000_000, shardPages: 1000 };
    await site.write({ limits });
    const parts = ["1", "1.2", "1.3", "1.4", "1.5"].map((part) => `sitemap-film-${part}.xml`);
    expect(site.index).toEqual(parts.map((name) => `https://films.example/${name}`));
    expect(parts.map((name) => site.entries(name).length)).toEqual([7, 7, 7, 7, 2]);
    expect(parts.flatMap((name) => site.entries(name).map(({ loc }) => loc))).toEqual(site.all);
    await site.write({ limits: { ...limits, addresses: 50_000, bytes: 700 } }, true);
    for (const name of site.files) expect(statSync(join(site.dist, name)).size, name).toBeLessThanOrEqual(1500);
    const sizes = site.files.filter((name) => name !== "sitemap.xml").map((name) => site.bytes(name).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(700);
    expect(site.all).toHaveLength(30);
    expect((await site.write({}, true)).removed.length).toBeGreaterThan(1);
    expect(site.files).toEqual(["sitemap-film-1.xml", "sitemap.xml"]);
  });
});

describe("a pass", () => {
  test("writes the shards of pages that changed and no other, and nothing where no byte differs", async () => {
    const site = new Published();
    for (const [key, path] of filmsOf(60)) site.put(key, path);
    await site.write({ limits: LIMITS });
    const inodes = (): readonly string[] => site.files.map((name) => `${name} ${statSync(join(site.dist, name)).ino}`);
    const before = inodes();
    expect(await site.write({ limits: LIMITS })).toMatchObject({ written: [], removed: [] });
    site.put(film("7"), "/films/7/");
    expect(await site.write({ limits: LIMITS })).toMatchObject({ written: [], removed: [] });
    expect(await site.write({ limits: LIMITS }, true)).toMatchObject({ written: [], removed: [] });
    expect(inodes()).toEqual(before);
    site.put(film("7"), "/films/7/", "2024-05-01");
    const shard = 1 + Math.floor(slotOf(film("7")) / (SLOTS / 16));
    const { written } = await site.write({ limits: LIMITS });
    expect(written.length).toBeGreaterThan(0);
    expect(written.every((name) => name.replace(/\.\d+\.xml|\.xml/, "") === `sitemap-film-${shard}`)).toBe(true);
  });

  test("writes all anew for another address of the site", async () => {
    const site = new Published();
    site.put(HOME, "/");
    await site.write();
    expect((await site.write({ site: siteOf(ROUTES, "https://other.example") })).written).toHaveLength(2);
    expect(site.all).toEqual(["https://other.example/"]);
  });

  test("mends what was removed or altered", async () => {
    const site = new Published();
    site.put(HOME, "/");
    site.put(film("1"), "/films/1/");
    await site.write();
    const before = site.files.map((name) => site.bytes(name));
    rmSync(join(site.dist, "sitemap-home-1.xml"));
    writeFileSync(join(site.dist, "sitemap-film-1.xml"), "altered");
    writeFileSync(join(site.dist, "sitemap.xml"), Buffer.concat([Buffer.from("altered"), site.bytes("sitemap.xml")]));
    expect((await site.write()).written).toHaveLength(3);
    expect(site.files.map((name) => site.bytes(name))).toEqual(before);
  });

  test("adopts what is right when the manifest was lost, and knows its own by their last bytes", async () => {
    const site = new Published();
    for (const [key, path] of filmsOf(3)) site.put(key, path);
    await site.write();
    const again = new Published({ store: site.context.store });
    for (const [key, path] of filmsOf(3)) again.put(key, path);
    expect(await again.write()).toMatchObject({ files: 2, written: [], problems: [] });
    const changed = new Published({ store: site.context.store });
    for (const [key, path] of filmsOf(4)) changed.put(key, path);
    expect(await changed.write()).toMatchObject({ files: 2, written: ["sitemap-film-1.xml"], problems: [] });
  });

  test("leaves a stranger's file alone, says so each time, and takes its place by force", async () => {
    const site = new Published();
    site.put(HOME, "/");
    site.put(film("1"), "/films/1/");
    writeFileSync(join(site.dist, "sitemap-home-1.xml"), "theirs");
    for (let time = 0; time < 2; time++) {
      const { problems, files } = await site.write();
      expect(problems).toMatchObject([{ file: "sitemap-home-1.xml", message: expect.stringContaining("--force") }]);
      expect(files).toBe(2);
    }
    expect(site.index).toEqual(["https://films.example/sitemap-film-1.xml"]);
    expect(Buffer.from(site.bytes("sitemap-home-1.xml")).toString()).toBe("theirs");
    expect((await site.write({ replacesForeign: true }, true)).problems).toEqual([]);
    expect(site.all).toHaveLength(2);
  });

  test("reports a folder that is in the way", async () => {
    const site = new Published();
    site.put(HOME, "/");
    mkdirSync(join(site.dist, "sitemap.xml"));
    writeFileSync(join(site.dist, "sitemap.xml", "theirs"), "theirs");
    expect((await site.write()).problems).toMatchObject([{ file: "sitemap.xml" }]);
    expect(readdirSync(join(site.dist, ".rekiln/tmp"))).toEqual([]);
    rmSync(join(site.dist, "sitemap.xml"), { recursive: true });
    expect((await site.write()).problems).toEqual([]);
    expect(site.all).toHaveLength(1);
  });

  test("that is killed at any moment leaves what the next one finishes", async () => {
    const pages = filmsOf(20);
    class Killed extends Error {}
    let moments = 0;
    for (let moment = 0; ; moment++) {
      const site = new Published();
      for (const [key, path] of [...pages].slice(0, 14)) site.put(key, path);
      site.put(HOME, "/");
      await site.write({ limits: LIMITS });
      // More shards than before, one that goes, and parts that come and go.
      for (const [key, path] of [...pages].slice(5)) site.put(key, path);
      for (const key of [...pages.keys()].slice(0, 5)) site.remove(key);
      site.remove(HOME);
      let left = moment;
      const { store } = site.context;
      const dying = new Proxy(store, {
        get(_, name) {
          const value: unknown = Reflect.get(store, name);
          if (typeof value !== "function") return value;
          return (...args: readonly unknown[]): unknown => {
            const isWrite = name === "replace" || name === "remove" || name === "stagePieces";
            if (isWrite && left-- === 0) throw new Killed();
            const result: unknown = Reflect.apply(value, store, args);
            // The other moment: it is done, and nobody hears of it.
            if (isWrite && left-- === 0) throw new Killed();
            return result;
          };
        },
      });
      const died = await site.write({ store: dying, limits: LIMITS }).then(
        () => false,
        (error: unknown) => error instanceof Killed,
      );
      store.removeTemporary();
      await site.write({ limits: LIMITS });
      await site.equalsClean(new Map([...pages].slice(5)));
      if (!died) break;
      moments++;
    }
    expect(moments).toBeGreaterThan(20);
  });

  test("stops between two shards when it is told to, and the next one goes on", async () => {
    const site = new Published();
    for (const [key, path] of filmsOf(20)) site.put(key, path);
    const stop = new AbortController();
    const running = site.write({ limits: LIMITS, signal: stop.signal });
    await Promise.resolve();
    stop.abort();
    await expect(running).rejects.toThrow("abort");
    await site.write({ limits: LIMITS });
    await site.equalsClean(filmsOf(20));
  });

  test("begins when the one that is under way has ended", async () => {
    const site = new Published();
    for (const [key, path] of filmsOf(20)) site.put(key, path);
    const first = site.write({ limits: LIMITS });
    await Promise.resolve();
    site.put(film("late"), "/films/late/");
    const [one, two] = await Promise.all([first, site.write({ limits: LIMITS })]);
    expect(one.written.length).toBeGreaterThan(1);
    expect(two.files).toBe(site.files.length);
    await site.equalsClean(filmsOf(20).set(film("late"), "/films/late/"));
  });

  test("of another process, from older rows, doesn't undo a newer one", async () => {
    const site = new Published();
    site.put(film("1"), "/films/1/");
    await site.write();
    site.put(film("2"), "/films/2/");
    const newer = new Published();
    for (const [key, path] of filmsOf(3)) newer.put(key, path);
    await newer.write();
    // It has read the rows and staged its bytes when the other process puts newer ones in place, and takes the marks.
    const store = new DirectoryPageStore(site.dist, "slow");
    const stagePieces = store.stagePieces.bind(store);
    using other = new SqliteManifest(join(site.folder, "manifest.db"));
    store.stagePieces = (key, pieces) => {
      const staged = stagePieces(key, pieces);
      if (key !== "sitemap-film-1.xml") return staged;
      const [file] = other.sitemaps.files();
      other.transact((transaction) => {
        expect(transaction.sitemaps.take(other.sitemaps.marks())).toBe(true);
        const theirs = site.context.store.stage(key, newer.bytes(key));
        const etag = site.context.store.replace(theirs);
        site.context.store.discard(theirs);
        if (file !== undefined) transaction.sitemaps.put({ ...file, etag });
      });
      return staged;
    };
    expect(await site.write({ store })).toMatchObject({ written: [] });
    expect(site.bytes("sitemap-film-1.xml")).toEqual(newer.bytes("sitemap-film-1.xml"));
    expect(readdirSync(join(site.dist, ".rekiln/tmp"))).toEqual([]);
  });
});

describe("beside one of the site's own", () => {
  const asset = (file: string) => ({ file, key: file as ObjectKey, hashedKey: file as ObjectKey, digest: "d" });

  test.each(["sitemap.xml", "Sitemap.XML", "sitemap-film-1.xml", "sitemap.xml/part.txt"])(
    "in static/%s there is none, and when it goes there is one again",
    async (file) => {
      const site = new Published();
      site.put(film("1"), "/films/1/");
      await site.write();
      const report = await site.write({ assets: new Map([[file, asset(file)]]) });
      expect(report).toMatchObject({ files: 0, removed: expect.any(Array), owner: { by: `static/${file}` } });
      expect(report.removed).toHaveLength(2);
      expect(site.files).toEqual([]);
      site.put(film("2"), "/films/2/");
      expect(await site.write()).toMatchObject({ files: 2, addresses: 2 });
    },
  );

  test("that is a page there is none, and the page's file stays", async () => {
    const site = new Published();
    site.put(film("1"), "/films/1/");
    await site.write();
    writeFileSync(join(site.dist, "sitemap.xml"), "the page");
    site.put(HOME, "/sitemap.xml");
    expect(await site.write()).toMatchObject({ files: 0, owner: { path: "/sitemap.xml", by: "home" } });
    expect(site.files).toEqual(["sitemap.xml"]);
    expect(await site.write()).toMatchObject({ files: 0, removed: [], owner: { by: "home" } });
    site.remove(HOME);
    rmSync(join(site.dist, "sitemap.xml"));
    await site.write();
    expect(site.all).toEqual(["https://films.example/films/1/"]);
    expect(existsSync(join(site.dist, "sitemap.xml"))).toBe(true);
  });

  test("where a new shard would stand there is none", async () => {
    const site = new Published();
    for (const [key, path] of filmsOf(4)) site.put(key, path);
    await site.write({ limits: LIMITS });
    site.put(HOME, "/sitemap-film-2.xml");
    await site.write({ limits: LIMITS });
    expect(site.files).not.toEqual([]);
    site.put(film("4"), "/films/4/");
    expect(await site.write({ limits: LIMITS })).toMatchObject({ owner: { path: "/sitemap-film-2.xml", by: "home" } });
    expect(site.files).toEqual([]);
  });
});
