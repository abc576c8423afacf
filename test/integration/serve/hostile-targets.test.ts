import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import fc from "fast-check";
import { expect, test } from "vitest";

import { parseRequestTarget } from "../../../src/serve/request-target.ts";
import type { StartedSite } from "./started-site.ts";
import { ask, sendRaw, startSite, writeFolder } from "./started-site.ts";

const secret = "top secret";

async function startGuarded(): Promise<StartedSite> {
  const folder = await writeFolder({
    "secret.txt": secret,
    "site-secret/key.txt": secret,
    "site-secret/index.html": secret,
    "site/index.html": "home",
    "site/films/index.html": "films",
    "site/page.txt": "page",
    "site/.rekiln/site.json": secret,
    "site/.git/config": secret,
    "site/.env": secret,
    "site/films/.draft.html.tmp": secret,
    "site/.well-known/.hidden": secret,
  });
  const inSite = (path: string) => join(folder, "site", path);
  await symlink(join(folder, "secret.txt"), inSite("out.txt"));
  await symlink(join(folder, "site-secret"), inSite("sibling"));
  await symlink("..", inSite("up"));
  await symlink(".git", inSite("git"));
  await symlink(".env", inSite("env.txt"));
  await symlink("loop", inSite("loop"));
  await symlink("/dev/zero", inSite("zero"));
  await symlink("page.txt", inSite("alias.txt"));
  await promisify(execFile)("mkfifo", [inSite("pipe")]);
  return await startSite(folder);
}

test.each([
  "/../secret.txt",
  "/..",
  "/.",
  "/./page.txt",
  "/films/../page.txt",
  "/films/.",
  "/films/..",
  "/%2e%2e/secret.txt",
  "/%2E%2e/secret.txt",
  "/.%2e/secret.txt",
  "/%2e/page.txt",
  "/..%2fsecret.txt",
  "/..%2Fsecret.txt",
  "/films%2f..%2f..%2fsecret.txt",
  "/films%2findex.html",
  "/%2fetc/passwd",
  "/..%5csecret.txt",
  "/..\\secret.txt",
  "/\\..\\secret.txt",
  "/page.txt\\",
  "/films/\\",
  "/%5c%5cevil.example/",
  "/page.txt%00",
  "/%00",
  "/page.txt%00.html",
  "/page%0d%0aX-Injected:%20yes",
  "/%0a",
  "/%7f",
  "/%c2%80",
  "/%",
  "/%2",
  "/%zz",
  "/%c0%ae%c0%ae/secret.txt",
  "/%ff",
  "/%ed%a0%80",
  "/page.txt#",
  "/#/../secret.txt",
  "/films#?x",
  "/?x#y",
  "page.txt",
  "*",
  "localhost:80",
  "ftp://localhost/page.txt",
  "file:///etc/passwd",
  "http:///page.txt",
  "http://user@localhost/page.txt",
  "/page\xe9",
  "/page.txt?\xff",
])("answers 400 to %j", async (target) => {
  const reply = await ask(await startGuarded(), target);
  expect(reply.status).toBe(400);
  expect(reply.body).not.toContain(secret);
  expect(reply.headers.has("x-injected")).toBe(false);
});

test.each([
  "/%252e%252e/secret.txt",
  "/..%252fsecret.txt",
  "/%252e%252e%252fsecret.txt",
  "/..;/secret.txt",
  "/.../secret.txt",
  "/site-secret/key.txt",
  "/-secret/key.txt",
  "/.rekiln/site.json",
  "/%2erekiln/site.json",
  "/.rekiln",
  "/.git/config",
  "/.env",
  "/films/.draft.html.tmp",
  "/.well-known/.hidden",
  "/.well-known",
  "/out.txt",
  "/sibling/key.txt",
  "/sibling/",
  "/sibling",
  "/up/secret.txt",
  "/up/site-secret/key.txt",
  "/git/config",
  "/env.txt",
  "/loop",
  "/loop/",
  "/zero",
  "/pipe",
  "/pipe/",
  "//",
  "//page.txt",
  "//evil.example",
  "//evil.example/",
  "//evil.example/films",
  "//films",
  "/films//",
  "///films",
  "http://localhost//films",
])("answers 404 to %j", async (target) => {
  const reply = await ask(await startGuarded(), target);
  expect(reply.status).toBe(404);
  expect(reply.headers.has("location")).toBe(false);
  expect(reply.body).not.toContain(secret);
});

test.each(["/page\u00e9", "/a b", "/a\r\nX: y", "/a\0", ""])(
  "takes %j for no target, should a parser let it through",
  (target) => {
    expect(parseRequestTarget(target)).toBeUndefined();
  },
);

test("refuses //evil.example/.. instead of redirecting to it", async () => {
  const reply = await ask(await startGuarded(), "//evil.example/..");
  expect([400, 404]).toContain(reply.status);
  expect(reply.headers.has("location")).toBe(false);
});

test("serves a symlink that stays inside the site", async () => {
  expect(await ask(await startGuarded(), "/alias.txt")).toMatchObject({ status: 200, body: "page" });
});

test("serves a root that is itself a symlink", async () => {
  const { root } = await startGuarded();
  await symlink(root, `${root}-current`);
  expect(await ask(await startSite("", { root: `${root}-current` }), "/page.txt")).toMatchObject({
    status: 200,
    body: "page",
  });
});

test.each([
  ["http://localhost/page.txt", "page"],
  ["HTTP://LOCALHOST:1234/page.txt?x", "page"],
  ["http://localhost", "home"],
  ["http://localhost?x", "home"],
])("answers the absolute form %s", async (target, body) => {
  expect(await ask(await startGuarded(), target)).toMatchObject({ status: 200, body });
});

test("keeps redirects of the absolute form on this host", async () => {
  const reply = await ask(await startGuarded(), "http://localhost/films?a=//b");
  expect(reply.status).toBe(301);
  expect(reply.headers.get("location")).toBe("/films/?a=//b");
});

test("shows no path and no stack when a file can't be read, and logs the reason", async () => {
  const folder = await writeFolder({});
  // The system refuses to look at such a root, which isn't absence.
  const site = await startSite(folder, { root: `${folder}/\0` });
  const reply = await ask(site, "/page.txt");
  expect(reply).toMatchObject({ status: 500, body: "Something went wrong on the server.\n" });
  expect(site.logged).toHaveLength(1);
});

test("never leaves the site and never breaks, whatever the target", async () => {
  const site = await startGuarded();
  const piece = fc.constantFrom(
    "/",
    "..",
    ".",
    "%2e",
    "%2f",
    "%5c",
    "%00",
    "%25",
    "\\",
    "#",
    "?",
    ";",
    "films",
    "up",
    "out.txt",
    "site-secret",
    "key.txt",
    ".git",
    "config",
    "secret.txt",
    "//",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const reply = await ask(site, `/${pieces.join("")}`);
      expect([200, 301, 400, 404]).toContain(reply.status);
      expect(reply.body).not.toContain(secret);
      expect(reply.headers.get("location") ?? "/").toMatch(/^\/(?![/\\])/);
    }),
    { numRuns: 500 },
  );
  expect(site.logged).toEqual([]);
});

test("answers a line that is no HTTP with a bare 400", async () => {
  expect(await sendRaw(await startGuarded(), "GET /page\0.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")).toMatchObject({
    status: 400,
    body: "",
  });
});
