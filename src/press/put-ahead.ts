import type { PageOutcome, WriteReason } from "../core/outcome.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { ObjectKey } from "../core/path.ts";
import { contentTypeOf } from "../core/content-type.ts";
import type { Manifest, ManifestLook, ManifestTransaction, PageRow } from "../manifest/manifest.ts";
import { parsePath } from "../site/path.ts";
import type { Snapshot } from "../source/source.ts";
import { compress } from "../store/compress.ts";
import type { HeadOutcome, ObjectEtag, ObjectStore, Put, PutCondition } from "../store/object-store.ts";
import { troubleError } from "../store/trouble-error.ts";
import type { StoredObject } from "../store/store.ts";
import { askedByPress } from "./asked-by-press.ts";
import { checkEpoch } from "./check-epoch.ts";
import type { KnownObjects } from "./known-objects.ts";
import { newestRemoval, noteSeen } from "./newest-version.ts";
import { planPage } from "./plan-page.ts";
import type { PlanContext } from "./plan-page.ts";
import { isOutdated, mayBeRemoved } from "./settle-pages.ts";
import type { Prepared } from "./settle-pages.ts";

export interface PutAheadContext {
  readonly manifest: Manifest;
  /** Of the whole set of templates. */
  readonly epoch: number;
  readonly objects: ObjectStore;
  readonly known: KnownObjects;
  readonly plan: PlanContext;
  /** Nothing is stored, and no index exists yet. */
  readonly isFresh: boolean;
  /** Whether what is stored is what the manifest says, unless a put tells otherwise. */
  readonly trustsRows: boolean;
  readonly signal: AbortSignal;
}

const RECORDED: ReadonlySet<PageOutcome["kind"]> = new Set(["written", "unchanged", "collided"]);

/** A page's put on its way. */
interface Ahead {
  readonly page: Prepared;
  readonly objectKey: ObjectKey;
  readonly reason: WriteReason;
  readonly put: Put;
}

/**
 * Puts pages into a store with conditional puts, before they are settled. What they read is committed first, so that whoever changes it
 * meanwhile finds them; each is put under the condition that what the plan was made for is still there. Settled afterwards, a page that
 * was put finds its very bytes in place.
 */
export class PutAhead {
  readonly #context: PutAheadContext;
  /** Names this press in the manifest. */
  readonly #press: string;
  /** Objects of which the manifest was wrong: another writer's put is not recorded yet. */
  readonly #distrusted = new Set<ObjectKey>();
  #trustsRows: boolean;
  /** Of a first build: they may still land. */
  #unanswered: Ahead[] = [];
  #round = 0;

  constructor(context: PutAheadContext, press: string) {
    this.#context = context;
    this.#press = press;
    this.#trustsRows = context.trustsRows;
  }

  /**
   * @param look at the pages' rows, however long ago: where they aren't the newest any more, the put's condition fails
   * @returns the pages that must be pressed again: something else is stored than was known
   */
  async put(
    prepared: readonly Prepared[],
    snapshot: Snapshot,
    look: ManifestLook | undefined,
  ): Promise<ReadonlySet<PageKey>> {
    await this.#learn(prepared, look);
    this.#round++;
    const ahead = this.#context.isFresh
      ? prepared.flatMap((page) => this.#fresh(page))
      : this.#plan(prepared, snapshot);
    const outcomes = await this.#context.objects.putMany(
      ahead.map(({ put }) => put),
      this.#context.signal,
    );
    const again = new Set<PageKey>();
    for (const [place, outcome] of outcomes.entries()) {
      const one = ahead[place];
      if (one === undefined) continue;
      switch (outcome.kind) {
        case "put":
          this.#note(one, outcome.etag);
          break;
        // Something else is there, or our own earlier put: what is stored tells.
        case "precondition-failed":
        case "conflict":
        case "absent":
        case "unknown":
          this.#distrusted.add(one.objectKey);
          this.#context.known.forget(one.objectKey);
          // Of a first build it is pressed again once there are indexes; then what it meant to put tells of its path.
          if (this.#context.isFresh) this.#unanswered.push(one);
          else again.add(one.page.key);
          break;
        case "throttled":
        case "unreachable":
        case "deferred":
        case "refused":
          throw troubleError(outcome, this.#context.objects.name);
      }
    }
    return again;
  }

  /** What stands in the store isn't what the manifest, or an answer, said: from now on the store itself is asked. */
  distrust(): void {
    this.#trustsRows = false;
    this.#context.known.clear();
  }

  /** Forgets what was intended of pages that are recorded now, as `outcomes` tell. Within the transaction that records them. */
  settled(prepared: readonly Prepared[], outcomes: readonly PageOutcome[], transaction: ManifestTransaction): void {
    if (this.#context.isFresh) {
      for (const { page } of this.#unanswered) this.#intend(page, transaction);
      this.#unanswered = [];
      return;
    }
    // A page that failed, or that newer data has, may still get the bytes of an older press.
    const recorded = new Set(outcomes.filter(({ kind }) => RECORDED.has(kind)).map(({ key }) => key));
    for (const { key, stamp } of prepared) {
      if (recorded.has(key)) transaction.settleIntents(key, this.#name, stamp.version);
    }
  }

  /** Of this round: what an earlier one has put may still land. */
  get #name(): string {
    return `${this.#press}-${this.#round}`;
  }

  #note({ page, objectKey, reason }: Ahead, etag: ObjectEtag): void {
    const { rendered, content, stamp, key } = page;
    if (rendered.kind !== "page" || content === undefined) return;
    page.put = { etag, reason };
    const carried = { stamp, key: this.#context.plan.carriedKey(key) };
    this.#context.known.learn(objectKey, { etag, bytes: content.length, digest: rendered.digest, carried });
  }

  /** What is known of the objects of these pages without being asked for, and what is asked for at once. */
  async #learn(prepared: readonly Prepared[], look: ManifestLook | undefined): Promise<void> {
    const { known, objects, isFresh, signal, plan } = this.#context;
    const asked: ObjectKey[] = [];
    const recordedEtags = new Map<ObjectKey, string>();
    const recordedKeys = new Set<ObjectKey>();
    for (const { key, rendered } of prepared) {
      const row = look?.page(key);
      const recorded = recordedObject(row, plan.carriedKey(key));
      if (recorded !== undefined) {
        // Where a page isn't put, no put tells that another one's bytes have come there, and others may be settled by that before it is.
        const stays = rendered.kind === "page" && rendered.located.key === recorded.key;
        const isTrusted = this.#trustsRows && stays && !this.#distrusted.has(recorded.key);
        // One page was put over another one, whose row doesn't say so yet: it is asked for when it is needed.
        if (recordedKeys.has(recorded.key)) known.forget(recorded.key);
        else if (isTrusted) known.learn(recorded.key, recorded.stored);
        else recordedEtags.set(recorded.key, recorded.stored.etag);
        recordedKeys.add(recorded.key);
      }
      if (rendered.kind !== "page" || known.knows(rendered.located.key)) continue;
      if (isFresh) known.learn(rendered.located.key, undefined);
      else asked.push(rendered.located.key);
    }
    if (asked.length === 0) return;
    const outcomes = await objects.headMany(asked, signal);
    for (const [place, outcome] of outcomes.entries()) {
      const key = asked[place];
      if (key === undefined) continue;
      const recorded = recordedEtags.get(key);
      // Somebody may have changed its bytes and left its headers.
      const isAltered = outcome.kind === "found" && recorded !== undefined && recorded !== outcome.head.etag;
      if (isAltered) known.learnBytes(key);
      else this.#learnHead(key, outcome);
    }
  }

  #learnHead(key: ObjectKey, outcome: HeadOutcome): void {
    const { known, objects } = this.#context;
    if (outcome.kind === "absent") known.learn(key, undefined);
    else if (outcome.kind !== "found") throw troubleError(outcome, objects.name);
    else {
      const { etag, bytes, carried, digest } = outcome.head;
      // Headers may be lost where somebody copies objects about: then its bytes are read when they are needed.
      if (carried !== undefined && digest !== undefined) known.learn(key, { etag, bytes, carried, digest });
    }
  }

  #fresh(page: Prepared): readonly Ahead[] {
    if (page.rendered.kind !== "page") return [];
    if (this.#context.plan.staticKeys.has(page.rendered.located.collisionKey)) return [];
    return this.#ahead(page, "new", { ifNoneMatch: "*" });
  }

  /** Decides which pages are put, and commits what they read. */
  #plan(prepared: readonly Prepared[], snapshot: Snapshot): readonly Ahead[] {
    const { manifest, epoch, plan, known } = this.#context;
    const plans = (transaction: ManifestTransaction): readonly Ahead[] => {
      checkEpoch(manifest, epoch);
      // The bytes may land though nobody lives to record them.
      noteSeen(manifest, snapshot.version);
      const ahead: Ahead[] = [];
      const removal = newestRemoval(manifest);
      for (const page of prepared) {
        const { key, rendered, stamp } = page;
        if (rendered.kind !== "page" || isOutdated(page, transaction)) continue;
        if (mayBeRemoved(page, transaction, removal)) continue;
        const planned = planPage(plan, transaction, snapshot, key, rendered, stamp);
        if (planned.do !== "write") continue;
        this.#intend(page, transaction);
        const etag = known.etag(rendered.located.key);
        // The tokens that a store of objects gives out come back to it.
        const condition = etag === undefined ? { ifNoneMatch: "*" as const } : { ifMatch: etag as ObjectEtag };
        ahead.push(...this.#ahead(page, planned.reason, condition));
      }
      return ahead;
    };
    return manifest.transact(plans, false, askedByPress(prepared));
  }

  #intend({ key, rendered, stamp }: Prepared, transaction: ManifestTransaction): void {
    if (rendered.kind !== "page") return;
    transaction.intend(key, this.#name, stamp.version, rendered.located.path, rendered.edges);
  }

  #ahead(page: Prepared, reason: WriteReason, condition: PutCondition): readonly Ahead[] {
    const { rendered, content, stamp, key } = page;
    if (rendered.kind !== "page" || content === undefined) return [];
    const { site, carriedKey } = this.#context.plan;
    const objectKey = rendered.located.key;
    const encoding = site.store.kind === "s3" ? site.store.compress : undefined;
    const packed = encoding === undefined ? undefined : compress(objectKey, content, encoding);
    const route = site.routes.get(parsePageKey(key).route);
    const headers = {
      contentType: contentTypeOf(objectKey),
      contentEncoding: packed === undefined ? undefined : encoding,
      cacheControl: route?.cacheControl,
      cacheTags: route?.cacheTags,
      carried: { stamp, key: carriedKey(key) },
      digest: rendered.digest,
    };
    return [{ page, objectKey, reason, put: { key: objectKey, content: packed ?? content, headers, condition } }];
  }
}

/** The object of a page as its row tells of it. */
function recordedObject(
  row: PageRow | undefined,
  carriedKey: string,
): { readonly key: ObjectKey; readonly stored: StoredObject } | undefined {
  if (row?.published === undefined) return undefined;
  const { path, etag, bytes, digest, stamp } = row.published;
  const parsed = parsePath(path);
  if (!parsed.ok) return undefined;
  return { key: parsed.key, stored: { etag, bytes, digest, carried: { stamp, key: carriedKey } } };
}
