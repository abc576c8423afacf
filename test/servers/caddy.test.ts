import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { serverConfig } from "../../src/serve/server-config.ts";
import { startApplication } from "../integration/serve/application.ts";
import { ask, startSite, writeFolder } from "../integration/serve/started-site.ts";
import type { Reply } from "../integration/serve/started-site.ts";
import { movedPages } from "./moved-pages.ts";
import { freePort } from "../support/free-port.ts";
import { untilListening } from "./started-nginx.ts";

const CADDY = "caddy";
const FILES = {
  "site/index.html": "home",
  "site/404.html": "not here",
  "site/films/alien/index.html": "alien",
  "site/.rekiln/site.json": "secret",
  "site/.well-known/security.txt": "yes",
  "site/.well-known/.git/x.txt": "secret",
};

const NOTHING_MOVED = { moved: new Map<string, string>(), gone: [] };

async function startCaddy(caddyfile: string, port: number): Promise<void> {
  if (spawnSync(CADDY, ["version"]).error !== undefined) throw new Error("Caddy isn't here: apt-get install caddy");
  const folder = mkdtempSync(join(tmpdir(), "rekiln-caddy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "Caddyfile");
  writeFileSync(file, `{\n  admin off\n}\n${caddyfile}`);
  const env = { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(CADDY, ["run", "--adapter", "caddyfile", "--config", file], { env, stdio: "ignore" });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  await untilListening(port, child);
}

test.each(["", "/base"])("Caddy serves the site below %j and hides what is hidden", async (base) => {
  const folder = await writeFolder(FILES);
  const site = { url: `http://localhost${base}`, base, compress: ["gzip"] as const };
  const ours = await startSite(folder, { base });
  const port = await freePort();
  const input = {
    site,
    root: join(folder, "site"),
    port,
    origin: undefined,
    bypassCookie: undefined,
    ...NOTHING_MOVED,
  };
  await startCaddy(serverConfig("caddy", input), port);
  const caddy = { ...ours, port };
  const headers = { Host: `localhost:${port}` };

  const hidden = ["/.rekiln/site.json", "/.well-known/.git/x.txt", "/.wellx", "/films//alien/", "//"];
  for (const target of ["/", "/films/alien/", "/.well-known/security.txt", "/nowhere/", ...hidden]) {
    const [left, right] = [await ask(caddy, base + target, { headers }), await ask(ours, base + target)];
    expect({ target, status: left.status, body: left.body }).toEqual({
      target,
      status: right.status,
      body: right.body,
    });
  }
  expect((await ask(caddy, `${base}/films/alien`, { headers })).status).toBe(308);
  expect((await ask(caddy, `${base}/`, { headers })).headers.get("cache-control")).toBe("no-cache");
  expect((await ask(caddy, `${base}/`, { headers, method: "POST" })).status).toBe(405);
});

test("Caddy asks the application for what isn't there, and for visitors with the cookie", async () => {
  const app = await startApplication((request, response) => response.end(`app ${request.method} ${request.url}`));
  const folder = await writeFolder(FILES);
  const site = { url: "http://localhost", base: "", compress: [] };
  const ours = await startSite(folder);
  const port = await freePort();
  const input = { site, root: join(folder, "site"), port, origin: app.url, bypassCookie: "session", ...NOTHING_MOVED };
  await startCaddy(serverConfig("caddy", input), port);
  const caddy = { ...ours, port };
  const headers = { Host: `localhost:${port}` };

  expect((await ask(caddy, "/films/alien/", { headers })).body).toBe("alien");
  expect((await ask(caddy, "/search?q=1", { headers })).body).toContain("app GET /search?q=1");
  const withCookie = { headers: { ...headers, Cookie: "a=b; session=1" } };
  expect((await ask(caddy, "/films/alien/", withCookie)).body).toContain("app GET /films/alien/");
  expect((await ask(caddy, "/.rekiln/site.json", withCookie)).status).toBe(404);
  expect((await ask(caddy, "/", { headers, method: "PUT" })).body).toContain("app PUT /");
});

test.each(["", "/my.site"])("Caddy answers for pages below %j that have moved or are gone", async (base) => {
  const { files, moved, gone, targets } = movedPages(base);
  const folder = await writeFolder({ ...FILES, ...files });
  const site = { url: `http://localhost${base}`, base, compress: [] };
  const isGone = (path: string): boolean => gone.includes(path) || gone.includes(`${path}/`);
  const ours = await startSite(folder, { base, isGone });
  const port = await freePort();
  const input = { site, root: join(folder, "site"), port, origin: undefined, bypassCookie: undefined, moved, gone };
  await startCaddy(serverConfig("caddy", input), port);
  const headers = { Host: `localhost:${port}` };
  for (const target of targets) {
    const [left, right] = [await ask({ ...ours, port }, target, { headers }), await ask(ours, target)];
    const seen = ({ status, headers: sent, body }: Reply) => ({
      target,
      status: status === 308 ? 301 : status,
      location: decodeURIComponent(new URL(sent.get("location") ?? "", `http://localhost${target}`).href),
      body: status >= 400 ? body : "",
    });
    expect(seen(left)).toEqual(seen(right));
  }
});
