import { expect, test } from "vitest";

import { ask, sendRaw, startSite, writeFolder } from "./started-site.ts";

const home = { "site/index.html": "home" };

test.each(["localhost", "LocalHost:8080", "films.localhost", "127.0.0.1", "127.8.9.1:65535", "[::1]", "[::1]:80"])(
  "answers Host: %s",
  async (host) => {
    const site = await startSite(await writeFolder(home));
    expect(await ask(site, "/", { headers: { Host: host } })).toMatchObject({ status: 200, body: "home" });
  },
);

test.each([
  "evil.test",
  "evil.test:80",
  "localhost.evil.test",
  "notlocalhost",
  "127.0.0.1.evil.test",
  "127.evil.test",
  "128.0.0.1",
  "0.0.0.0",
  "[::2]",
  "[::ffff:127.0.0.1]",
  "localhost@evil.test",
  "evil.test#.localhost",
  "evil.test/.localhost",
  "localhost:80:90",
  "localhost:",
  "",
])("refuses Host: %j with a hint and logs it", async (host) => {
  const site = await startSite(await writeFolder(home));
  const reply = await ask(site, "/", { headers: { Host: host } });
  expect(reply.status).toBe(403);
  expect(reply.body).toContain("allowed hosts");
  expect(site.logged).toHaveLength(1);
});

test("judges the host of an absolute target as well as the Host header", async () => {
  const site = await startSite(await writeFolder(home));
  expect((await ask(site, "http://evil.test/")).status).toBe(403);
  expect((await ask(site, "http://localhost/", { headers: { Host: "evil.test" } })).status).toBe(403);
});

test("tells another host nothing about what exists", async () => {
  const site = await startSite(await writeFolder(home));
  const headers = { Host: "evil.test" };
  const replies = await Promise.all(
    ["/", "/nothing", "/%00", "/.git/config"].map(async (target) => (await ask(site, target, { headers })).status),
  );
  expect(replies).toEqual([403, 403, 403, 403]);
});

test("refuses a request with two Host headers, or with none", async () => {
  const site = await startSite(await writeFolder(home));
  expect(
    (await sendRaw(site, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\nConnection: close\r\n\r\n")).status,
  ).toBe(400);
  expect((await sendRaw(site, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).status).toBe(400);
  expect((await sendRaw(site, "GET / HTTP/1.0\r\n\r\n")).status).toBe(403);
});

test("answers a name that it was told to, beside loopback names", async () => {
  const site = await startSite(await writeFolder(home), { allowedHosts: ["Films.Example"] });
  const statusFor = async (host: string) => (await ask(site, "/", { headers: { Host: host } })).status;
  expect(await statusFor("films.example:8080")).toBe(200);
  expect(await statusFor("localhost")).toBe(200);
  expect(await statusFor("www.films.example")).toBe(403);
});

test("answers every name when it is bound to all addresses, unless names are given", async () => {
  const folder = await writeFolder(home);
  const open = await startSite(folder, { host: "0.0.0.0" });
  expect(open.url).toBe(`http://localhost:${open.port}/`);
  expect((await ask(open, "/", { headers: { Host: "films.example" } })).status).toBe(200);
  const named = await startSite(folder, { host: "0.0.0.0", allowedHosts: ["films.example"] });
  expect((await ask(named, "/", { headers: { Host: "films.example" } })).status).toBe(200);
  expect((await ask(named, "/", { headers: { Host: "evil.test" } })).status).toBe(403);
});
