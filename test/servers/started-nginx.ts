import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

import { onTestFinished } from "vitest";

/** Where Debian has it, which isn't on everybody's path. */
const NGINX = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].find((file) => existsSync(file)) ?? "nginx";

/** Runs Debian's nginx with a configuration of its `http` context until the test is over. */
export async function startNginx(http: string, port: number): Promise<void> {
  if (spawnSync(NGINX, ["-v"]).error !== undefined) {
    throw new Error("nginx isn't here: apt-get install nginx-light");
  }
  const folder = mkdtempSync(join(tmpdir(), "rekiln-nginx-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const config = [
    "daemon off; master_process off;",
    `pid ${folder}/nginx.pid; error_log stderr warn;`,
    "events { worker_connections 64; }",
    `http { include /etc/nginx/mime.types; access_log off; ${temporary.join(" ")}`,
    http,
    "}",
  ].join("\n");
  writeFileSync(join(folder, "nginx.conf"), config);
  const checked = spawnSync(NGINX, ["-t", "-p", folder, "-c", join(folder, "nginx.conf")], { encoding: "utf8" });
  if (checked.status !== 0) throw new Error(`${checked.stderr}\n${config}`);
  const child = spawn(NGINX, ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "ignore" });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  await untilListening(port, child);
}

/** A server that doesn't say when it listens is asked until it does. */
export async function untilListening(port: number, child: ChildProcess): Promise<void> {
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    await wait(20);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const answered = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return answered;
}
