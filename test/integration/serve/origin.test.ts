import { once } from "node:events";
import { request } from "node:http";

import { expect, test } from "vitest";

import { bodyOf, startApplication, valuesOf } from "./application.ts";
import { ask, sendRaw, startSite, writeFolder } from "./started-site.ts";

const FILES = {
  "site/index.html": "home",
  "site/films/alien/index.html": "alien",
  "site/404.html": "not here",
  "site/.rekiln/site.json": "{}",
};

test("a file is served where there is one, and the application answers the rest as its own", async () => {
  const app = await startApplication((_request, response) => {
    response.writeHead(404, {
      "Content-Type": "text/plain",
      "Set-Cookie": ["a=1", "b=2"],
      "X-App": "yes",
      "Content-Length": "3",
    });
    response.end("app");
  });
  const site = await startSite(await writeFolder(FILES), { origin: { url: app.url } });

  expect(await ask(site, "/films/alien/")).toMatchObject({ status: 200, body: "alien" });
  expect((await ask(site, "/films/alien")).status).toBe(301);
  expect(app.asked).toEqual([]);
  const { status, body, headers } = await ask(site, "/search?q=a%20b");
  expect({ status, body }).toEqual({ status: 404, body: "app" });
  expect(headers.get("x-app")).toBe("yes");
  expect(headers.has("content-security-policy")).toBe(false);
  expect(app.asked).toMatchObject([{ method: "GET", target: "/search?q=a%20b" }]);
  // Dot files are nobody's, and what can't be a path isn't passed on.
  expect(await ask(site, "/.rekiln/site.json")).toMatchObject({ status: 404, body: "not here" });
  expect((await ask(site, "/a/..%2fb")).status).toBe(400);
  expect((await ask(site, "/", { method: "TRACE" })).status).toBe(405);
  expect((await ask(site, "/x", { headers: { Host: "evil.test" } })).status).toBe(403);
  expect(app.asked).toHaveLength(1);
});

test("other methods are the application's, with their bodies", async () => {
  const app = await startApplication((asked, response) => {
    void bodyOf(asked).then((body) => response.end(`${asked.method} ${body}`));
  });
  const site = await startSite(await writeFolder(FILES), { origin: { url: app.url } });

  expect(
    await sendRaw(site, "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"),
  ).toMatchObject({ status: 200, body: "POST hello" });
  const chunked = "PUT /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  const { body } = await sendRaw(site, `${chunked}5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`);
  expect(body).toContain("PUT hello world");
});

test("visitors with the cookie always get the application, and caches are told", async () => {
  const app = await startApplication((_request, response) => response.end("app"));
  const folder = await writeFolder(FILES);
  const site = await startSite(folder, { origin: { url: app.url, bypassCookie: "session" } });

  for (const cookie of ["session=1", "a=b; session=x", "a=b;session=x"]) {
    expect((await ask(site, "/", { headers: { Cookie: cookie } })).body).toBe("app");
  }
  for (const cookie of ["session=", "xsession=1", "a=session=1", "session", "SESSION=1"]) {
    expect((await ask(site, "/", { headers: { Cookie: cookie } })).body).toBe("home");
  }
  expect((await ask(site, "/")).headers.get("vary")).toBe("Cookie");
});

test("headers of one connection end there, and what a stranger says of the way he came isn't taken", async () => {
  const app = await startApplication((_request, response) => {
    response.writeHead(200, { Connection: "X-Hop", "X-Hop": "1", "Keep-Alive": "timeout=5", "X-End": "1" });
    response.end("ok");
  });
  const site = await startSite(await writeFolder(FILES), { origin: { url: app.url } });

  const { headers } = await ask(site, "/x", {
    headers: {
      Host: "localhost:1",
      Connection: "close, X-Mine",
      "X-Mine": "1",
      TE: "trailers",
      "Proxy-Authorization": "Basic x",
      Upgrade: "h2c",
      "X-Forwarded-For": "198.51.100.7",
      "X-Forwarded-Proto": "https",
      "X-Kept": "1",
    },
  });

  const raw = app.asked[0]?.raw ?? [];
  for (const name of ["x-mine", "te", "proxy-authorization", "upgrade"]) expect(valuesOf(raw, name)).toEqual([]);
  expect(valuesOf(raw, "x-kept")).toEqual(["1"]);
  expect(valuesOf(raw, "host")).toEqual(["localhost:1"]);
  // It comes from a proxy on this machine.
  expect(valuesOf(raw, "x-forwarded-for")).toEqual(["198.51.100.7, 127.0.0.1"]);
  expect(valuesOf(raw, "x-forwarded-proto")).toEqual(["https"]);
  expect(valuesOf(raw, "x-forwarded-host")).toEqual(["localhost:1"]);
  expect(headers.has("x-hop")).toBe(false);
  expect(headers.has("keep-alive")).toBe(false);
  expect(headers.get("x-end")).toBe("1");
});

test("an answer is streamed: its first part arrives while the application still writes", async () => {
  let finish = (): void => undefined;
  const app = await startApplication((_request, response) => {
    response.write("first");
    finish = () => response.end("last");
  });
  const site = await startSite(await writeFolder(FILES), { origin: { url: app.url } });
  const asked = request(`${site.url}stream`).end();
  const [answer] = (await once(asked, "response")) as [NodeJS.ReadableStream];
  const [first] = (await once(answer, "data")) as [Buffer];
  expect(first.toString()).toBe("first");
  finish();
  const [last] = (await once(answer, "data")) as [Buffer];
  expect(last.toString()).toBe("last");
});

test("an application that is down, late, or dies in the middle is told from one that answers", async () => {
  const app = await startApplication((asked, response) => {
    if (asked.url === "/late") return;
    response.writeHead(200, { "Content-Length": "100" });
    response.write("half", () => response.destroy());
  });
  const folder = await writeFolder({ ...FILES, "site/502.html": "<p>back soon" });
  const site = await startSite(folder, { origin: { url: app.url, timeoutMs: 200 } });

  expect(await ask(site, "/late")).toMatchObject({ status: 504, body: "The application took too long to answer.\n" });
  expect(await ask(site, "/dies")).toMatchObject({ status: 200, body: "half" });
  app.server.closeAllConnections();
  app.server.close();
  await once(app.server, "close");
  const down = await ask(site, "/search");
  expect(down).toMatchObject({ status: 502, body: "<p>back soon" });
  expect(down.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(down.headers.get("x-content-type-options")).toBe("nosniff");
  expect(await ask(site, "/")).toMatchObject({ status: 200, body: "home" });
});

test("a visitor who leaves takes the application's work with him", async () => {
  const left = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const app = await startApplication((_request, response) => {
    response.once("close", () => left.resolve());
    response.write("x");
    begun.resolve();
  });
  const site = await startSite(await writeFolder(FILES), { origin: { url: app.url } });
  const asked = request(`${site.url}slow`).end();
  asked.on("error", () => undefined);
  await begun.promise;
  asked.destroy();
  await left.promise;
});
