import type { PageKey } from "../core/page.ts";
import type { RefHash } from "../core/ref.ts";
import type { LeftPath } from "./left-paths.ts";
import type { PageRow } from "./manifest.ts";

/** What one press, or the record, of a page did with refs. */
export interface PageUses {
  /** 0 for the record. */
  readonly version: number;
  readonly refs: readonly RefHash[];
  /** A line for each. */
  readonly uses: string;
}

export interface Intent {
  readonly version: number;
  readonly path: string;
}

/** Name under which what is recorded of a page stands beside what presses intend. */
export const RECORDED = "";

/**
 * What is known of a manifest at one moment, or in a transaction that nobody else writes beside. Where something is there, it is all that
 * is to be known of it; what isn't there has to be asked for.
 */
export class PostgresFacts {
  readonly rows = new Map<PageKey, PageRow | undefined>();
  /** The pages of a subject, by its page 1. */
  readonly subjects = new Map<PageKey, Set<PageKey>>();
  /** Pages that have a ref, or had it: `uses` tells. */
  readonly holders = new Map<RefHash, Set<PageKey>>();
  /** By page and press, as far as a ref led there. */
  readonly uses = new Map<PageKey, Map<string, PageUses>>();
  /** By page and press. */
  readonly intents = new Map<PageKey, Map<string, Intent>>();
  readonly settings = new Map<string, string | undefined>();
  /** By collision key. */
  readonly left = new Map<string, LeftPath | undefined>();
  /** Collision keys of what a page has left, or had. */
  readonly leftOf = new Map<PageKey, Set<string>>();
  /** Collision keys of what stands below one, or stood. */
  readonly below = new Map<string, Set<string>>();

  setUses(key: PageKey, press: string, uses: PageUses): void {
    const ofPage = this.uses.get(key) ?? new Map<string, PageUses>();
    this.uses.set(key, ofPage.set(press, uses));
    for (const ref of uses.refs) this.holders.get(ref)?.add(key);
  }

  setLeft(collisionKey: string, left: LeftPath | undefined): void {
    this.left.set(collisionKey, left);
    if (left === undefined) return;
    this.leftOf.get(left.key)?.add(collisionKey);
    for (const [folder, keys] of this.below) if (isBelow(collisionKey, folder)) keys.add(collisionKey);
  }

  setRow(row: PageRow): void {
    this.rows.set(row.key, row);
  }

  forget(key: PageKey): void {
    this.rows.set(key, undefined);
    this.uses.delete(key);
    this.intents.set(key, new Map());
  }
}

/** Whether a collision key is one below another one. */
function isBelow(collisionKey: string, folder: string): boolean {
  return collisionKey.startsWith(`${folder}/`) && collisionKey.length > folder.length + 1;
}
