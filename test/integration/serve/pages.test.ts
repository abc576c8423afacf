import { expect, test } from "vitest";

import { ask, startSite, writeFolder } from "./started-site.ts";

const films = {
  "site/index.html": "<h1>Films</h1>",
  "site/films/alien/index.html": "<h1>Alien</h1>",
  "site/films/amélie/index.html": "<h1>Amélie</h1>",
  "site/robots.txt": "User-agent: *\n",
  "site/a file": "plain",
  "site/empty.css": "",
  "site/.well-known/security.txt": "Contact: mailto:a@b.example\n",
  "site/404.html": "<h1>Not here</h1>",
  "site/site.0a1b2c3d4e5f6789.css": "body{}",
  "site/site.css": "body{}",
  "site/fonts/a.tar.0a1b2c3d4e5f6789.gz": "body{}",
  "site/site.0a1b2c3d4e5f678.css": "15 digits",
  "site/site.0a1b2c3d4e5f67890.css": "17 digits",
  "site/site.0A1B2C3D4E5F6789.css": "capitals",
  "site/0a1b2c3d4e5f6789.css": "no name",
  "site/site.0a1b2c3d4e5f6789": "no extension",
  "site/site.0a1b2c3d4e5f6789.css.map": "something else behind",
  "site/a.0a1b2c3d4e5f6789.css/index.html": "a folder",
};

test("serves a folder's index.html at the folder's path, with type, charset and length", async () => {
  const site = await startSite(await writeFolder(films));
  const reply = await ask(site, "/films/alien/");
  expect(reply).toMatchObject({ status: 200, body: "<h1>Alien</h1>" });
  expect(reply.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(reply.headers.get("content-length")).toBe("14");
});

test.each([
  ["/", "<h1>Films</h1>"],
  ["/?utm=1", "<h1>Films</h1>"],
  ["/films/am%C3%A9lie/", "<h1>Amélie</h1>"],
  ["/a%20file", "plain"],
  ["/robots.txt", "User-agent: *\n"],
  ["/empty.css", ""],
  ["/.well-known/security.txt", "Contact: mailto:a@b.example\n"],
])("answers %s", async (target, body) => {
  const site = await startSite(await writeFolder(films));
  expect(await ask(site, target)).toMatchObject({ status: 200, body });
});

test.each([
  ["/films/alien", "/films/alien/"],
  ["/films/alien?from=%2Fhome&x=//evil.example", "/films/alien/?from=%2Fhome&x=//evil.example"],
  ["/films/alien/index.html", "/films/alien/"],
  ["/index.html?x", "/?x"],
  ["/films/am%c3%a9lie", "/films/am%C3%A9lie/"],
])("redirects %s for good to %s", async (target, location) => {
  const site = await startSite(await writeFolder(films));
  const reply = await ask(site, target);
  expect(reply.status).toBe(301);
  expect(reply.headers.get("location")).toBe(location);
});

test.each([
  "/nothing/",
  "/films/",
  "/films",
  "/films/index.html",
  "/robots.txt/",
  "/films/alien/index.html/",
  `/${"x".repeat(300)}`,
])("answers %s with the site's own 404 page", async (target) => {
  const site = await startSite(await writeFolder(films));
  const reply = await ask(site, target);
  expect(reply).toMatchObject({ status: 404, body: "<h1>Not here</h1>" });
  expect(reply.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(reply.headers.get("cache-control")).toBe("no-cache");
  expect(reply.headers.has("etag")).toBe(false);
});

test("answers a missing page in plain text when the site has no 404 page", async () => {
  const site = await startSite(await writeFolder({}));
  const reply = await ask(site, "/nothing/");
  expect(reply).toMatchObject({ status: 404, body: "There is no such page.\n" });
  expect(reply.headers.get("content-type")).toBe("text/plain; charset=utf-8");
});

test.each(["/films/alien/", "/films/alien", "/nothing/", "/%00", "/empty.css"])(
  "answers HEAD %s like GET, without a body",
  async (target) => {
    const site = await startSite(await writeFolder(films), { now: () => 0 });
    const get = await ask(site, target);
    const head = await ask(site, target, { method: "HEAD" });
    expect(head.body).toBe("");
    expect(head.status).toBe(get.status);
    expect(new Map([...head.headers, ["date", ""]])).toEqual(new Map([...get.headers, ["date", ""]]));
  },
);

test.each(["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND"])(
  "refuses %s and names what is allowed",
  async (method) => {
    const site = await startSite(await writeFolder(films));
    const reply = await ask(site, "/", { method });
    expect(reply.status).toBe(405);
    expect(reply.headers.get("allow")).toBe("GET, HEAD");
  },
);

test("ends the connection of a request that brings a body", async () => {
  const site = await startSite(await writeFolder(films));
  const reply = await ask(site, "/", { headers: { Connection: "keep-alive", "Content-Length": "3" } });
  expect(reply.status).toBe(200);
  expect(reply.headers.get("connection")).toBe("close");
});

test.each([
  ["/site.0a1b2c3d4e5f6789.css", "public, max-age=31536000, immutable"],
  ["/fonts/a.tar.0a1b2c3d4e5f6789.gz", "public, max-age=31536000, immutable"],
  ["/site.css", "no-cache"],
  ["/site.0a1b2c3d4e5f678.css", "no-cache"],
  ["/site.0a1b2c3d4e5f67890.css", "no-cache"],
  ["/site.0A1B2C3D4E5F6789.css", "no-cache"],
  ["/0a1b2c3d4e5f6789.css", "no-cache"],
  ["/site.0a1b2c3d4e5f6789", "no-cache"],
  ["/site.0a1b2c3d4e5f6789.css.map", "no-cache"],
  ["/a.0a1b2c3d4e5f6789.css/", "no-cache"],
  ["/films/alien/", "no-cache"],
  ["/gone.0a1b2c3d4e5f6789.css", "no-cache"],
])("lets clients keep %s: %s", async (target, cacheControl) => {
  const site = await startSite(await writeFolder(films));
  expect((await ask(site, target)).headers.get("cache-control")).toBe(cacheControl);
});

test.each(["/", "/films/alien", "/nothing/", "/%00", "/robots.txt"])(
  "protects the answer to %s with headers",
  async (target) => {
    const site = await startSite(await writeFolder(films));
    const { headers } = await ask(site, target);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("strict-origin-when-cross-origin");
    expect(headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
  },
);

test("sends the policy that the site asks for", async () => {
  const site = await startSite(await writeFolder(films), { contentSecurityPolicy: "default-src https:" });
  expect((await ask(site, "/")).headers.get("content-security-policy")).toBe("default-src https:");
});

test("refuses a policy that would end the header", async () => {
  const folder = await writeFolder(films);
  await expect(startSite(folder, { contentSecurityPolicy: "default-src 'self'\r\nX: y" })).rejects.toMatchObject({
    code: "policy-invalid",
  });
});

test.each([
  ["/", 302, "/films/"],
  ["/?q=1", 302, "/films/?q=1"],
  ["/films", 301, "/films/"],
  ["/films/films/alien", 301, "/films/films/alien/"],
  ["/films/index.html", 301, "/films/"],
])("below a base, redirects %s with %i to %s", async (target, status, location) => {
  const site = await startSite(await writeFolder(films), { base: "/films" });
  const reply = await ask(site, target);
  expect(reply.status).toBe(status);
  expect(reply.headers.get("location")).toBe(location);
});

test("below a base, serves the site there and nothing beside it", async () => {
  const site = await startSite(await writeFolder(films), { base: "/my%20films/v2" });
  expect(site.url).toBe(`http://127.0.0.1:${site.port}/my%20films/v2/`);
  expect(await ask(site, "/my%20films/v2/")).toMatchObject({ status: 200, body: "<h1>Films</h1>" });
  expect((await ask(site, "/my%20films/v2/site.0a1b2c3d4e5f6789.css")).headers.get("cache-control")).toContain(
    "immutable",
  );
  for (const target of ["/robots.txt", "/my%20films/", "/my%20films/v22/", "/my%20films"]) {
    expect(await ask(site, target)).toMatchObject({ status: 404 });
  }
});

test.each(["films", "/films/", "//evil.example", "/../x", "/x?y", "/%zz", "/"])(
  "refuses %s as a base",
  async (base) => {
    const folder = await writeFolder(films);
    await expect(startSite(folder, { base })).rejects.toMatchObject({ code: "base-invalid", disposition: "fatal" });
  },
);
