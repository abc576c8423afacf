import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

import { contentTypeOf } from "../core/content-type.ts";
import type { PageKey } from "../core/page.ts";
import { parsePageKey } from "../core/page.ts";
import type { SitePath } from "../core/path.ts";
import type { Assets } from "../press/assets.ts";
import { ownerOfPath } from "../press/owner-of-path.ts";
import { renderPage } from "../press/render-page.ts";
import { readAssets } from "../press/static-files.ts";
import { TellingRecorder } from "../press/telling-recorder.ts";
import { createEtaRenderer } from "../render/eta-renderer.ts";
import type { Renderer } from "../render/renderer.ts";
import { readTemplates } from "../render/template-set.ts";
import type { DevAnswer, DevFailure, DevReport } from "../serve/dev-answer.ts";
import { codeFingerprint } from "../site/fingerprint.ts";
import { loadConfig } from "../site/load-config.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { encodePath, parsePath } from "../site/path.ts";
import type { TemplateModel } from "../site/site.ts";
import type { FilesFollower } from "../source/files-follower.ts";
import { FilesSource } from "../source/files-source.ts";
import type { SourceReader } from "../source/source.ts";
import { devFactsOf, devTakenOf, staticFilesOf } from "./dev-facts.ts";
import type { DevFacts, DevTaken } from "./dev-facts.ts";
import { devFailure } from "./dev-failure.ts";
import { firstVersionOf } from "./first-version.ts";
import { openSource } from "./open-source.ts";
import { PathScan } from "./path-scan.ts";
import { siteEnvironment } from "./site-environment.ts";
import { siteFolders } from "./site-folders.ts";

/** Longest that a page may take. One that never lets go of its thread is ended by whoever started the thread. */
const RENDER_TIME_MAX_MS = 10_000;
/** After so long a browser is told that its path is being looked for. */
const FIND_TIME_MAX_MS = 3000;

/** Told while a page is rendered: a thread that hangs in one is ended. */
export type OnRendering = (isRendering: boolean) => void;

/** A site whose pages are rendered when they are asked for, from its files as they are. */
export class OpenDevSite implements AsyncDisposable {
  readonly facts: DevFacts;
  readonly #config: LoadedConfig;
  readonly #source: ReturnType<typeof openSource>;
  readonly #onRendering: OnRendering;
  readonly #stop = new AbortController();
  #renderer: Renderer | undefined;
  #templateFailure: DevFailure | undefined;
  #assets: Assets = new Map();
  #reader: SourceReader | undefined;
  #scan: PathScan | undefined;
  #follower: FilesFollower | undefined;
  /** The version that was taken in last. */
  #shown: number | undefined;
  #lastPage: Promise<unknown> = Promise.resolve();

  private constructor(config: LoadedConfig, onRendering: OnRendering) {
    const folders = siteFolders(config);
    mkdirSync(folders.state, { recursive: true, mode: 0o750 });
    this.facts = devFactsOf(config);
    this.#config = config;
    this.#source = openSource(config, { firstVersion: firstVersionOf(config) });
    this.#onRendering = onRendering;
  }

  /** @throws what `loadConfig` throws */
  static async open(configFile: string, onRendering: OnRendering): Promise<OpenDevSite> {
    const config = await loadConfig(configFile, siteEnvironment(configFile));
    const site = new OpenDevSite(config, onRendering);
    site.loadTemplates();
    await site.loadAssets();
    // What was taken in before can be looked at while it is compared with what there is now.
    if (site.#source.hasTables()) site.#openReader();
    return site;
  }

  /** Whether there is data to make pages of. */
  get isReadable(): boolean {
    return this.#reader !== undefined;
  }

  /** Reads all templates. @returns what is wrong with them */
  loadTemplates(): DevFailure | undefined {
    try {
      this.#renderer = createEtaRenderer(readTemplates(this.facts.templates));
      this.#templateFailure = undefined;
    } catch (error) {
      this.#templateFailure = this.#failure(error, "A template can't be used.");
    }
    return this.#templateFailure;
  }

  /** Reads all files of `static/`. @returns the files by the keys that they answer at */
  async loadAssets(): Promise<ReadonlyMap<string, string>> {
    this.#assets = (await readAssets(this.facts.static)).assets;
    return staticFilesOf(this.#assets);
  }

  get staticFiles(): ReadonlyMap<string, string> {
    return staticFilesOf(this.#assets);
  }

  /** Takes in the data if it changed. @throws what `Source.refresh` throws: what was taken in before stays */
  async takeIn(progress: (records: number) => void): Promise<DevTaken> {
    const source = this.#source;
    const { signal } = this.#stop;
    let report = await this.#follower?.takeIn();
    if (report === undefined) {
      const isCurrent = "isCurrent" in source && source.hasTables() && (await source.isCurrent(signal));
      report = isCurrent ? undefined : await source.refresh(progress, signal);
      if (source instanceof FilesSource) void this.#follow(source);
    }
    if (this.#reader === undefined) this.#openReader();
    else void this.#scan?.update();
    const version = source.version();
    const isOther = this.#shown !== undefined && this.#shown !== version;
    this.#shown = version;
    return devTakenOf(report, isOther);
  }

  /** From now on edits are followed, as soon as what they are compared with is read. */
  async #follow(source: FilesSource): Promise<void> {
    this.#follower = undefined;
    const follower = source.follower();
    // A file that is gone again, or can't be read: the next refresh says so.
    const isReady = await follower.remember().then(
      () => true,
      () => false,
    );
    if (isReady) this.#follower = follower;
  }

  #openReader(): void {
    const { site, code } = this.#config;
    this.#reader = this.#source.reader();
    const file = join(siteFolders(this.#config).state, "dev-paths.db");
    this.#scan = new PathScan(site, this.#source, file, codeFingerprint(code));
    void this.#scan.update();
  }

  /** What stands at a path: decoded, without the base. */
  async answer(path: string): Promise<DevAnswer> {
    if (this.#templateFailure !== undefined) {
      return { kind: "failed", failure: this.#templateFailure, report: undefined };
    }
    const found = await this.#find(path);
    if (found !== undefined) return found;
    const missing = parsePath("/404.html");
    const own = missing.ok ? await this.#render(missing.path) : undefined;
    if (own?.kind === "failed") return own;
    return { kind: "missing", page: own?.kind === "page" ? own.content : undefined };
  }

  async #find(path: string): Promise<DevAnswer | undefined> {
    const parsed = parsePath(path);
    const started = performance.now();
    for (;;) {
      const isLast = this.#scan?.isRunning !== true;
      const found = (parsed.ok ? await this.#render(parsed.path) : undefined) ?? (await this.#inFolder(path));
      if (found !== undefined || isLast) return found;
      if (performance.now() - started > FIND_TIME_MAX_MS) {
        return { kind: "waiting", forWhat: "path", count: this.#scan?.count ?? 0 };
      }
      await this.#scan?.step();
    }
  }

  /** Where a page is at the path with a slash behind it. */
  async #inFolder(path: string): Promise<DevAnswer | undefined> {
    const folder = path.endsWith("/") ? undefined : parsePath(`${path}/`);
    if (folder?.ok !== true || (await this.#render(folder.path)) === undefined) return undefined;
    return { kind: "moved", location: encodePath(this.facts.base, folder.path) };
  }

  /** One page after the other: a snapshot is good until the next one. */
  async #render(path: SitePath): Promise<DevAnswer | undefined> {
    const page = this.#lastPage.then(async () => this.#renderNow(path));
    this.#lastPage = page.catch(() => undefined);
    return page;
  }

  async #renderNow(path: SitePath): Promise<DevAnswer | undefined> {
    const [reader, scan, renderer] = [this.#reader, this.#scan, this.#renderer];
    if (reader === undefined || scan === undefined || renderer === undefined) return undefined;
    const { site } = this.#config;
    const snapshot = reader.snapshot();
    const key = ownerOfPath(site, snapshot, scan, path);
    if (key === undefined) return undefined;
    const context = { site, renderer, assets: this.#assets, useAsset: () => undefined };
    const recorder = new TellingRecorder([...site.entities.keys()]);
    const started = performance.now();
    const giveUp = new AbortController();
    this.#onRendering(true);
    try {
      const rendered = await Promise.race([
        renderPage(context, key, snapshot, Math.floor(Date.now() / 1000), recorder),
        wait(RENDER_TIME_MAX_MS, undefined, { signal: giveUp.signal }),
      ]);
      const report = this.#report(key, recorder, performance.now() - started, snapshot.version);
      scan.note(recorder.entities(), snapshot);
      if (rendered?.kind === "none") return undefined;
      if (rendered?.kind === "page") {
        return { kind: "page", content: rendered.content, contentType: contentTypeOf(rendered.located.key), report };
      }
      const thrown =
        rendered === undefined
          ? new Error(`it took longer than ${RENDER_TIME_MAX_MS / 1000} s to render`)
          : (rendered.thrown ?? new Error(rendered.error));
      return { kind: "failed", failure: this.#failure(thrown, `The page ${key} can't be rendered.`, key), report };
    } finally {
      this.#onRendering(false);
      giveUp.abort();
    }
  }

  #report(key: PageKey, recorder: TellingRecorder, ms: number, version: number): DevReport {
    const { route } = parsePageKey(key);
    const template = this.#config.site.routes.get(route)?.template;
    return { page: key, route, template: nameOf(template), ms, version, reads: recorder.reads() };
  }

  #failure(thrown: unknown, title: string, page?: PageKey): DevFailure {
    const { root, modules } = this.facts;
    const what = page === undefined ? { title } : { title, page };
    return devFailure(thrown, what, { root, modules, site: this.#config.site });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#scan?.end();
    await this.#lastPage;
    this.#scan?.[Symbol.dispose]();
    this.#reader?.[Symbol.dispose]();
    this.#source[Symbol.dispose]();
  }
}

function nameOf(template: TemplateModel | undefined): string {
  switch (template?.kind) {
    case "eta":
      return `templates/${template.name}.eta`;
    case "json":
      return "json";
    case "function":
      return "a function of the config";
    case undefined:
      return "";
  }
}
