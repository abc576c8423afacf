import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { acceptedEncodings } from "../../../src/serve/accepted-encodings.ts";
import { ask, startSite, writeFolder } from "./started-site.ts";

const LONG = "<p>long ".repeat(300);
const FILES = {
  "site/index.html": LONG,
  "site/index.html.br": brotliCompressSync(LONG),
  "site/index.html.gz": gzipSync(LONG),
  "site/plain.html": LONG,
  "site/a.png": "png",
};

test.each([
  ["gzip, br", "br,gzip"],
  ["gzip;q=1, br;q=0.5", "gzip,br"],
  ["br;q=0, gzip", "gzip"],
  ["*", "br,gzip"],
  ["*;q=0", ""],
  ["identity;q=1, gzip;q=0.5", ""],
  ["x-gzip", "gzip"],
  ["deflate, zstd", ""],
  ["br;q=nonsense", ""],
  ["", ""],
  [",;,=", ""],
])("Accept-Encoding %j takes %j", (header, expected) => {
  expect(acceptedEncodings(header, ["br", "gzip"]).join()).toBe(expected);
});

test("100 KB of Accept-Encoding are no work", () => {
  const started = performance.now();
  for (const piece of ["br;", ",", "gzip,", "q=;", " "]) acceptedEncodings(piece.repeat(30_000), ["br", "gzip"]);
  expect(performance.now() - started).toBeLessThan(250);
});

test("the twin that a client likes best is sent, with validators of its own", async () => {
  const folder = await writeFolder(FILES);
  const site = await startSite(folder, { compress: ["br", "gzip"] });
  const get = async (headers: Readonly<Record<string, string>>) => await ask(site, "/", { headers });

  const plain = await get({});
  const zipped = await get({ "Accept-Encoding": "gzip" });
  const brotli = await get({ "Accept-Encoding": "gzip, deflate, br" });
  expect(plain).toMatchObject({ status: 200, body: LONG });
  expect(plain.headers.get("vary")).toBe("Accept-Encoding");
  expect(zipped.headers.get("content-encoding")).toBe("gzip");
  expect(zipped.headers.get("content-length")).toBe(String(gzipSync(LONG).length));
  expect(zipped.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(brotli.headers.get("content-encoding")).toBe("br");
  const tags = [plain, zipped, brotli].map(({ headers }) => headers.get("etag") ?? "");
  expect(new Set(tags).size).toBe(3);
  for (const [tag, encoding] of [
    [tags[0], ""],
    [tags[1], "gzip"],
    [tags[2], "br"],
  ] as const) {
    const headers = { "Accept-Encoding": encoding, "If-None-Match": tag ?? "" };
    expect((await get(headers)).status).toBe(304);
    expect((await get({ ...headers, "Accept-Encoding": encoding === "br" ? "gzip" : "br" })).status).toBe(200);
  }
  // A range is of the page itself.
  const part = await get({ "Accept-Encoding": "br", Range: "bytes=0-2" });
  expect(part).toMatchObject({ status: 206, body: "<p>" });
  const head = await ask(site, "/", { method: "HEAD", headers: { "Accept-Encoding": "br" } });
  expect(head.headers.get("content-length")).toBe(brotli.headers.get("content-length"));
});

test("what has no twin, or one that is older than itself, is sent as it is", async () => {
  const folder = await writeFolder(FILES);
  const site = await startSite(folder, { compress: ["br", "gzip"] });
  const headers = { "Accept-Encoding": "br, gzip" };
  expect((await ask(site, "/plain.html", { headers })).headers.has("content-encoding")).toBe(false);
  expect((await ask(site, "/a.png", { headers })).headers.has("vary")).toBe(false);
  const past = new Date(Date.now() - 60_000);
  await utimes(join(folder, "site/index.html.br"), past, past);
  expect((await ask(site, "/", { headers })).headers.get("content-encoding")).toBe("gzip");
  await utimes(join(folder, "site/index.html.gz"), past, past);
  expect(await ask(site, "/", { headers })).toMatchObject({ status: 200, body: LONG });
});

test("without compress in the config nothing is negotiated", async () => {
  const site = await startSite(await writeFolder(FILES));
  const { headers } = await ask(site, "/", { headers: { "Accept-Encoding": "br" } });
  expect([headers.has("content-encoding"), headers.has("vary")]).toEqual([false, false]);
});
