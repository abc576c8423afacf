import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { nginxConfig } from "../../src/serve/nginx-config.ts";
import type { BenchPart } from "./bench-part.ts";
import { CannotRun } from "./cannot-run.ts";
import { medianFigure } from "./median-figure.ts";
import { requestLoad } from "./request-load.ts";

const MAIN = fileURLToPath(new URL("../../lib/src/cli/rekiln.js", import.meta.url));
const NGINX = "/usr/sbin/nginx";
const PAGES = 2000;
const CONNECTIONS = 16;
const SECONDS = 5;
const [OURS, THEIRS] = [18_471, 18_472];

/** The same built files by `rekiln serve` and by Debian's nginx with one process each, turn by turn, asked by one client. */
export const servePart: BenchPart = async ({ folder, rounds, catalogue, say }) => {
  if (!existsSync(NGINX)) throw new CannotRun("there is no nginx: run `apt-get install nginx-light`");
  const site = await catalogue();
  await site.built();
  const found = readdirSync(join(site.dist, "packages"), { withFileTypes: true });
  const folders = found.filter((entry) => entry.isDirectory()).slice(0, PAGES);
  const paths = folders.map(({ name }) => `/packages/${encodeURIComponent(name)}/`);
  const ours = spawn(process.execPath, [MAIN, "serve", "--port", String(OURS)], { cwd: site.dir, stdio: "ignore" });
  const theirs = spawn(NGINX, ["-p", folder, "-c", writeConfig(folder, site.dist)], { stdio: "ignore" });
  try {
    for (const [child, port] of [
      [ours, OURS],
      [theirs, THEIRS],
    ] as const)
      await untilAnswering(child, port);
    const runs: { readonly rekiln: number; readonly nginx: number }[] = [];
    for (let round = 1; round <= rounds; round++) {
      const rekiln = await requestLoad(OURS, paths, CONNECTIONS, SECONDS);
      const nginx = await requestLoad(THEIRS, paths, CONNECTIONS, SECONDS);
      runs.push({ rekiln, nginx });
      say(`round ${round}: rekiln serve ${Math.round(rekiln)} requests a second, nginx ${Math.round(nginx)}`);
    }
    const of = medianFigure("serve", runs);
    return [
      of("rekiln", "requests/s", ({ rekiln }) => rekiln),
      of("nginx", "requests/s", ({ nginx }) => nginx),
      of("share", "× nginx's", ({ rekiln, nginx }) => rekiln / nginx),
    ];
  } finally {
    for (const child of [ours, theirs]) {
      if (child.exitCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  }
};

function writeConfig(folder: string, root: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const site = { url: "http://localhost", base: "", compress: [] };
  const http = nginxConfig({
    site,
    root,
    port: THEIRS,
    origin: undefined,
    bypassCookie: undefined,
    moved: new Map(),
    gone: [],
  });
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr warn; events { worker_connections 512; }
http { include /etc/nginx/mime.types; access_log off; sendfile on; keepalive_requests 1000000; ${temporary.join(" ")}\n${http}}\n`,
  );
  return file;
}

async function untilAnswering(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    try {
      return void (await requestLoad(port, ["/"], 1, 0.01));
    } catch {
      await wait(50);
    }
  }
}
