import { expect, test } from "vitest";

import { build, rekiln, Running } from "../support/cli.ts";
import { fetchAnew } from "../support/fetch-anew.ts";
import type { TemporarySite } from "../support/temporary-site.ts";
import { filmSite, filmsOf } from "./film-site.ts";

/** Serves a site on a free port; gives the address that the command prints. */
async function serve(site: TemporarySite): Promise<{ readonly running: Running; readonly url: string }> {
  const running = new Running(site.folder, ["serve", "--port", "0"]);
  const [, url = ""] = await running.said(/served at (\S+)/);
  return { running, url };
}

test("serves the built site until it is told to stop", async () => {
  const site = filmSite(filmsOf(5));
  await build(site.folder);
  const { running, url } = await serve(site);
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    fetchAnew(new URL(path, url), { redirect: "manual", ...init });

  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const home = await ask("/");
  expect(home.status).toBe(200);
  expect(home.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(await home.text()).toBe(site.read("dist/index.html"));
  const etag = home.headers.get("etag") ?? "";
  const modified = home.headers.get("last-modified") ?? "";
  expect((await ask("/", { headers: { "if-none-match": etag } })).status).toBe(304);
  expect((await ask("/", { headers: { "if-modified-since": modified } })).status).toBe(304);

  const film = await ask("/films/film-1");
  expect([film.status, film.headers.get("location")]).toEqual([301, "/films/film-1/"]);
  expect((await ask("/search.json")).headers.get("content-type")).toContain("application/json");

  const missing = await ask("/films/none/");
  expect(missing.status).toBe(404);
  expect(await missing.text()).toBe(site.read("dist/404.html"));
  expect((await ask("/.rekiln/site.json")).status).toBe(404);
  const posted = await ask("/", { method: "POST", body: "x" });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  const head = await ask("/", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);

  // A build beside it: the next request sees its page.
  site.records("film", filmsOf(6));
  await build(site.folder);
  const next = await ask("/", { headers: { "if-none-match": etag } });
  expect(await next.text()).toContain("<h1>6 films</h1>");

  running.kill("SIGTERM");
  const { code, stderr } = await running.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  await expect(fetchAnew(url)).rejects.toThrow("fetch failed");
});

test("serves below the base of the site's url", async () => {
  const site = filmSite(filmsOf(2));
  site.edit("rekiln.config.ts", '"https://films.example"', '"https://films.example/catalogue"');
  await build(site.folder);
  const { url } = await serve(site);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/catalogue\/$/);
  const home = await (await fetchAnew(url)).text();
  expect(home).toContain('href="/catalogue/genres/comedy/"');
  expect((await fetchAnew(new URL("/catalogue/films/film-1/", url))).status).toBe(200);
});

test("a site that isn't built yet, and a port that is taken, are said with what to do", async () => {
  const site = filmSite(filmsOf(1));
  const { code, stderr } = await rekiln(site.folder, "serve", "--port", "0");
  expect(code).toBe(3);
  expect(stderr).toContain("rekiln build");

  await build(site.folder);
  const { url } = await serve(site);
  const second = await rekiln(site.folder, "serve", "--port", new URL(url).port);
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(new URL(url).port);
});
