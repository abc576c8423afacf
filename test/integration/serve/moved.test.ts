import { describe, expect, test } from "vitest";

import { carrier } from "../../../src/core/stamp.ts";
import { CARRIED, redirectTo, STAMP } from "./redirect-file.ts";
import { ask, startSite, writeFolder } from "./started-site.ts";

const moved = {
  "site/films/alien/index.html": redirectTo("/films/amélie 1979/"),
  "site/old.html": redirectTo("/films/amélie 1979/"),
  "site/films/amélie 1979/index.html": "<h1>Alien</h1>",
};

describe("a page that has moved", () => {
  test.each([
    ["/films/alien/", "/films/am%C3%A9lie%201979/"],
    ["/films/alien/?from=%2Fhome&x=//evil.example", "/films/am%C3%A9lie%201979/?from=%2Fhome&x=//evil.example"],
    ["/old.html", "/films/am%C3%A9lie%201979/"],
    ["/films/alien", "/films/alien/"],
    ["/films/alien/index.html?x", "/films/alien/?x"],
  ])("is redirected from %s for good to %s", async (target, location) => {
    const site = await startSite(await writeFolder(moved));
    for (const method of ["GET", "HEAD"]) {
      const reply = await ask(site, target, { method });
      expect([reply.status, reply.headers.get("location")]).toEqual([301, location]);
    }
  });

  test("is redirected below the site's base", async () => {
    const files = { "site/films/alien/index.html": redirectTo("/films/new/", "/base") };
    const site = await startSite(await writeFolder(files), { base: "/base" });
    const reply = await ask(site, "/base/films/alien/?q");
    expect([reply.status, reply.headers.get("location")]).toEqual([301, "/base/films/new/?q"]);
  });
});

describe("no redirect", () => {
  test.each([
    ["is a page that holds one", "page/index.html", redirectTo("/x/") + carrier("html", STAMP, CARRIED)],
    ["is a page with the body of one", "page/index.html", redirectTo("/x/").replace("redirect:", "")],
    [
      "leads to another host",
      "page/index.html",
      redirectTo("/x/").replaceAll('"/x/', '"//evil/').replaceAll("url=/", "url=//evil/"),
    ],
    ["is a file that is no page", "page.txt", redirectTo("/x/")],
    ["is the 404 page", "404.html", redirectTo("/x/")],
    ["is larger than one can be", "page/index.html", "x".repeat(16_384) + redirectTo("/x/")],
    ["is an empty file", "page/index.html", ""],
  ])("%s", async (_, file, content) => {
    const site = await startSite(await writeFolder({ [`site/${file}`]: content }));
    const reply = await ask(site, `/${file.replace("index.html", "")}`);
    expect(reply).toMatchObject({ status: 200, body: content });
  });
});

describe("a page that is gone", () => {
  const isGone = (path: string): boolean => ["/films/alien/", "/feed.xml", "/"].includes(path);

  test.each([
    ["/films/alien/", 410],
    ["/films/alien/index.html", 410],
    ["/feed.xml?x", 410],
    ["/", 410],
    ["/films/other/", 404],
    ["/.rekiln/site.json", 404],
    ["/here/", 200],
  ])("answers %s with %d", async (target, status) => {
    const files = { "site/here/index.html": "<h1>Here</h1>", "site/404.html": "<h1>Not here</h1>" };
    const site = await startSite(await writeFolder(files), { isGone });
    expect((await ask(site, target)).status).toBe(status);
  });

  test("is answered with the site's 404 page, and in plain text without one", async () => {
    const site = await startSite(await writeFolder({ "site/404.html": "<h1>Not here</h1>" }), { isGone });
    expect(await ask(site, "/films/alien/")).toMatchObject({ status: 410, body: "<h1>Not here</h1>" });
    const bare = await startSite(await writeFolder({}), { isGone });
    expect(await ask(bare, "/films/alien/")).toMatchObject({ status: 410, body: "This page is gone.\n" });
  });

  test("is asked for decoded, and within the site's base", async () => {
    const asked: string[] = [];
    const site = await startSite(await writeFolder({}), {
      base: "/base",
      isGone: (path) => {
        asked.push(path);
        return true;
      },
    });
    expect((await ask(site, "/base/am%C3%A9lie/")).status).toBe(410);
    expect((await ask(site, "/am%C3%A9lie/")).status).toBe(404);
    expect(asked).toEqual(["/amélie/"]);
  });
});
