import { existsSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

import { RekilnError } from "../core/errors.ts";
import type { DevAnswer, DevFailure, DevSite } from "../serve/dev-answer.ts";
import { findConfig } from "../site/load-config.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { DevFacts } from "./dev-facts.ts";
import { devFailure } from "./dev-failure.ts";
import type { DevReply } from "./dev-thread.ts";
import { DevWatch } from "./dev-watch.ts";
import { DevWorker } from "./dev-worker.ts";

/** After so long a browser is told that it has to wait. */
const WAIT_FOR_DATA_MS = 1000;
const PROBLEMS_SHOWN_MAX = 5;

/** What whoever sits at the terminal is told. */
export type DevNews =
  | { readonly kind: "changed"; readonly what: string; readonly ms: number }
  | { readonly kind: "records"; readonly count: number }
  | { readonly kind: "taken"; readonly changed: number; readonly ms: number }
  | { readonly kind: "failed"; readonly failure: DevFailure }
  | { readonly kind: "problem"; readonly message: string };

/** A site in development: a thread that has its config loaded, replaced when the config changes, and the watch over its files. */
export class DevHost implements DevSite, AsyncDisposable {
  readonly #configFile: string;
  readonly #root: string;
  readonly #tell: (news: DevNews) => void;
  readonly #listeners = new Set<(revision: number) => void>();
  readonly #lost = Promise.withResolvers<void>();
  #revision: number;
  #watch: DevWatch | undefined;
  #worker: DevWorker;
  /** Resolves when the config is loaded, or can't be. */
  #opened = Promise.withResolvers<void>();
  /** Whether the thread that there is now has loaded the config. */
  #hasOpened = false;
  #facts: DevFacts | undefined;
  #files: ReadonlyMap<string, string> = new Map();
  #isReadable = false;
  #records = 0;
  /** Why there is nothing to show: the config, or the data before any was taken in. */
  #failure: DevFailure | undefined;
  #taking: Promise<void> = Promise.resolve();

  private constructor(
    { root, configFile }: Pick<LoadedConfig, "root" | "configFile">,
    now: number,
    tell: (news: DevNews) => void,
  ) {
    this.#root = root;
    this.#configFile = configFile;
    this.#tell = tell;
    this.#revision = now;
    this.#worker = this.#start();
  }

  /**
   * @param now Unix milliseconds: revisions go on from there, so that pages of an earlier process are loaded again
   * @throws RekilnError `config-missing`
   */
  static async start(configFile: string, now: number, tell: (news: DevNews) => void): Promise<DevHost> {
    return new DevHost(await findConfig(configFile), now, tell);
  }

  /** Begins to follow the files; resolves when no change is missed any more. */
  async watch(): Promise<void> {
    this.#watch = await DevWatch.start({
      root: this.#root,
      onChange: async (paths) => this.#changed(paths),
      warn: (message) => this.#tell({ kind: "problem", message }),
    });
    if (this.#facts !== undefined) this.#follow(this.#facts);
    await this.#watch.ready();
  }

  /** Resolves when the folder of the config was deleted or moved: nothing can be shown any more. */
  async lost(): Promise<void> {
    await this.#lost.promise;
  }

  /** Resolves when the config is loaded, or was found broken, and the data is taken in. */
  async settled(): Promise<void> {
    await this.#opened.promise;
    await this.#taking;
  }

  get base(): string {
    return this.#facts?.base ?? "";
  }

  get staticFolder(): string {
    return this.#facts?.static ?? join(this.#root, "static");
  }

  get revision(): number {
    return this.#revision;
  }

  staticFile(key: string): string | undefined {
    return this.#files.get(key);
  }

  onRevision(listener: (revision: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async answer(path: string): Promise<DevAnswer> {
    for (;;) {
      await this.#opened.promise;
      if (this.#failure !== undefined) return { kind: "failed", failure: this.#failure, report: undefined };
      if (!this.#isReadable) {
        await Promise.race([this.#taking, wait(WAIT_FOR_DATA_MS)]);
        if (!this.#isReadable && this.#failure === undefined)
          return { kind: "waiting", forWhat: "data", count: this.#records };
        continue;
      }
      const worker = this.#worker;
      try {
        const reply = await worker.ask({ ask: "answer", path });
        if (reply.kind === "answer") return reply.answer;
        if (reply.kind === "failed") return { kind: "failed", failure: reply.failure, report: undefined };
        throw new Error(`a page was asked for, and ${reply.kind} came`);
      } catch (error) {
        if (!(error instanceof RekilnError)) throw error;
        // Another config was loaded meanwhile: that one answers.
        if (this.#worker !== worker && error.hint === undefined) continue;
        return {
          kind: "failed",
          failure: this.#failureOf(error, `The page at ${path} can't be rendered.`),
          report: undefined,
        };
      }
    }
  }

  #start(): DevWorker {
    this.#hasOpened = false;
    const worker: DevWorker = new DevWorker(
      this.#configFile,
      (reply) => {
        if (worker === this.#worker) this.#told(reply);
      },
      (why) => {
        if (worker === this.#worker) this.#gone(why);
      },
    );
    return worker;
  }

  #told(reply: DevReply): void {
    if (reply.kind === "records") {
      this.#records = reply.count;
      this.#tell({ kind: "records", count: reply.count });
    } else if (reply.kind === "broken") {
      this.#failed(reply.failure);
      this.#opened.resolve();
    } else if (reply.kind === "open") {
      this.#hasOpened = true;
      this.#facts = reply.facts;
      this.#files = reply.files;
      this.#isReadable = reply.isReadable;
      this.#failure = undefined;
      if (reply.failure !== undefined) this.#tell({ kind: "failed", failure: reply.failure });
      this.#follow(reply.facts);
      void this.#takeIn();
      this.#opened.resolve();
    }
  }

  /** Not asked for: it broke down, or a page held it for ever. */
  #gone(why: string): void {
    if (this.#failure !== undefined) return;
    if (this.#isLost()) {
      this.#opened.resolve();
      return;
    }
    if (!this.#hasOpened) {
      // Whatever loading the config does to its thread, it would do again.
      this.#failed(this.#failureOf(`Its thread was given up: ${why}.`, "The config can't be used."));
      this.#opened.resolve();
      return;
    }
    this.#tell({ kind: "problem", message: `A page was given up: ${why}.` });
    this.#opened = Promise.withResolvers();
    this.#worker = this.#start();
  }

  #follow({ modules, data, store }: DevFacts): void {
    this.#watch?.follow([...modules, ...data], store);
  }

  /** Loads the config anew, in a thread of its own: modules are loaded once a thread. */
  async #restart(): Promise<void> {
    const before = this.#worker;
    this.#opened.resolve();
    this.#opened = Promise.withResolvers();
    this.#failure = undefined;
    this.#worker = this.#start();
    await before[Symbol.asyncDispose]();
    await this.#opened.promise;
  }

  /** One after the other: a source is written by one at a time. */
  async #takeIn(): Promise<void> {
    this.#taking = this.#taking.then(async () => this.#takeInNow());
    await this.#taking;
  }

  async #takeInNow(): Promise<void> {
    const started = performance.now();
    const worker = this.#worker;
    const reply = await this.#readAgain("data");
    if (reply?.kind !== "data" || worker !== this.#worker) return;
    this.#records = 0;
    if (!reply.reply.ok) {
      this.#tell({ kind: "failed", failure: reply.reply.failure });
      // Pages of what was taken in before can still be shown.
      this.#isReadable = reply.reply.isReadable;
      if (!this.#isReadable) this.#failure = reply.reply.failure;
      this.#bump();
      return;
    }
    const { changed, problems } = reply.reply.taken;
    this.#failure = undefined;
    const wasReadable = this.#isReadable;
    this.#isReadable = true;
    for (const message of problems.slice(0, PROBLEMS_SHOWN_MAX)) this.#tell({ kind: "problem", message });
    if (problems.length > PROBLEMS_SHOWN_MAX) {
      this.#tell({ kind: "problem", message: `and ${problems.length - PROBLEMS_SHOWN_MAX} more` });
    }
    if (changed > 0 || !wasReadable) this.#bump();
    if (changed > 0) this.#tell({ kind: "taken", changed, ms: performance.now() - started });
  }

  #isLost(): boolean {
    const isLost = !existsSync(this.#root);
    if (isLost) this.#lost.resolve();
    return isLost;
  }

  async #changed(paths: ReadonlySet<string>): Promise<void> {
    if (this.#isLost()) return;
    const started = performance.now();
    const kinds = Map.groupBy(paths, (path) => this.#kindOf(path));
    const { config, data, templates, static: files } = Object.fromEntries(kinds);
    if (config !== undefined) {
      await this.#restart();
      await this.#taking;
    } else {
      if (data !== undefined) await this.#takeIn();
      if (templates !== undefined) {
        const reply = await this.#readAgain("templates");
        if (reply?.kind === "templates" && reply.failure !== undefined) {
          this.#tell({ kind: "failed", failure: reply.failure });
        }
      }
      if (files !== undefined) {
        const reply = await this.#readAgain("assets");
        if (reply?.kind === "assets") this.#files = reply.files;
      }
    }
    const shown = [...(config ?? []), ...(templates ?? []), ...(files ?? [])];
    if (shown.length === 0) return;
    this.#bump();
    const others = shown.length === 1 ? "" : ` and ${shown.length - 1} more`;
    const what = relative(this.#root, shown[0] ?? "") + others;
    this.#tell({ kind: "changed", what, ms: performance.now() - started });
  }

  /** Undefined when the thread ends meanwhile: the next one reads everything. */
  async #readAgain(what: "data" | "templates" | "assets"): Promise<DevReply | undefined> {
    return this.#worker.ask({ ask: what }).catch(() => undefined);
  }

  /** What of the site a file is; while the config is broken any code may mend it. */
  #kindOf(path: string): "config" | "data" | "templates" | "static" | "none" {
    const facts = this.#facts;
    const isIn = (places: readonly string[]): boolean => places.some((place) => path === place || isBelow(place, path));
    if (path === this.#configFile || path === join(this.#root, ".env")) return "config";
    if (facts === undefined || (this.#failure !== undefined && !this.#isReadable)) {
      if (/\.(?:[cm]?[jt]s|json)$/.test(path)) return "config";
      if (facts === undefined) return "none";
    }
    if (isIn(facts.modules)) return "config";
    if (isIn(facts.data)) return "data";
    if (isIn([facts.templates])) return "templates";
    return isIn([facts.static]) ? "static" : "none";
  }

  #failed(failure: DevFailure): void {
    this.#failure = failure;
    this.#isReadable = false;
    this.#tell({ kind: "failed", failure });
  }

  #failureOf(error: unknown, title: string): DevFailure {
    return devFailure(error, { title }, { root: this.#root, modules: [], site: undefined });
  }

  #bump(): void {
    this.#revision++;
    for (const listener of this.#listeners) listener(this.#revision);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What is being done about a change may wait for a thread that never loads its config.
    this.#opened.resolve();
    const watchEnded = this.#watch?.[Symbol.asyncDispose]();
    await this.#worker[Symbol.asyncDispose]();
    await watchEnded;
    await this.#worker[Symbol.asyncDispose]();
  }
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
