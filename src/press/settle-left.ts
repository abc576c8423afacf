import type { Clock } from "../core/clock.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { carriedKey } from "../core/stamp.ts";
import type { Stamp } from "../core/stamp.ts";
import { digestOf } from "../core/digest.ts";
import type { LeftPath } from "../manifest/left-paths.ts";
import type { Manifest, ManifestTransaction } from "../manifest/manifest.ts";
import { parsePath, pathOfKey } from "../site/path.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot } from "../source/source.ts";
import type { PageStore } from "../store/store.ts";
import { applyLeft, REDIRECT_SECONDS } from "./apply-left.ts";
import type { ApplyContext, LeftOutcome } from "./apply-left.ts";
import { OpenPaths } from "./open-paths.ts";
import { claimantsOf, wantedOf } from "./path-claims.ts";
import type { WantedPath } from "./path-claims.ts";
import { actOnLeft, standingAt } from "./plan-left.ts";
import type { LeftAct } from "./plan-left.ts";
import { canRedirect, isRedirectKey, pageOfRedirect } from "./redirect-page.ts";

/** Setting of the manifest: the address of the site that all redirects lead into; undefined before they were looked for. */
const META = "redirects";
const PIECE = 256;

export interface SettleContext {
  readonly site: Site;
  readonly manifest: Manifest;
  readonly store: PageStore;
  readonly staticKeys: ReadonlySet<string>;
  readonly epochs: ReadonlyMap<string, number>;
  readonly clock: Clock;
}

export interface SettleOptions {
  /** A path that was handed over more recently is left alone: the one who takes it may be on its way. 0: nobody is, whatever clocks say. */
  readonly graceSeconds: number;
  /** All pages have been gone over: each redirect leads where its page is, or its page is gone. */
  readonly isComplete: boolean;
}

const secondsOf = (clock: Clock): number => Math.floor(clock() / 1000);

/** Records the redirects that stand in the store, for a manifest that doesn't know of them: it was lost. */
export function adoptRedirects({ manifest, store, clock }: SettleContext): void {
  if (manifest.meta(META) !== undefined) return;
  const since = secondsOf(clock);
  let piece: LeftPath[] = [];
  const flush = (): void => {
    manifest.transact((transaction) => {
      for (const left of piece) transaction.left.put(left);
    });
    piece = [];
  };
  for (const { key: objectKey, carried } of store.scan(canRedirect)) {
    if (carried === undefined || !isRedirectKey(carried.key)) continue;
    const key = pageOfRedirect(carried.key);
    const at = parsePath(pathOfKey(objectKey));
    if (key === undefined || !at.ok || at.key !== objectKey) {
      store.remove(objectKey);
      continue;
    }
    const { collisionKey, path } = at;
    const { version } = carried.stamp;
    piece.push({ collisionKey, path, key, kind: "redirect", version, since, expires: since + REDIRECT_SECONDS });
    if (piece.length === PIECE) flush();
  }
  flush();
  manifest.setMeta(META, "");
}

/** The next whole build looks after each redirect: somebody died, and what was written last may not have come to the disk. */
export function doubtRedirects(manifest: Pick<Manifest, "meta" | "setMeta">): void {
  if (manifest.meta(META) !== undefined) manifest.setMeta(META, "");
}

/**
 * Ends what pages that have left their paths began: where nobody took a path that was handed over, the old bytes go, and
 * a redirect or a tombstone takes their place; what has expired goes. After all pages were pressed.
 */
export function settleLeft(
  context: SettleContext,
  snapshot: Snapshot,
  { graceSeconds, isComplete }: SettleOptions,
): readonly LeftOutcome[] {
  const { site, manifest } = context;
  const now = secondsOf(context.clock);
  const outcomes: LeftOutcome[] = [];
  const settle = (pieces: Iterable<readonly LeftPath[]>, actOn: (settler: Settler, left: LeftPath) => void): void => {
    for (const piece of pieces) {
      const done = manifest.transact((transaction) => {
        const settler = new Settler(context, transaction, snapshot, now);
        for (const { collisionKey } of piece) {
          const left = transaction.left.at(collisionKey);
          if (left !== undefined) actOn(settler, left);
        }
        return settler.outcomes;
      });
      outcomes.push(...done);
    }
  };
  const until = graceSeconds === 0 ? Number.MAX_SAFE_INTEGER : now - graceSeconds;
  settle(manifest.left.unsettled(until, now), (settler, left) => settler.settle(left));
  if (isComplete && manifest.meta(META) !== site.url) {
    settle(manifest.left.all(), (settler, left) => settler.lead(left));
    manifest.setMeta(META, site.url);
  }
  return outcomes;
}

class Settler {
  readonly outcomes: LeftOutcome[] = [];
  readonly #context: SettleContext;
  readonly #apply: ApplyContext;
  readonly #transaction: ManifestTransaction;
  readonly #snapshot: Snapshot;

  constructor(context: SettleContext, transaction: ManifestTransaction, snapshot: Snapshot, nowSeconds: number) {
    const { site, store, staticKeys } = context;
    const openPaths = new OpenPaths(context.manifest);
    this.#context = context;
    this.#apply = { site, store, staticKeys, nowSeconds, openPaths, carriedKey: (key) => carriedKey(key, digestOf) };
    this.#transaction = transaction;
    this.#snapshot = snapshot;
  }

  settle(left: LeftPath): void {
    const { site } = this.#context;
    const at = wantedOf(left.path);
    if (at === undefined) return this.#forget(left);
    const isExpired = left.expires <= this.#apply.nowSeconds;
    if (left.kind !== "handover") {
      // A tombstone goes once the site record says what it said.
      const isSaid = left.kind !== "tombstone" || left.version <= this.#transaction.floor();
      if (isExpired && isSaid) this.#drop(left, at);
      return;
    }
    const claimants = claimantsOf(site, this.#transaction, this.#snapshot, left.key, at);
    const act = actOnLeft(this.#apply, left.key, at, this.#whereIs(left.key), claimants);
    if (act === undefined || act.do === "drop" || (act.do === "hand-over" && isExpired)) this.#drop(left, at);
    else if (act.do !== "hand-over") this.#act(left, act);
    // Whoever wants the path fails: until it doesn't, nothing stands there.
    else if (standingAt(this.#apply, left.key, at, undefined) === "own") this.#act(left, { ...act, removes: true });
  }

  /** Makes a redirect lead where its page is. */
  lead(left: LeftPath): void {
    if (left.kind !== "redirect") return;
    const at = wantedOf(left.path);
    const standing = at === undefined ? "other" : standingAt(this.#apply, left.key, at, undefined);
    if (at === undefined || standing === "other") return this.#forget(left);
    const to = this.#whereIs(left.key);
    if (to !== undefined) this.#act(left, { do: "redirect", at, to: to.path });
    else this.#act(left, { do: "tombstone", at, removes: standing === "own" });
  }

  #whereIs(key: PageKey): WantedPath | undefined {
    const published = this.#transaction.page(key)?.published;
    return published === undefined ? undefined : wantedOf(published.path);
  }

  #act({ key, path }: LeftPath, act: LeftAct): void {
    const { epochs } = this.#context;
    const epoch = epochs.get(parsePageKey(key).route) ?? 0;
    const stamp: Stamp = { epoch, version: this.#snapshot.version, time: 0 };
    if (act.do !== "hand-over") this.#apply.openPaths.close(key, path);
    this.outcomes.push(...applyLeft(this.#apply, this.#transaction, key, [act], stamp));
  }

  #drop(left: LeftPath, at: WantedPath): void {
    const standing = standingAt(this.#apply, left.key, at, undefined);
    if (standing === "own" || standing === "buried") this.#context.store.remove(at.key);
    this.#forget(left);
  }

  #forget({ collisionKey, key, path }: LeftPath): void {
    this.#apply.openPaths.close(key, path);
    this.#transaction.left.remove(collisionKey);
  }
}
