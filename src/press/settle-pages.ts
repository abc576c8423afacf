import { RekilnError } from "../core/errors.ts";
import type { PageOutcome, WriteReason } from "../core/outcome.ts";
import type { PageKey } from "../core/page.ts";
import type { Stamp } from "../core/stamp.ts";
import type { Edge, Manifest, ManifestReads, ManifestTransaction, Published } from "../manifest/manifest.ts";
import { staleOf } from "../manifest/manifest.ts";
import type { Snapshot } from "../source/source.ts";
import type { Staged, StoredObject } from "../store/store.ts";
import { applyLeft, outcomeOf } from "./apply-left.ts";
import type { LeftOutcome } from "./apply-left.ts";
import type { LeftAct } from "./plan-left.ts";
import { planPage } from "./plan-page.ts";
import { newestRemoval, noteRemoval } from "./newest-version.ts";
import { removeObject } from "./remove-object.ts";
import type { PagePlan, PlanContext, Sealed, SealedPage } from "./plan-page.ts";

/** A page that was rendered, and whose bytes wait. */
export interface Prepared {
  readonly key: PageKey;
  readonly rendered: Sealed;
  readonly stamp: Stamp;
  /** With its stamp. */
  readonly content: Uint8Array | undefined;
  staged: Staged | undefined;
  /** Etag of an object that was created under its own name. */
  created: string | undefined;
  /** That its bytes were put already, under a condition, and why: see `PutAhead`. */
  put?: { readonly etag: string; readonly reason: WriteReason } | undefined;
}

/** Where it is kept what presses have come to. */
type PressSettings = Pick<Manifest, "meta" | "setMeta">;

interface SettleOptions {
  readonly isFresh: boolean;
  readonly removes: boolean;
}

/** Decides what becomes of pages that were rendered, and carries it out within a transaction of the manifest. */
export class PageSettler {
  readonly outcomes: PageOutcome[] = [];
  /** Pages that must be pressed once more. */
  readonly again = new Set<PageKey>();
  readonly left: LeftOutcome[] = [];
  readonly #plan: PlanContext;
  readonly #options: SettleOptions;
  readonly #settings: PressSettings;

  constructor(plan: PlanContext, options: SettleOptions, settings: PressSettings) {
    this.#plan = plan;
    this.#options = options;
    this.#settings = settings;
  }

  fail(key: PageKey, error: string, isTemplateBroken = false): void {
    this.outcomes.push({ kind: "failed", key, error, isTemplateBroken });
  }

  /** What was settled by `work` is forgotten when it throws: its transaction was undone. */
  undoable<T>(work: () => T): T {
    const [outcomes, left] = [this.outcomes.length, this.left.length];
    try {
      return work();
    } catch (error) {
      this.outcomes.length = outcomes;
      this.left.length = left;
      throw error;
    }
  }

  /**
   * Without a transaction nothing is written: a dry run.
   *
   * @returns the pages that must be tried again
   */
  settle(
    prepared: readonly Prepared[],
    snapshot: Snapshot,
    reads: ManifestReads,
    transaction: ManifestTransaction | undefined,
  ): PageKey[] {
    const retry: PageKey[] = [];
    const removal = newestRemoval(this.#settings);
    for (const page of prepared) {
      if (this.#options.isFresh) {
        if (transaction !== undefined) this.#settleFresh(page, transaction);
        continue;
      }
      // Put now and pressed again later, it would pass for as new as this snapshot if whoever presses it dies in between.
      if (transaction !== undefined && isOutdated(page, transaction)) {
        retry.push(page.key);
        continue;
      }
      // It may be one of those that were removed since its snapshot: of them nothing is left that would say so.
      if (mayBeRemoved(page, reads, removal)) {
        retry.push(page.key);
        continue;
      }
      const plan = planPage(this.#plan, reads, snapshot, page.key, page.rendered, page.stamp);
      if (!this.#apply(page, plan, transaction)) retry.push(page.key);
    }
    return retry;
  }

  #settleFresh(page: Prepared, transaction: ManifestTransaction): void {
    const { key, rendered, content } = page;
    const created = page.put?.etag ?? page.created;
    if (rendered.kind === "failed") {
      this.#recordFailure(page, rendered.error, rendered.edges, transaction);
    } else if (rendered.kind === "page" && created !== undefined && content !== undefined) {
      this.#record(page, rendered, published(page, rendered, created, content), transaction);
      const { path } = rendered.located;
      this.outcomes.push({ kind: "written", reason: "new", key, path, bytes: content.length });
    } else {
      // Something else stands there: it is settled once all pages are known.
      this.again.add(key);
    }
  }

  /** @returns false when the page must be tried again */
  #apply(page: Prepared, plan: PagePlan, transaction: ManifestTransaction | undefined): boolean {
    const { rendered } = page;
    if ("again" in plan) for (const other of plan.again) this.again.add(other);
    switch (plan.do) {
      case "retry":
        return false;
      case "nothing":
        this.outcomes.push(plan.outcome);
        return true;
      case "fail":
        this.#recordFailure(page, plan.error, rendered.kind === "none" ? [] : rendered.edges, transaction);
        return true;
      case "remove":
        return this.#remove(page, plan, transaction);
      case "verify":
      case "adopt":
      case "write":
      case "collide":
        return rendered.kind === "page" ? this.#publish(page, rendered, plan, transaction) : true;
    }
  }

  #remove(
    page: Prepared,
    plan: PagePlan & { readonly do: "remove" },
    transaction: ManifestTransaction | undefined,
  ): boolean {
    const { row } = plan;
    const path = row?.published?.path;
    // What no row tells of is no page that anybody counts.
    if (row === undefined && transaction !== undefined) {
      this.#leave(page, plan.left, transaction);
      this.outcomes.push({ kind: "absent", key: page.key });
      return true;
    }
    if (row === undefined || !this.#options.removes || transaction === undefined) {
      this.outcomes.push({ kind: "gone", key: page.key, path });
      return true;
    }
    transaction.remove(row);
    noteRemoval(this.#settings, page.stamp.version);
    this.#leave(page, plan.left, transaction);
    this.outcomes.push({ kind: "removed", key: page.key, path });
    return true;
  }

  #publish(
    page: Prepared,
    rendered: SealedPage,
    plan: PagePlan & { readonly do: "verify" | "adopt" | "write" | "collide" },
    transaction: ManifestTransaction | undefined,
  ): boolean {
    const { key, content, staged } = page;
    const { path } = rendered.located;
    if (plan.do === "write" && transaction !== undefined) {
      // Somebody wrote since it was found equal.
      if (staged === undefined) return false;
      // Nobody would look for it there if this process died before its commit.
      const isKnown = transaction.page(key)?.published?.path === path || this.#plan.openPaths.of(key).includes(path);
      if (!isKnown) return false;
    }
    switch (plan.do) {
      case "verify":
        this.outcomes.push({ kind: "unchanged", reason: "equal", key });
        if (plan.row.published !== undefined && transaction !== undefined) {
          this.#record(page, rendered, { ...plan.row.published, lastmod: rendered.lastmod }, transaction);
          this.#plan.openPaths.close(key);
        }
        return true;
      case "adopt": {
        const { stored } = plan;
        if (page.put?.etag === stored.etag) {
          this.outcomes.push({ kind: "written", reason: page.put.reason, key, path, bytes: stored.bytes });
        } else this.outcomes.push({ kind: "unchanged", reason: "equal", key });
        if (transaction !== undefined) this.#evict(page, plan, transaction);
        const adopted = publishedAs(path, stored, stored.carried?.stamp ?? page.stamp, rendered.lastmod);
        if (transaction !== undefined) this.#record(page, rendered, adopted, transaction);
        break;
      }
      case "write": {
        const bytes = content?.length ?? 0;
        if (transaction === undefined) this.outcomes.push({ kind: "written", reason: plan.reason, key, path, bytes });
        if (transaction !== undefined && staged !== undefined && content !== undefined) {
          this.#evict(page, plan, transaction);
          const etag = this.#replace(staged);
          if (typeof etag !== "string") {
            this.#recordFailure(page, `${key}: ${etag.message} ${etag.hint ?? ""}`, rendered.edges, transaction);
            return true;
          }
          this.outcomes.push({ kind: "written", reason: plan.reason, key, path, bytes });
          this.#record(page, rendered, published(page, rendered, etag, content), transaction);
        }
        break;
      }
      case "collide":
        this.outcomes.push({ kind: "collided", key, path, owner: plan.owner });
        transaction?.record(
          {
            key,
            published: undefined,
            verified: page.stamp,
            due: rendered.due,
            error: `${key}: the path ${path} belongs to ${plan.owner}`,
            stale: staleOf("collided", transaction.page(key), this.#plan.nowSeconds),
          },
          rendered.edges,
        );
        break;
    }
    this.#leave(page, plan.left, transaction);
    return true;
  }

  /** What can't stand beside a page goes before it comes; and whoever stood there is pressed when it is asked for, though its row says that it is right. */
  #evict(
    { stamp }: Prepared,
    { evicts, again }: PagePlan & { readonly do: "adopt" | "write" },
    transaction: ManifestTransaction,
  ): void {
    const { store } = this.#plan;
    for (const objectKey of evicts) removeObject(store, objectKey, stamp, "-");
    if (store.buries) for (const key of again) transaction.distrust(key);
  }

  /** What the page has left is left last: it is never nowhere. */
  #leave({ key, stamp }: Prepared, acts: readonly LeftAct[], transaction: ManifestTransaction | undefined): void {
    if (transaction !== undefined) {
      this.#plan.openPaths.close(key);
      this.left.push(...applyLeft(this.#plan, transaction, key, acts, stamp));
    } else for (const act of acts) this.left.push(...[outcomeOf(act)].filter((outcome) => outcome !== undefined));
  }

  /** Puts a staged page in its place; the error when something that isn't ours is in the way. */
  #replace(staged: Staged): string | RekilnError {
    try {
      return this.#plan.store.replace(staged);
    } catch (error) {
      if (error instanceof RekilnError && error.code === "store-blocked") return error;
      throw error;
    }
  }

  #record(page: Prepared, rendered: SealedPage, published: Published, transaction: ManifestTransaction): void {
    const { key, stamp } = page;
    transaction.record({ key, published, verified: stamp, due: rendered.due, error: undefined }, rendered.edges);
  }

  /** The page keeps its last good bytes, and the refs that it had read so far lead to it from now on. */
  #recordFailure(
    page: Prepared,
    error: string,
    edges: readonly Edge[],
    transaction: ManifestTransaction | undefined,
  ): void {
    const { key } = page;
    this.fail(key, error, page.rendered.kind === "failed" && page.rendered.isTemplateBroken);
    if (transaction === undefined) return;
    const row = this.#options.isFresh ? undefined : transaction.page(key);
    const verified = row?.verified ?? { epoch: 0, version: 0 };
    const due = page.rendered.kind === "none" ? undefined : page.rendered.due;
    const published = row?.published ?? this.#lastGood(page);
    const stale = staleOf("failed", row, this.#plan.nowSeconds);
    transaction.recordFailure({ key, published, verified, due, error, stale }, edges);
  }

  /** The stored bytes of a page that fails while the manifest knows of none: it was lost. */
  #lastGood({ key, rendered }: Prepared): Published | undefined {
    if (this.#options.isFresh || rendered.kind !== "failed" || rendered.located === undefined) return undefined;
    const { path, key: objectKey } = rendered.located;
    const stored = this.#plan.store.read(objectKey);
    if (stored?.carried?.key !== this.#plan.carriedKey(key)) return undefined;
    return publishedAs(path, stored, stored.carried.stamp, undefined);
  }
}

/** Whether a page that nothing is known of may be one of those that were removed since its snapshot, the newest in version `removal`. */
export function mayBeRemoved({ key, rendered, stamp }: Prepared, reads: ManifestReads, removal: number): boolean {
  return stamp.version < removal && rendered.kind !== "none" && reads.page(key) === undefined;
}

/** What was read changed after this snapshot: whoever changed it may not have seen that this page reads it. */
export function isOutdated({ rendered, stamp }: Prepared, transaction: ManifestTransaction): boolean {
  if (rendered.kind === "none") return false;
  return transaction.isTouchedAbove(
    rendered.edges.map(({ ref }) => ref),
    stamp.version,
  );
}

function published(page: Prepared, rendered: SealedPage, etag: string, content: Uint8Array): Published {
  const { located, digest, lastmod } = rendered;
  return { path: located.path, stamp: page.stamp, digest, etag, bytes: content.length, lastmod };
}

function publishedAs(
  path: string,
  { digest, etag, bytes }: StoredObject,
  stamp: Stamp,
  lastmod: string | undefined,
): Published {
  return { path, stamp, digest, etag, bytes, lastmod };
}
