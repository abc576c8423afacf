import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { serverConfig } from "../../src/serve/server-config.ts";
import type { ServerConfigInput } from "../../src/serve/server-config-input.ts";
import { startApplication, valuesOf } from "../integration/serve/application.ts";
import { ask, sendRaw, startSite, writeFolder } from "../integration/serve/started-site.ts";
import type { Reply, StartedSite } from "../integration/serve/started-site.ts";
import { movedPages } from "./moved-pages.ts";
import { freePort } from "../support/free-port.ts";
import { startNginx } from "./started-nginx.ts";

const LONG = `<p>${"long ".repeat(400)}</p>`;
const FILES = {
  "site/index.html": "home",
  "site/404.html": "not here",
  "site/films/alien/index.html": LONG,
  "site/films/a b é/index.html": "spaces",
  "site/feed.xml": "<feed/>",
  "site/site.0123456789abcdef.css": "p{}",
  "site/.rekiln/site.json": "secret",
  "site/.well-known/security.txt": "yes",
  "site/empty/only.txt": "x",
  "site-secret/key.txt": "secret",
};

const TARGETS = [
  "/",
  "/?a=b",
  "/index.html",
  "/films/alien/",
  "/films/alien",
  "/films/alien/index.html",
  "/films/alien?x=1",
  "/films/a%20b%20%C3%A9/",
  "/films/a%20b%20%C3%A9",
  "/feed.xml",
  "/site.0123456789abcdef.css",
  "/.rekiln/site.json",
  "/.well-known/security.txt",
  "/empty/",
  "/empty",
  "/nowhere/",
  "/nowhere.html",
  "/404.html",
  "//",
  "//films/alien/",
  "/films//alien/",
];

interface Both {
  readonly ours: StartedSite;
  readonly nginx: StartedSite;
  readonly folder: string;
}

/** The same folder behind `rekiln serve` and behind nginx with what `--print nginx` prints. */
async function startBoth(
  files: Readonly<Record<string, string | Uint8Array>>,
  how: Partial<ServerConfigInput> = {},
): Promise<Both> {
  const folder = await writeFolder(files);
  const site = { url: "http://localhost", base: "", compress: [], ...how.site };
  const { origin, bypassCookie, moved = new Map<string, string>(), gone = [] } = how;
  const ours = await startSite(folder, {
    base: site.base,
    compress: site.compress,
    isGone: (path) => gone.includes(path) || gone.includes(`${path}/`),
    ...(origin === undefined ? {} : { origin: { url: origin, bypassCookie } }),
  });
  const port = await freePort();
  const input = { root: join(folder, "site"), port, origin, bypassCookie, site, moved, gone };
  await startNginx(serverConfig("nginx", input), port);
  return { ours, nginx: { ...ours, port }, folder };
}

/** What of an answer must be the same. */
function substance({ status, headers, body }: Reply) {
  // Some signs may be written in two ways there.
  const location = decodeURIComponent(headers.get("location") ?? "");
  const isFile = status === 200;
  return {
    status,
    location,
    body: isFile || status === 404 ? body : "",
    policy: status < 500 && isFile ? headers.get("content-security-policy") : undefined,
    nosniff: isFile ? headers.get("x-content-type-options") : undefined,
    cache: isFile ? headers.get("cache-control") : undefined,
    vary: isFile ? headers.get("vary") : undefined,
  };
}

test("nginx answers as rekiln serve does, without an application", async () => {
  const { ours, nginx } = await startBoth(FILES);
  for (const target of TARGETS) {
    expect({ target, ...substance(await ask(nginx, target)) }).toEqual({
      target,
      ...substance(await ask(ours, target)),
    });
  }
  expect((await ask(nginx, "/", { method: "POST" })).status).toBe(405);
  expect((await ask(nginx, "/feed.xml")).headers.get("content-type")).toMatch(/xml; charset=utf-8$/);
  const ranged = await ask(nginx, "/films/alien/", { headers: { Range: "bytes=0-2" } });
  expect(ranged).toMatchObject({ status: 206, body: "<p>" });
  for (const hostile of [
    "/..%2fsite-secret/key.txt",
    "/%2e%2e/site-secret/key.txt",
    "/../site-secret/key.txt",
    "/x%00y",
    "/-secret/key.txt",
  ]) {
    expect((await ask(nginx, hostile)).body).not.toContain("secret");
  }
});

test("a site with a base stands below it", async () => {
  const site = { url: "http://localhost/my.site", base: "/my.site", compress: [] };
  const { ours, nginx } = await startBoth(FILES, { site });
  for (const target of [
    "/",
    "/my.site",
    "/my.site/",
    "/my.site/films/alien/",
    "/my.site/films/alien",
    "/myxsite/",
    "/films/alien/",
    "/my.site/nowhere/",
  ]) {
    const [left, right] = [substance(await ask(nginx, target)), substance(await ask(ours, target))];
    expect({ target, ...left }).toEqual({ target, ...right });
  }
});

const MOVED = movedPages("");

test.each(["", "/my.site"])(
  "pages that have moved or are gone below %j are answered as rekiln serve does",
  async (base) => {
    const { files, moved, gone, targets } = movedPages(base);
    const site = { url: `http://localhost${base}`, base, compress: [] };
    const { ours, nginx } = await startBoth({ ...FILES, ...files }, { site, moved, gone });
    for (const target of targets) {
      const [left, right] = [substance(await ask(nginx, target)), substance(await ask(ours, target))];
      expect({ target, ...left }).toEqual({ target, ...right });
    }
  },
);

test("an application is asked for pages that are gone, and not for those that have moved", async () => {
  const app = await startApplication((request, response) => response.end(`app ${request.url}`));
  const { files, moved, gone, targets } = MOVED;
  const how = { origin: app.url, bypassCookie: "session", moved, gone };
  const { ours, nginx } = await startBoth({ ...FILES, ...files }, how);
  for (const target of targets) {
    for (const headers of [{ Cookie: "a=b" }, { Cookie: "session=1" }]) {
      const [left, right] = [await ask(nginx, target, { headers }), await ask(ours, target, { headers })];
      const seen = (reply: Reply) => [reply.status, substance(reply).location];
      expect({ target, headers, seen: seen(left) }).toEqual({ target, headers, seen: seen(right) });
    }
  }
});

test("nginx takes long addresses and many of them", async () => {
  const many = Array.from({ length: 3000 }, (_, n) => [`/${"long".repeat(40)}/${n}/`, `/new/${n}/`] as const);
  const { nginx } = await startBoth(FILES, { moved: new Map(many) });
  const reply = await ask(nginx, many[2999]?.[0] ?? "");
  expect([reply.status, reply.headers.get("location")]).toEqual([301, "/new/2999/"]);
});

test("what there is no file for, other methods and visitors with the cookie are the application's", async () => {
  const app = await startApplication((request, response) => {
    response.writeHead(request.url === "/gone" ? 410 : 200, { "X-App": "1" });
    response.end(`app ${request.method} ${request.url}`);
  });
  const { nginx, ours } = await startBoth(FILES, { origin: app.url, bypassCookie: "session" });
  for (const target of [...TARGETS, "/search?q=a%20b", "/gone"]) {
    for (const cookie of ["a=b", "a=b; session=1", "session="]) {
      const headers = { Cookie: cookie };
      const [left, right] = [await ask(nginx, target, { headers }), await ask(ours, target, { headers })];
      const seen = (reply: Reply) => [
        reply.status,
        reply.headers.get("x-app"),
        reply.body.replace(/^\w+\r\n|\r\n0\r\n\r\n$/g, ""),
      ];
      // Nobody's, for the one before, and for the other after the cookie was looked at.
      if (left.status < 300)
        expect({ target, cookie, seen: seen(left) }).toEqual({ target, cookie, seen: seen(right) });
      else expect({ target, cookie, status: left.status }).toEqual({ target, cookie, status: right.status });
    }
  }
  app.asked.length = 0;
  const posted =
    "POST /films/alien/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-For: 1.2.3.4\r\nContent-Length: 2\r\n\r\nhi";
  expect((await sendRaw(nginx, posted)).body).toContain("app POST /films/alien/");
  expect(valuesOf(app.asked[0]?.raw ?? [], "x-forwarded-for")).toEqual(["127.0.0.1"]);
  app.server.closeAllConnections();
  await new Promise((resolve) => app.server.close(resolve));
  expect((await ask(nginx, "/search")).status).toBe(502);
  expect((await ask(nginx, "/films/alien/")).status).toBe(200);
});

test("precompressed twins are sent to those who take them", async () => {
  const site = { url: "http://localhost", base: "", compress: ["gzip"] as const };
  const files = { ...FILES, "site/films/alien/index.html.gz": gzipSync(LONG) };
  const { nginx } = await startBoth(files, { site });
  const zipped = await ask(nginx, "/films/alien/", { headers: { "Accept-Encoding": "gzip" } });
  expect(zipped.headers.get("content-encoding")).toBe("gzip");
  expect(zipped.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(zipped.headers.get("vary")).toContain("Accept-Encoding");
  expect((await ask(nginx, "/films/alien/")).body).toBe(LONG);
});
