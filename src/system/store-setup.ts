import { existsSync } from "node:fs";

import type { Encoding } from "../core/encoding.ts";
import type { Requests } from "../core/prices.ts";
import { bucketAddress } from "../site/declare-fleet.ts";
import type { S3Store } from "../site/declare-fleet.ts";
import type { Site } from "../site/site.ts";
import { RequestBudget } from "../store/request-budget.ts";
import type { SiteFolders } from "./site-folders.ts";
import { sleep } from "./sleep.ts";

/** A bucket, with what all threads of this process may send to it together. */
export interface ObjectStoreSetup {
  readonly kind: "s3";
  readonly declared: S3Store;
  readonly budget: SharedArrayBuffer;
  /** Whether it has been found out that it keeps conditions: once a process. */
  readonly probed: SharedArrayBuffer;
}

interface DirectorySetup {
  readonly kind: "directory";
  readonly folder: string;
  readonly compress: readonly Encoding[];
}

const SURROUNDINGS = { clock: Date.now, sleep };
/** Whoever opens the store of a site shares what it may send. */
const BUCKETS = new WeakMap<S3Store, ObjectStoreSetup>();

/** Where a site's pages go, as plain data that threads can be given. */
export type StoreSetup = DirectorySetup | ObjectStoreSetup;

export function storeSetupOf({ store, compress }: Site, folders: Pick<SiteFolders, "store">): StoreSetup {
  if (store.kind === "directory") return { kind: "directory", folder: folders.store, compress };
  const known = BUCKETS.get(store) ?? objectStoreSetup(store);
  BUCKETS.set(store, known);
  return known;
}

export function objectStoreSetup(declared: S3Store): ObjectStoreSetup {
  const { memory } = new RequestBudget(SURROUNDINGS);
  return { kind: "s3", declared, budget: memory, probed: new SharedArrayBuffer(4) };
}

/** What this process has asked of a store so far, all its threads together. */
export function storeRequests(setup: StoreSetup): Pick<Requests, "put" | "get" | "list"> {
  if (setup.kind === "directory") return { put: 0, get: 0, list: 0 };
  const { put, get, list } = new RequestBudget({ ...SURROUNDINGS, memory: setup.budget }).requests;
  return { put, get, list };
}

/** Whether there is a store to look into: a directory would be made by opening it. */
export function isStoreThere(setup: StoreSetup): boolean {
  return setup.kind !== "directory" || existsSync(setup.folder);
}

/** What a store is called in messages. */
export function storeName(setup: StoreSetup): string {
  return setup.kind === "directory" ? setup.folder : bucketAddress(setup.declared);
}
