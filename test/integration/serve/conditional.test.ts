import { rename, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import type { StartedSite } from "./started-site.ts";
import { ask, startSite, writeFolder } from "./started-site.ts";

const modified = new Date("2026-03-04T05:06:07.890Z");

async function startDigits(): Promise<{ site: StartedSite; etag: string }> {
  const folder = await writeFolder({
    "site/digits.txt": "0123456789",
    "site/empty.txt": "",
    "site/404.html": "not here",
  });
  await utimes(join(folder, "site/digits.txt"), modified, modified);
  const site = await startSite(folder);
  const { headers } = await ask(site, "/digits.txt");
  return { site, etag: headers.get("etag") ?? "" };
}

test("gives a strong ETag and the time of the last change", async () => {
  const { site, etag } = await startDigits();
  expect(etag).toMatch(/^"[\w-]+"$/);
  expect((await ask(site, "/digits.txt")).headers.get("last-modified")).toBe("Wed, 04 Mar 2026 05:06:07 GMT");
});

test("never says that a file was changed in the future", async () => {
  const folder = await writeFolder({ "site/digits.txt": "0123456789" });
  const site = await startSite(folder, { now: () => Date.UTC(2001, 0, 1) });
  expect((await ask(site, "/digits.txt")).headers.get("last-modified")).toBe("Mon, 01 Jan 2001 00:00:00 GMT");
});

test("gives another ETag when a file is replaced by one of the same size and time", async () => {
  const { site, etag } = await startDigits();
  const next = join(site.root, ".next");
  await writeFile(next, "9876543210");
  await utimes(next, modified, modified);
  await rename(next, join(site.root, "digits.txt"));
  const reply = await ask(site, "/digits.txt", { headers: { "If-None-Match": etag } });
  expect(reply).toMatchObject({ status: 200, body: "9876543210" });
  expect(reply.headers.get("etag")).not.toBe(etag);
});

test.each([
  ["the tag", (etag: string) => etag],
  ["the tag, weak", (etag: string) => `W/${etag}`],
  ["a list with the tag", (etag: string) => `"other", W/"more,commas" , ${etag}`],
  ["any tag", () => "*"],
])("answers 304 without a body to If-None-Match with %s", async (_name, conditionOf) => {
  const { site, etag } = await startDigits();
  const reply = await ask(site, "/digits.txt", { headers: { "If-None-Match": conditionOf(etag) } });
  expect(reply).toMatchObject({ status: 304, body: "" });
  expect(reply.headers.get("etag")).toBe(etag);
  expect(reply.headers.get("cache-control")).toBe("no-cache");
});

test.each(['"other"', 'W/"other"', '"', "", "nonsense"])(
  "answers in full to If-None-Match: %s, whatever If-Modified-Since says",
  async (condition) => {
    const { site } = await startDigits();
    const headers = { "If-None-Match": condition, "If-Modified-Since": "Wed, 04 Mar 2026 05:06:07 GMT" };
    expect(await ask(site, "/digits.txt", { headers })).toMatchObject({ status: 200, body: "0123456789" });
  },
);

test.each([
  ["Wed, 04 Mar 2026 05:06:07 GMT", 304],
  ["Thu, 05 Mar 2026 05:06:07 GMT", 304],
  ["Wed, 04 Mar 2026 05:06:06 GMT", 200],
  ["2026-03-05", 200],
  ["Wed, 99 Mar 2026 05:06:07 GMT", 200],
])("answers If-Modified-Since: %s with %i", async (since, status) => {
  const { site } = await startDigits();
  expect((await ask(site, "/digits.txt", { headers: { "If-Modified-Since": since } })).status).toBe(status);
});

test("never answers 304 for a missing page", async () => {
  const { site } = await startDigits();
  expect(await ask(site, "/nothing/", { headers: { "If-None-Match": "*", Range: "bytes=0-1" } })).toMatchObject({
    status: 404,
    body: "not here",
  });
});

test.each([
  ["bytes=0-3", "0123", "bytes 0-3/10"],
  ["bytes=4-", "456789", "bytes 4-9/10"],
  ["bytes=-3", "789", "bytes 7-9/10"],
  ["bytes=-99", "0123456789", "bytes 0-9/10"],
  ["bytes=8-99999999999999999999999", "89", "bytes 8-9/10"],
  ["bytes=9-9", "9", "bytes 9-9/10"],
])("answers Range: %s with its part", async (range, body, contentRange) => {
  const { site } = await startDigits();
  const reply = await ask(site, "/digits.txt", { headers: { Range: range } });
  expect(reply).toMatchObject({ status: 206, body });
  expect(reply.headers.get("content-range")).toBe(contentRange);
  expect(reply.headers.get("content-length")).toBe(String(body.length));
});

test.each([
  ["/digits.txt", "bytes=10-", "bytes */10"],
  ["/digits.txt", "bytes=-0", "bytes */10"],
  ["/digits.txt", "bytes=99999999999999999999999-", "bytes */10"],
  ["/empty.txt", "bytes=0-", "bytes */0"],
])("answers %s, Range: %s with 416 and the size", async (target, range, contentRange) => {
  const { site } = await startDigits();
  const reply = await ask(site, target, { headers: { Range: range } });
  expect(reply).toMatchObject({ status: 416, body: "" });
  expect(reply.headers.get("content-range")).toBe(contentRange);
});

test.each([
  "bytes=5-2",
  "bytes=-",
  "bytes=a-b",
  "bytes=0-1,3-4",
  "lines=0-1",
  "bytes=-1-2",
  "bytes=0x1-2",
  `bytes=0-${"1,0-".repeat(500)}1`,
])("ignores Range: %s", async (range) => {
  const { site } = await startDigits();
  expect(await ask(site, "/digits.txt", { headers: { Range: range } })).toMatchObject({
    status: 200,
    body: "0123456789",
  });
});

test("answers with a part only when If-Range holds the current ETag", async () => {
  const { site, etag } = await startDigits();
  const statusFor = async (condition: string) =>
    (await ask(site, "/digits.txt", { headers: { Range: "bytes=0-3", "If-Range": condition } })).status;
  expect(await statusFor(etag)).toBe(206);
  expect(await statusFor(`W/${etag}`)).toBe(200);
  expect(await statusFor('"other"')).toBe(200);
  expect(await statusFor("Wed, 04 Mar 2026 05:06:07 GMT")).toBe(200);
});

test("ignores Range on HEAD", async () => {
  const { site } = await startDigits();
  const reply = await ask(site, "/digits.txt", { method: "HEAD", headers: { Range: "bytes=0-3" } });
  expect(reply.status).toBe(200);
  expect(reply.headers.get("content-length")).toBe("10");
});
