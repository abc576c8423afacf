import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync, StatementSync } from "node:sqlite";

/** The process died: nothing that it would have done after that happens. */
class Killed extends Error {}

/**
 * - `killed`: the process dies just before a write, and writes nothing after it.
 * - `full`: a write finds no space. What it had begun to write may be there in half; the writes after it find some again.
 */
export type DiskFault = "killed" | "full";

type Call = (this: unknown, ...args: unknown[]) => unknown;

const WRITING_SQL = /\b(?:INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|journal_mode)\b/;
const COMMIT_SQL = /\bCOMMIT\b/;
const BEGIN_SQL = /\bBEGIN\b/;
/** In all flags of `open` that create or write. */
const WRITING_FLAGS = /[wa+]/;

/**
 * Stands between this process and its disk: counts what `node:fs` and `node:sqlite` write below a folder, and has one of these writes go wrong.
 * Only what is written synchronously is seen, as all is that rekiln writes.
 */
export class FaultyDisk implements Disposable {
  /** What the write that went wrong was. */
  hit: string | undefined;
  /** Writes so far. */
  #writes = 0;
  readonly #folders: readonly string[];
  #fault: { readonly kind: DiskFault; readonly at: number } | undefined;
  readonly #databases = new Set<DatabaseSync>();
  /** Those with something to commit. */
  readonly #written = new WeakSet<DatabaseSync>();
  readonly #files = new Set<unknown>();
  readonly #undo: (() => void)[] = [];

  constructor(...folders: readonly string[]) {
    this.#folders = folders;
    this.#patchFiles();
    this.#patchDatabases();
    syncBuiltinESMExports();
  }

  /** Counts from 0 again, and has the write of a number go wrong, the first being 0. */
  arm(kind: DiskFault, at: number): void {
    [this.#writes, this.hit] = [0, undefined];
    this.#fault = { kind, at };
  }

  /** Nothing goes wrong from now on. Of a process that was killed the databases are closed, as the system does. */
  restart(): void {
    this.#fault = undefined;
    for (const database of this.#databases) if (database.isOpen) database.close();
    this.#databases.clear();
  }

  /** @returns whether the write finds no space; it is up to the caller to fail */
  #isFull(what: string, isOnlyLock = false): boolean {
    const fault = this.#fault;
    // A lock takes no space.
    if (isOnlyLock && fault?.kind !== "killed") return false;
    const number = this.#writes++;
    if (fault === undefined || number < fault.at) return false;
    if (fault.kind === "full") {
      if (number > fault.at) return false;
      this.hit = what;
      return true;
    }
    this.hit ??= what;
    throw new Killed(`killed before ${what}`);
  }

  #isHere(path: unknown): boolean {
    return typeof path === "string" ? this.#folders.some((folder) => path.startsWith(folder)) : this.#files.has(path);
  }

  #patchFiles(): void {
    const full = (what: string): Error => {
      const error = new Error(`ENOSPC: no space left on device, ${what}`);
      return Object.assign(error, { code: "ENOSPC", errno: -28, syscall: what });
    };
    for (const name of ["mkdirSync", "renameSync", "fsyncSync", "rmSync", "unlinkSync", "rmdirSync"]) {
      this.#patch(fs, name, (self, args, original) => {
        if (!this.#isHere(args[0])) return original.apply(self, args);
        if (name === "mkdirSync" && fs.existsSync(String(args[0]))) return original.apply(self, args);
        const frees = name.startsWith("rm") || name === "unlinkSync";
        if (this.#isFull(`${name} ${String(args[0])}`, frees)) throw full(name);
        return original.apply(self, args);
      });
    }
    this.#patch(fs, "openSync", (self, args, original) => {
      const isWriting = typeof args[1] === "string" && WRITING_FLAGS.test(args[1]);
      if (!this.#isHere(args[0])) return original.apply(self, args);
      if (isWriting && this.#isFull(`openSync ${String(args[0])}`)) throw full("open");
      const file = original.apply(self, args);
      this.#files.add(file);
      return file;
    });
    this.#patch(fs, "closeSync", (self, args, original) => {
      this.#files.delete(args[0]);
      return original.apply(self, args);
    });
    for (const name of ["writeSync", "writeFileSync"]) {
      this.#patch(fs, name, (self, args, original) => {
        const [file, content, ...rest] = args;
        if (!this.#isHere(file)) return original.apply(self, args);
        if (this.#isFull(`${name} ${String(file)}`)) {
          original.apply(self, [file, half(content), ...(name === "writeSync" ? [] : rest)]);
          throw full("write");
        }
        return original.apply(self, args);
      });
    }
  }

  #patchDatabases(): void {
    this.#patch(DatabaseSync.prototype, "prepare", (self, args, original) => {
      this.#know(self);
      return Object.assign(original.apply(self, args) as object, { database: self });
    });
    this.#patch(DatabaseSync.prototype, "exec", (self, args, original) => {
      this.#know(self);
      this.#write(self as DatabaseSync, String(args[0]));
      return original.apply(self, args);
    });
    for (const name of ["run", "get", "all", "iterate"]) {
      this.#patch(StatementSync.prototype, name, (self, args, original) => {
        const { sourceSQL, database } = self as StatementSync & { readonly database: DatabaseSync };
        if (this.#isHere(database.location())) this.#write(database, sourceSQL);
        return original.apply(self, args);
      });
    }
  }

  #know(database: unknown): void {
    if (this.#isHere((database as DatabaseSync).location())) this.#databases.add(database as DatabaseSync);
  }

  #write(database: DatabaseSync, sql: string): void {
    if (!this.#databases.has(database)) return;
    if (BEGIN_SQL.test(sql)) this.#written.delete(database);
    if (WRITING_SQL.test(sql)) this.#written.add(database);
    const isWriting = WRITING_SQL.test(sql) || (COMMIT_SQL.test(sql) && this.#written.has(database));
    if (!isWriting && !BEGIN_SQL.test(sql)) return;
    if (!this.#isFull(sql.replaceAll(/\s+/g, " ").trim().slice(0, 100), !isWriting)) return;
    // SQLite gives up the whole transaction at a commit, and at a statement now and then.
    const givesUp = COMMIT_SQL.test(sql) || this.#writes % 2 === 0;
    if (givesUp && database.isTransaction) {
      const fault = this.#fault;
      this.#fault = undefined;
      database.exec("ROLLBACK");
      this.#fault = fault;
    }
    throw Object.assign(new Error("database or disk is full"), {
      code: "ERR_SQLITE_ERROR",
      errcode: 13,
      errstr: "database or disk is full",
    });
  }

  #patch(of: object, name: string, around: (self: unknown, args: unknown[], original: Call) => unknown): void {
    const original = Reflect.get(of, name) as Call;
    Reflect.set(of, name, function patched(this: unknown, ...args: unknown[]): unknown {
      return around(this, args, original);
    });
    this.#undo.push(() => Reflect.set(of, name, original));
  }

  [Symbol.dispose](): void {
    this.restart();
    for (const undo of this.#undo) undo();
    syncBuiltinESMExports();
  }
}

function half(content: unknown): unknown {
  if (typeof content === "string") return content.slice(0, content.length / 2);
  return content instanceof Uint8Array ? content.subarray(0, content.length / 2) : content;
}
