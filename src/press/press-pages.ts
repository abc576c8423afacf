import { hash, randomUUID } from "node:crypto";

import type { Clock } from "../core/clock.ts";
import { firstDifference } from "../core/first-difference.ts";
import type { LineDifference } from "../core/first-difference.ts";
import { RekilnError } from "../core/errors.ts";
import type { PageOutcome } from "../core/outcome.ts";
import { digestOf } from "../core/digest.ts";
import type { Digest } from "../core/digest.ts";
import { parsePageKey } from "../core/page.ts";
import type { SitePath } from "../core/path.ts";
import type { PageKey, PageParts } from "../core/page.ts";
import { carriedKey, carrier, extensionOf } from "../core/stamp.ts";
import type { Stamp } from "../core/stamp.ts";
import type { Manifest, ManifestLook } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import type { Snapshot, SourceReader } from "../source/source.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { PageStore } from "../store/store.ts";
import type { LeftOutcome } from "./apply-left.ts";
import { askedBefore, askedByPress } from "./asked-by-press.ts";
import { countPagesQuietly } from "./build-plan.ts";
import { PageBytes } from "./page-bytes.ts";
import { isFarAhead } from "./plan-page.ts";
import { checkEpoch } from "./check-epoch.ts";
import { KnownObjects } from "./known-objects.ts";
import type { PlanContext, SealedPage } from "./plan-page.ts";
import { noteSeen } from "./newest-version.ts";
import { OpenPaths } from "./open-paths.ts";
import { PutAhead } from "./put-ahead.ts";
import { renderPage } from "./render-page.ts";
import type { RenderContext, Rendered } from "./render-page.ts";
import { PageSettler } from "./settle-pages.ts";
import type { Prepared } from "./settle-pages.ts";

const ATTEMPTS_MAX = 8;
/** Pages are written as soon as they are this many bytes together, so that memory stays flat. */
const BATCH_BYTES_MAX = 8 << 20;
/** So many subjects of 16 KB each stay in the snapshot's cache until they are rendered. */
const PREFETCH_PAGES = 64;
/** A transaction is short, so that others get their turn, and little waits in memory for its end. */
const BATCH_PAGES_MAX = 64;
/** While another thread writes, this one goes on until so many pages wait. */
const WAITING_PAGES_MAX = 4 * BATCH_PAGES_MAX;

export interface PressContext extends RenderContext {
  readonly reader: SourceReader;
  readonly manifest: Manifest;
  readonly store: PageStore;
  /** The same store, where it has conditional puts: pages go there side by side. */
  readonly objects?: ObjectStore | undefined;
  readonly staticKeys: ReadonlySet<string>;
  readonly isFirstBuild: boolean;
  /** Newest epoch in which a route's templates, or the code, changed. */
  readonly epochs: ReadonlyMap<string, number>;
  /** Of the whole set of templates. */
  readonly epoch: number;
  readonly clock: Clock;
  /** Called before each page is rendered, so that one that never ends can be named, and with undefined afterwards. */
  readonly onPage: (key: PageKey | undefined) => void;
  /** Runs what writes while no other thread of this process does. Undefined when another one does, and this one isn't to wait for it. */
  readonly inTurn: <T>(work: () => T, waits: boolean) => T | undefined;
}

export interface PressOptions {
  /** Nothing is stored and no index exists yet: pages are created under their own names, rows are only added. */
  readonly isFresh: boolean;
  readonly isDryRun: boolean;
  /** Pages that are known to be as new, and are stored, need no render. */
  readonly trustsVerified: boolean;
  /** As new as this version; undefined is as new as the snapshot. */
  readonly neededVersion?: number | undefined;
  readonly replacesForeign: boolean;
  /** Whether pages that are gone are removed; else they are only reported. */
  readonly removes: boolean;
  /** Whether to tell of the pages behind page 1 of a list. */
  readonly findsFurther: boolean;
  /** Renders a page whose bytes differ a second time, from the same snapshot. */
  readonly comparesRenders?: boolean | undefined;
  /** Pages that aren't rendered, and why: they took too long. */
  readonly failures: ReadonlyMap<PageKey, string>;
  readonly signal: AbortSignal;
}

/** A page of which two renders of one snapshot differ. */
export interface UnstablePage {
  readonly key: PageKey;
  readonly difference: LineDifference;
}

/** Where the time of a press went, in milliseconds. */
export interface PressTimes {
  render: number;
  write: number;
  record: number;
}

export interface Pressed {
  readonly outcomes: readonly PageOutcome[];
  /** Pages that must be pressed once more: another one took or left their path. */
  readonly again: readonly PageKey[];
  /** The pages behind each page 1 that was pressed: its key, and how many pages there are with it. */
  readonly further: readonly { readonly first: PageKey; readonly pages: number }[];
  /** Paths that pages have left, and that became redirects or tombstones. */
  readonly left: readonly LeftOutcome[];
  /** Found where renders were compared. */
  readonly unstable?: readonly UnstablePage[] | undefined;
  /** Of the snapshot. */
  readonly version: number;
  readonly times: PressTimes;
}

/** A page that is about to be put where it doesn't stand yet. */
interface Coming {
  readonly key: PageKey;
  readonly path: SitePath;
}

const hashHex = (text: string): string => hash("sha256", text, "hex");

/**
 * Brings pages up to date: renders them from one snapshot and replaces what differs, in one transaction of the
 * manifest. The only writer of pages.
 */
export async function pressPages(
  context: PressContext,
  keys: readonly PageKey[],
  options: PressOptions,
): Promise<Pressed> {
  const press = new Press(context, options);
  let pending = keys;
  for (let attempt = 0; pending.length > 0; attempt++) {
    if (attempt === ATTEMPTS_MAX) {
      for (const key of pending)
        press.fail(key, `${key}: other writers changed it ${ATTEMPTS_MAX} times while it was pressed`);
      break;
    }
    pending = await press.attempt(pending);
  }
  return press.result();
}

class Press {
  readonly #context: PressContext;
  readonly #options: PressOptions;
  readonly #plan: PlanContext;
  readonly #settler: PageSettler;
  readonly #bytes = new PageBytes();
  readonly #ahead: PutAhead | undefined;
  readonly #further = new Map<PageKey, number>();
  readonly #times: PressTimes = { render: 0, write: 0, record: 0 };
  readonly #nowSeconds: number;
  readonly #unstable: UnstablePage[] = [];
  #version = 0;

  constructor(context: PressContext, options: PressOptions) {
    this.#context = context;
    this.#options = options;
    this.#nowSeconds = Math.floor(context.clock() / 1000);
    const known = context.objects === undefined ? undefined : new KnownObjects(context.store);
    this.#plan = {
      site: context.site,
      store: known ?? context.store,
      staticKeys: context.staticKeys,
      isFirstBuild: context.isFirstBuild,
      replacesForeign: options.replacesForeign,
      nowSeconds: this.#nowSeconds,
      carriedKey: (key) => carriedKey(key, hashHex),
      openPaths: new OpenPaths(context.manifest),
    };
    this.#settler = new PageSettler(this.#plan, options, context.manifest);
    if (known === undefined || context.objects === undefined || options.isDryRun) return;
    const { manifest, objects, epoch } = context;
    const { isFresh, signal, trustsVerified: trustsRows } = options;
    const ahead = { manifest, epoch, objects, known, plan: this.#plan, isFresh, trustsRows, signal };
    this.#ahead = new PutAhead(ahead, randomUUID());
  }

  result(): Pressed {
    const further = [...this.#further].map(([first, pages]) => ({ first, pages }));
    const { outcomes, again, left } = this.#settler;
    const unstable = this.#unstable;
    return { outcomes, again: [...again], further, left, unstable, version: this.#version, times: this.#times };
  }

  fail(key: PageKey, error: string): void {
    this.#settler.fail(key, error);
  }

  /** @returns the pages that must be tried again */
  async attempt(keys: readonly PageKey[]): Promise<readonly PageKey[]> {
    const snapshot = this.#context.reader.snapshot();
    this.#version = snapshot.version;
    const retry: PageKey[] = [];
    let prepared: Prepared[] = [];
    let bytes = 0;
    const parsed = keys.map((key) => ({ key, parts: parsePageKey(key) }));
    let verified: ReadonlySet<unknown> = new Set();
    const look = this.#options.isFresh ? undefined : this.#context.manifest.look(askedBefore(keys));
    const most = Math.max(BATCH_PAGES_MAX, this.#context.manifest.pressedAtOnce.most);
    for (const [place, page] of parsed.entries()) {
      const { key, parts } = page;
      // What is rendered is still recorded.
      if (this.#options.signal.aborted) break;
      if (place % PREFETCH_PAGES === 0) {
        const next = parsed.slice(place, place + PREFETCH_PAGES);
        verified = new Set(
          next.filter(({ key: one, parts: { route } }) => this.#isVerified(look, one, route, snapshot)),
        );
        this.#prefetch(
          next.filter((page) => !verified.has(page)),
          snapshot,
        );
      }
      if (verified.has(page)) {
        this.#noteFurther(key, parts, snapshot, undefined);
        this.#settler.outcomes.push({ kind: "unchanged", reason: "verified", key });
        continue;
      }
      const rendered = await this.#prepare(key, parts, snapshot);
      const counted = rendered.rendered.kind === "page" ? rendered.rendered.pages : undefined;
      this.#noteFurther(key, parts, snapshot, counted);
      prepared.push(rendered);
      bytes += rendered.content?.length ?? 0;
      if (bytes < BATCH_BYTES_MAX && prepared.length < most) continue;
      // What is staged has to be settled.
      const waits = !this.#options.isFresh || bytes >= BATCH_BYTES_MAX || prepared.length >= WAITING_PAGES_MAX;
      const finished = await this.#finish(prepared, snapshot, look, waits);
      if (finished === undefined) continue;
      retry.push(...finished);
      prepared = [];
      bytes = 0;
    }
    retry.push(...((await this.#finish(prepared, snapshot, look, true)) ?? []));
    return retry;
  }

  /** Asks at once for the subjects of pages that are rendered one after the other. */
  #prefetch(pages: readonly { readonly parts: PageParts }[], snapshot: Snapshot): void {
    const ids = new Map<string, string[]>();
    for (const { parts } of pages) {
      const each = this.#context.site.routes.get(parts.route)?.each;
      if (each?.kind !== "entity" || typeof parts.subject !== "string") continue;
      const wanted = ids.get(each.type) ?? [];
      ids.set(each.type, wanted);
      wanted.push(parts.subject);
    }
    for (const [type, wanted] of ids) if (wanted.length > 1) snapshot.prefetch(type, wanted);
  }

  /** @param counted how many pages the subject has, if that is known */
  #noteFurther(key: PageKey, parts: PageParts, snapshot: Snapshot, counted: number | undefined): void {
    const { site } = this.#context;
    if (!this.#options.findsFurther || parts.number > 1 || site.routes.get(parts.route)?.list === undefined) return;
    const pages = counted ?? countPagesQuietly(site, parts, snapshot);
    if (pages > 1) this.#further.set(key, pages);
  }

  /** @returns the pages that must be tried again; undefined when another thread writes */
  async #finish(
    prepared: readonly Prepared[],
    snapshot: Snapshot,
    look: ManifestLook | undefined,
    waits: boolean,
  ): Promise<readonly PageKey[] | undefined> {
    if (prepared.length === 0) return [];
    const ahead = this.#ahead;
    if (ahead !== undefined) return this.#finishAhead(ahead, prepared, snapshot, look);
    let retry: readonly PageKey[] | undefined = [];
    try {
      // Creating files under their own names is what a turn is for; what is staged disturbs nobody.
      if (!this.#options.isFresh) this.#stageAll(prepared);
      retry = this.#context.inTurn(() => {
        if (this.#options.isFresh) this.#stageAll(prepared);
        return this.#settle(prepared, snapshot);
      }, waits);
    } finally {
      // What is kept for another turn stays; on a full disk nothing else may.
      if (retry !== undefined) {
        for (const { staged } of prepared) if (staged !== undefined) this.#context.store.discard(staged);
      }
    }
    return retry;
  }

  async #finishAhead(
    ahead: PutAhead,
    prepared: readonly Prepared[],
    snapshot: Snapshot,
    look: ManifestLook | undefined,
  ): Promise<readonly PageKey[]> {
    const started = performance.now();
    const again = await ahead.put(prepared, snapshot, look);
    this.#times.write += performance.now() - started;
    const rest = prepared.filter(({ key }) => !again.has(key));
    try {
      const settle = (): readonly PageKey[] => this.#settler.undoable(() => this.#settle(rest, snapshot));
      return [...again, ...(this.#context.inTurn(settle, true) ?? [])];
    } catch (error) {
      // What stands in the way of a redirect or a tombstone has just changed.
      if (!(error instanceof RekilnError) || error.code !== "store-conflict") throw error;
      ahead.distrust();
      return prepared.map(({ key }) => key);
    }
  }

  #stageAll(prepared: readonly Prepared[]): void {
    const started = performance.now();
    this.#openPaths(prepared.flatMap((page) => this.#stage(page) ?? []));
    this.#times.write += performance.now() - started;
  }

  #settle(prepared: readonly Prepared[], snapshot: Snapshot): readonly PageKey[] {
    const { manifest } = this.#context;
    const started = performance.now();
    const retry = this.#options.isDryRun
      ? this.#settler.settle(prepared, snapshot, manifest, undefined)
      : manifest.transact(
          (transaction) => {
            checkEpoch(manifest, this.#context.epoch);
            noteSeen(manifest, snapshot.version);
            const { outcomes } = this.#settler;
            const before = outcomes.length;
            const unsettled = this.#settler.settle(prepared, snapshot, transaction, transaction);
            this.#ahead?.settled(prepared, outcomes.slice(before), transaction);
            return unsettled;
          },
          false,
          this.#options.isFresh ? {} : askedByPress(prepared),
        );
    this.#times.record += performance.now() - started;
    return retry;
  }

  /** Notes where pages are about to be put that don't stand there yet: a commit of its own, before the first of them is. */
  #openPaths(coming: readonly Coming[]): void {
    if (coming.length === 0) return;
    this.#context.manifest.transact(() => {
      for (const { key, path } of coming) this.#plan.openPaths.open(key, path);
    });
  }

  /** Whether a page is known to be as new as this snapshot and these templates, and is stored. */
  #isVerified(look: ManifestLook | undefined, key: PageKey, route: string, snapshot: Snapshot): boolean {
    if (!this.#options.trustsVerified || look === undefined) return false;
    const row = look.page(key);
    if (row?.published === undefined || row.error !== undefined) return false;
    if (row.due !== undefined && row.due <= this.#nowSeconds) return false;
    if (isFarAhead(row.published.stamp, this.#nowSeconds)) return false;
    if (row.verified.version < (this.#options.neededVersion ?? snapshot.version)) return false;
    if (row.verified.epoch < this.#epochOf(route)) return false;
    if (this.#plan.openPaths.asOf(look).of(key).length > 0) return false;
    // What stands there was put under the row's own token; asking each time would cost as much as a put.
    if (this.#context.objects !== undefined) return true;
    const parsed = parsePath(row.published.path);
    return parsed.ok && this.#context.store.etag(parsed.key) === row.published.etag;
  }

  #epochOf(route: string): number {
    return this.#context.epochs.get(route) ?? 0;
  }

  async #prepare(key: PageKey, parts: PageParts, snapshot: Snapshot): Promise<Prepared> {
    const started = performance.now();
    this.#context.onPage(key);
    const failure = this.#options.failures.get(key);
    const rendered: Rendered =
      failure === undefined
        ? await renderPage(this.#context, key, snapshot, this.#nowSeconds)
        : { kind: "failed", error: failure, isTemplateBroken: false, located: undefined, edges: [], due: undefined };
    this.#context.onPage(undefined);
    const time = rendered.kind === "page" ? rendered.time : 0;
    const stamp: Stamp = { epoch: this.#epochOf(parts.route), version: snapshot.version, time };
    const prepared =
      rendered.kind === "page"
        ? { key, stamp, ...this.#seal(key, rendered, stamp), staged: undefined, created: undefined }
        : { key, stamp, rendered, content: undefined, staged: undefined, created: undefined };
    if (rendered.kind === "page" && prepared.rendered.kind === "page") {
      await this.#compare(key, rendered.content, prepared.rendered.digest, snapshot);
    }
    this.#times.render += performance.now() - started;
    return prepared;
  }

  /** A page that is about to change is rendered once more, where that is asked for: does it come out the same? */
  async #compare(key: PageKey, content: string, digest: Digest, snapshot: Snapshot): Promise<void> {
    if (this.#options.comparesRenders !== true) return;
    const published = this.#context.manifest.page(key)?.published;
    if (published === undefined || published.digest === digest) return;
    const again = await renderPage(this.#context, key, snapshot, this.#nowSeconds);
    if (again.kind !== "page" || again.content === content) return;
    this.#unstable.push({ key, difference: firstDifference(content, again.content) });
  }

  /** A page's bytes with its stamp, made once, and the digest of those before the stamp. */
  #seal(
    key: PageKey,
    { content: text, ...rendered }: Rendered & { readonly kind: "page" },
    stamp: Stamp,
  ): { readonly rendered: SealedPage; readonly content: Uint8Array } {
    const tail = carrier(extensionOf(rendered.located.key), stamp, this.#plan.carriedKey(key));
    const content = this.#bytes.of(text + tail);
    // A carrier is ASCII.
    const digest = digestOf(content.subarray(0, content.length - tail.length));
    return { rendered: { ...rendered, digest }, content };
  }

  /**
   * Writes the bytes of a page that will be written by all we know, outside of the transaction.
   *
   * @returns where it is about to be put, when it doesn't stand there yet
   */
  #stage(page: Prepared): Coming | undefined {
    const { key, rendered, content } = page;
    if (this.#options.isDryRun || content === undefined || rendered.kind !== "page") return undefined;
    const { store, manifest } = this.#context;
    const { key: objectKey, collisionKey, path } = rendered.located;
    if (this.#options.isFresh) {
      if (!this.#context.staticKeys.has(collisionKey)) page.created = store.create(objectKey, content);
      return undefined;
    }
    const published = manifest.page(key)?.published;
    const isThere = published?.path === path;
    const isEqual = isThere && published.digest === rendered.digest && !isFarAhead(published.stamp, this.#nowSeconds);
    if (isEqual && store.etag(objectKey) === published.etag) return undefined;
    page.staged = store.stage(objectKey, content);
    return isThere ? undefined : { key, path };
  }
}
