import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { onTestFinished } from "vitest";

import { createSiteServer } from "../../../src/serve/create-site-server.ts";
import type { GuardedServer } from "../../../src/serve/create-guarded-server.ts";
import type { ServeOptions } from "../../../src/serve/serve-options.ts";

export interface StartedSite {
  readonly server: GuardedServer;
  readonly url: string;
  readonly port: number;
  /** The served folder, `site` in a folder of the test's own. */
  readonly root: string;
  readonly logged: readonly string[];
}

export interface Reply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * Writes files, by path, below the folder that holds `site`: `site/index.html`, `site-secret/key.txt`. Gives the
 * folder.
 */
export async function writeFolder(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "rekiln-serve-")));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "site"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

/** Serves `site` of a folder made by `writeFolder` on a free loopback port until the test is over. */
export async function startSite(folder: string, options: Partial<ServeOptions> = {}): Promise<StartedSite> {
  const logged: string[] = [];
  const root = join(folder, "site");
  const server = createSiteServer({
    root,
    base: "",
    host: "127.0.0.1",
    port: 0,
    log: { warn: (_fields, message) => logged.push(message), error: (_fields, message) => logged.push(message) },
    now: () => Date.now(),
    ...options,
  });
  onTestFinished(async () => await server.close());
  const { url } = await server.listen();
  return { server, url, port: Number(new URL(url).port), root, logged };
}

/** Sends one request, its target untouched, on a connection of its own. */
export async function ask(
  site: StartedSite,
  target: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<Reply> {
  const fields = Object.entries({ Host: "localhost", Connection: "close", ...headers });
  const lines = [`${method} ${target} HTTP/1.1`, ...fields.map(([name, value]) => `${name}: ${value}`)];
  return await sendRaw(site, `${lines.join("\r\n")}\r\n\r\n`);
}

/** Sends bytes (latin1) and reads the reply until the server ends the connection. */
export async function sendRaw(site: StartedSite, bytes: string): Promise<Reply> {
  const socket = connect(site.port, "127.0.0.1");
  // A refused request may be answered before all of it was read: the reset that follows is not the reply.
  socket.on("error", () => undefined);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.write(bytes, "latin1");
  if (!socket.closed) await once(socket, "close");
  return parseReply(Buffer.concat(chunks).toString("utf8"));
}

function parseReply(text: string): Reply {
  const headEnd = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...fields] = text.slice(0, headEnd).split("\r\n");
  const headers = new Map(
    fields.map((field): [string, string] => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(" ")[1]), headers, body: text.slice(headEnd + 4) };
}
