import { once } from "node:events";
import { fstatSync, readdirSync } from "node:fs";
import { rename, stat, truncate, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { expect, onTestFinished, test } from "vitest";

import type { StartedSite } from "./started-site.ts";
import { ask, sendRaw, startSite, writeFolder } from "./started-site.ts";

const home = { "site/index.html": "home" };
const bigSize = 64 * 1024 * 1024;

/** A site with a file that no socket buffer holds. */
async function startBig(options: Parameters<typeof startSite>[1] = {}): Promise<StartedSite> {
  const folder = await writeFolder({ ...home, "site/big.bin": "" });
  await truncate(join(folder, "site/big.bin"), bigSize);
  return await startSite(folder, options);
}

/** A connection that has sent `requests` and read the first bytes of the answer, but no more. */
async function stalledClient(site: StartedSite, requests: string): Promise<Socket> {
  const client = connect(site.port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  client.on("error", () => undefined);
  client.write(requests);
  await once(client, "readable");
  return client;
}

async function openHandlesOf(path: string): Promise<number> {
  const { ino, dev } = await stat(path);
  return readdirSync("/dev/fd").filter((fd) => {
    try {
      const stats = fstatSync(Number(fd));
      return stats.ino === ino && stats.dev === dev;
    } catch {
      // The descriptor of this very listing is closed by now.
      return false;
    }
  }).length;
}

const getBig = "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n";

test("answers a target up to 8 KiB, and a longer one with 414", async () => {
  const site = await startSite(await writeFolder(home));
  expect((await ask(site, `/?${"x".repeat(8190)}`)).status).toBe(200);
  expect((await ask(site, `/?${"x".repeat(8191)}`)).status).toBe(414);
});

test("answers 431 to headers that are too large or too many", async () => {
  const site = await startSite(await writeFolder(home));
  expect((await ask(site, "/", { headers: { "X-Large": "x".repeat(40_000) } })).status).toBe(431);
  expect((await ask(site, `/${"x".repeat(40_000)}`)).status).toBe(431);
  const fields = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`X-${index}`, "x"]));
  expect((await ask(site, "/", { headers: fields(98) })).status).toBe(200);
  expect((await ask(site, "/", { headers: fields(99) })).status).toBe(431);
  expect((await ask(site, "/", { headers: fields(2_000) })).status).toBe(431);
});

test("cuts a client that never ends its headers, with 408", async () => {
  const limits = { headersTimeoutMs: 50, requestTimeoutMs: 50, timeoutCheckMs: 10 };
  const site = await startSite(await writeFolder(home), { limits });
  expect((await sendRaw(site, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")).status).toBe(408);
});

test("cuts a client that sends nothing at all", async () => {
  const site = await startSite(await writeFolder(home), { limits: { stallTimeoutMs: 50 } });
  const client = connect(site.port, "127.0.0.1");
  client.resume();
  await once(client, "close");
});

test("cuts a client that stops reading, and closes the file", async () => {
  const site = await startBig({ limits: { stallTimeoutMs: 50, closeGraceMs: 60_000 } });
  await stalledClient(site, getBig);
  // Resolves before the grace is over only if the answer ends.
  await site.server.close();
  expect(await openHandlesOf(join(site.root, "big.bin"))).toBe(0);
  expect(site.logged).toEqual([]);
});

test("opens one file at a time for a client that sends many requests and reads nothing", async () => {
  const site = await startBig();
  await stalledClient(site, getBig.repeat(200));
  expect(await openHandlesOf(join(site.root, "big.bin"))).toBe(1);
});

test("answers requests on one connection in their order", async () => {
  const site = await startSite(await writeFolder({ ...home, "site/a.txt": "aaa", "site/b.txt": "bbb" }));
  const request = (target: string, last = "") => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${last}\r\n`;
  const reply = await sendRaw(site, request("/a.txt") + request("/") + request("/b.txt", "Connection: close\r\n"));
  expect(reply.body).toMatch(/^aaaHTTP[^]*homeHTTP[^]*bbb$/);
});

test("survives clients that go away, without an open file, an error or a log line", async () => {
  const site = await startBig();
  const clients = await Promise.all(
    Array.from({ length: 20 }, async () => await stalledClient(site, getBig.repeat(3))),
  );
  for (const client of clients) client.resetAndDestroy();
  expect((await ask(site, "/")).body).toBe("home");
  await site.server.close();
  expect(await openHandlesOf(join(site.root, "big.bin"))).toBe(0);
  expect(site.logged).toEqual([]);
});

test("leaves no file open after any kind of answer", async () => {
  const site = await startSite(
    await writeFolder({ ...home, "site/404.html": "not here", "site/films/index.html": "films" }),
  );
  for (const method of ["GET", "HEAD"]) {
    for (const target of ["/", "/films", "/films/index.html", "/films/", "/nothing", "/index.html"]) {
      await ask(site, target, { method, headers: { Range: "bytes=99-" } });
      await ask(site, target, { method, headers: { "If-None-Match": "*" } });
    }
  }
  await site.server.close();
  for (const name of ["index.html", "404.html", "films/index.html", "films"]) {
    expect(await openHandlesOf(join(site.root, name))).toBe(0);
  }
});

test("breaks the connection when a file becomes shorter while it is sent", async () => {
  const site = await startBig({ limits: { keepAliveTimeoutMs: 60_000 } });
  const client = await stalledClient(site, getBig);
  await truncate(join(site.root, "big.bin"), 1);
  let received = 0;
  client.on("data", (chunk: Buffer) => (received += chunk.length));
  await once(client, "close");
  expect(received).toBeLessThan(bigSize);
});

test("sends the whole old file when it is replaced while it is sent", async () => {
  const site = await startBig();
  const [response] = await once(get(`${site.url}big.bin`, { agent: false }), "response");
  // `once` is untyped: a client request's "response" event carries this.
  const message = response as IncomingMessage;
  const replacement = join(site.root, ".next");
  await writeFile(replacement, "short");
  await rename(replacement, join(site.root, "big.bin"));
  let received = 0;
  for await (const chunk of message) received += (chunk as Buffer).length;
  expect(received).toBe(bigSize);
});

test("names another port when the port is taken", async () => {
  const folder = await writeFolder(home);
  const first = await startSite(folder);
  await expect(startSite(folder, { port: first.port })).rejects.toMatchObject({
    code: "port-taken",
    disposition: "fatal",
    hint: expect.stringContaining(String(first.port + 1)),
  });
});

test("says that it can't listen on an address that isn't this machine's", async () => {
  const folder = await writeFolder(home);
  await expect(startSite(folder, { host: "192.0.2.1" })).rejects.toMatchObject({
    code: "listen-failed",
    disposition: "fatal",
  });
});

test("ends idle kept connections at once when it closes", async () => {
  const site = await startSite(await writeFolder(home), {
    limits: { closeGraceMs: 60_000, keepAliveTimeoutMs: 60_000 },
  });
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const request = get(site.url, { agent });
  const [response] = await once(request, "response");
  const ended = new Promise((resolve) => request.socket?.once("close", resolve));
  // `once` is untyped: a client request's "response" event carries this.
  expect(await text(response as IncomingMessage)).toBe("home");
  await site.server.close();
  await ended;
});

test("lets a running answer end when it closes, to its last byte", async () => {
  const site = await startBig({ limits: { closeGraceMs: 60_000 } });
  const client = await stalledClient(site, getBig);
  const closed = site.server.close();
  let received = 0;
  client.on("data", (chunk: Buffer) => (received += chunk.length));
  await once(client, "close");
  await closed;
  expect(received).toBeGreaterThan(bigSize);
});

test("cuts an answer that outlasts the grace, and frees the port and the file", async () => {
  const site = await startBig({ limits: { closeGraceMs: 20 } });
  await stalledClient(site, getBig);
  await site.server.close();
  expect(await openHandlesOf(join(site.root, "big.bin"))).toBe(0);
  const again = await startSite(join(site.root, ".."), { port: site.port });
  expect((await ask(again, "/")).body).toBe("home");
});

test("closes twice, and without having listened", async () => {
  const site = await startSite(await writeFolder(home));
  await Promise.all([site.server.close(), site.server.close()]);
});
