import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import { messageOf } from "../core/errors.ts";
import type { PageKey } from "../core/page.ts";
import type { Asset } from "../press/assets.ts";
import { otherKeyOrder } from "../press/other-key-order.ts";
import { renderPage } from "../press/render-page.ts";
import { createEtaRenderer } from "../render/eta-renderer.ts";
import type { TemplateSet } from "../render/template-set.ts";
import { codeFingerprint } from "../site/fingerprint.ts";
import { loadConfig } from "../site/load-config.ts";
import { EntityReader } from "../source/entity-reader.ts";
import { configChanged } from "./config-changed.ts";
import { fromPlain, toPlain } from "./plain-error.ts";
import type { PlainError } from "./plain-error.ts";

/** Longest that a page may take, as in a build. */
const RENDER_TIME_MAX_MS = 10_000;

/** What a page must not be able to tell. */
export interface Circumstances {
  /** How far the process's clock, which stands still, is ahead; `read.now` is the same everywhere. */
  readonly clockAheadMs: number;
  readonly timeZone: string;
  /** For `LC_ALL`: what numbers, dates and comparisons go by when no language is given. */
  readonly language: string;
  readonly turnsKeys: boolean;
  /** From the last page to the first: whether what was rendered before shows. */
  readonly turnsPages: boolean;
}

/** Plain data. */
interface SampleSetup {
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly codeFingerprint: string;
  readonly templates: TemplateSet;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly entityFile: string;
  readonly keys: readonly PageKey[];
  /** Unix seconds. */
  readonly nowSeconds: number;
  readonly circumstances: Circumstances;
}

export type SampledPage =
  | { readonly kind: "page"; readonly key: PageKey; readonly path: string; readonly content: string }
  | { readonly kind: "failed"; readonly key: PageKey; readonly error: string }
  | { readonly kind: "none"; readonly key: PageKey };

type SampleReply =
  /** A page is begun. */
  | { readonly kind: "begun"; readonly key: PageKey }
  | { readonly kind: "rendered"; readonly page: SampledPage }
  | { readonly kind: "ended"; readonly version: number }
  | { readonly kind: "broken"; readonly error: PlainError };

const ENTRY = fileURLToPath(new URL(`../../workers/sample-process${import.meta.url.slice(-3)}`, import.meta.url));

/** The life of the process: it renders what it is sent, and ends. */
export async function runSampleProcess(): Promise<void> {
  const send = (reply: SampleReply): void => void process.send?.(reply);
  // `renderSample` sends nothing else.
  const setup = await new Promise<SampleSetup>((resolve) =>
    process.once("message", (sent) => resolve(sent as SampleSetup)),
  );
  const { circumstances } = setup;
  // Before anything of the site is loaded.
  stopClock(setup.nowSeconds * 1000 + circumstances.clockAheadMs);
  try {
    const { site, code } = await loadConfig(setup.configFile, setup.environment);
    if (codeFingerprint(code) !== setup.codeFingerprint) throw configChanged();
    using reader = new EntityReader(setup.entityFile, site.entities);
    const snapshot = circumstances.turnsKeys ? otherKeyOrder(reader.snapshot()) : reader.snapshot();
    const context = {
      site,
      renderer: createEtaRenderer(setup.templates),
      assets: setup.assets,
      useAsset: () => undefined,
    };
    for (const key of circumstances.turnsPages ? setup.keys.toReversed() : setup.keys) {
      send({ kind: "begun", key });
      const rendered = await renderPage(context, key, snapshot, setup.nowSeconds);
      send({ kind: "rendered", page: sampled(key, rendered) });
    }
    send({ kind: "ended", version: snapshot.version });
  } catch (error) {
    send({ kind: "broken", error: toPlain(error) });
  }
  process.disconnect();
}

function sampled(key: PageKey, rendered: Awaited<ReturnType<typeof renderPage>>): SampledPage {
  switch (rendered.kind) {
    case "page":
      return { kind: "page", key, path: rendered.located.path, content: rendered.content };
    case "failed":
      return { kind: "failed", key, error: rendered.error };
    case "none":
      return { kind: "none", key };
  }
}

/** From now on it is always the same moment in this process. A date that is given is the date that is given. */
function stopClock(ms: number): void {
  const RealDate = Date;
  const now = (): number => ms;
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(ms).toString(),
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length === 0 ? [ms] : given, newTarget) as object,
    get: (target, property, receiver) =>
      property === "now" ? now : (Reflect.get(target, property, receiver) as unknown),
  });
}

/**
 * Renders pages in a process of their own, in circumstances of its own. A page that takes too long fails, and with it those behind it.
 *
 * @throws what the process ended by, and when `signal` is aborted
 */
export async function renderSample(
  setup: SampleSetup,
  signal: AbortSignal,
): Promise<{ readonly pages: ReadonlyMap<PageKey, SampledPage>; readonly version: number }> {
  const { timeZone, language } = setup.circumstances;
  const child = fork(ENTRY, [], {
    env: { ...process.env, TZ: timeZone, LC_ALL: language, LANG: language, LANGUAGE: "" },
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    signal,
    killSignal: "SIGKILL",
  });
  const pages = new Map<PageKey, SampledPage>();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let underWay: PageKey | undefined;
  let timer: NodeJS.Timeout | undefined;
  const onTime = (): void => {
    if (underWay === undefined) return;
    const seconds = RENDER_TIME_MAX_MS / 1000;
    pages.set(underWay, {
      kind: "failed",
      key: underWay,
      error: `${underWay}: took longer than ${seconds} s to render`,
    });
    resolve(-1);
  };
  child.on("message", (sent) => {
    // `runSampleProcess` sends nothing else.
    const reply = sent as SampleReply;
    clearTimeout(timer);
    if (reply.kind === "begun") {
      underWay = reply.key;
      timer = setTimeout(onTime, RENDER_TIME_MAX_MS);
    } else if (reply.kind === "rendered") pages.set(reply.page.key, reply.page);
    else if (reply.kind === "ended") resolve(reply.version);
    else reject(fromPlain(reply.error));
  });
  child.on("error", reject);
  child.on("exit", (code) =>
    reject(new Error(`rendering ${underWay ?? "a sample"} ended its process with code ${String(code)}`)),
  );
  child.send(setup, (error) => error && reject(error));
  try {
    return { pages, version: await promise };
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(messageOf(error), { cause: error });
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}
