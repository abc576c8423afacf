import { hash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { beforeEach, onTestFinished } from "vitest";

import { digestOf } from "../../../src/core/digest.ts";
import { pageKey, parsePageKey } from "../../../src/core/page.ts";
import type { PageKey } from "../../../src/core/page.ts";
import type { ObjectKey } from "../../../src/core/path.ts";
import { claimRef } from "../../../src/core/ref.ts";
import { carriedKey, carrier } from "../../../src/core/stamp.ts";
import type { Stamp } from "../../../src/core/stamp.ts";
import type { Edge } from "../../../src/manifest/manifest.ts";
import type { LeftKind } from "../../../src/manifest/left-paths.ts";
import { SqliteManifest } from "../../../src/manifest/sqlite-manifest.ts";
import { locatePage } from "../../../src/press/locate-page.ts";
import type { WantedPath } from "../../../src/press/path-claims.ts";
import { OpenPaths } from "../../../src/press/open-paths.ts";
import { planPage } from "../../../src/press/plan-page.ts";
import type { PagePlan, PlanContext, Sealed } from "../../../src/press/plan-page.ts";
import { redirectBody, redirectCarrier } from "../../../src/press/redirect-page.ts";
import { ancestorKeys, parsePath } from "../../../src/site/path.ts";
import type { ParsedPath } from "../../../src/site/path.ts";
import type { Snapshot } from "../../../src/source/source.ts";
import { DirectoryPageStore } from "../../../src/store/directory.ts";
import { filmData, filmSite, temporaryFolder } from "./film-site.ts";
import type { Film } from "./film-site.ts";

export const NOW = 1_700_000_000;
/** What a page is stamped with, and its press, unless a test says otherwise. */
export const STAMP: Stamp = { epoch: 3, version: 10, time: 0 };

const site = filmSite();
const nameOf = (key: PageKey): string => carriedKey(key, (text) => hash("sha256", text, "hex"));

export const film = (id: string): PageKey => pageKey("film", id, 1);

function parsed(path: string): ParsedPath & { readonly ok: true } {
  const found = parsePath(path);
  if (!found.ok) throw new Error(found.problem);
  return found;
}

/** A path as plans name it. */
export const at = (path: string): WantedPath => {
  const { key, collisionKey, path: sitePath } = parsed(path);
  return { path: sitePath, key, collisionKey };
};

export const objectKey = (path: string): ObjectKey => parsed(path).key;

export function claimsOf(path: string): readonly Edge[] {
  const { collisionKey, path: sitePath } = parsed(path);
  return [
    { ref: claimRef(collisionKey), dependency: { kind: "claim" } },
    ...ancestorKeys(sitePath).map((folder): Edge => ({ ref: claimRef(folder), dependency: { kind: "folder" } })),
  ];
}

interface StoredPage {
  readonly path: string;
  readonly content?: string;
  readonly stamp?: Stamp;
}

/** A store, a manifest and a snapshot for each test, in which pages are planned. */
export class PlanBench {
  #root = "";
  #store: DirectoryPageStore | undefined;
  #manifest: SqliteManifest | undefined;
  #snapshot: Snapshot | undefined;

  constructor() {
    beforeEach(() => {
      this.#root = temporaryFolder();
      this.#store = new DirectoryPageStore(this.#root, "test");
      const manifest = new SqliteManifest(join(this.#root, ".rekiln", "manifest.db"));
      this.#manifest = manifest;
      onTestFinished(() => manifest[Symbol.dispose]());
    });
  }

  get manifest(): SqliteManifest {
    if (this.#manifest === undefined) throw new Error("asked for outside of a test");
    return this.#manifest;
  }

  get #theStore(): DirectoryPageStore {
    if (this.#store === undefined) throw new Error("asked for outside of a test");
    return this.#store;
  }

  get #theSnapshot(): Snapshot {
    if (this.#snapshot === undefined) throw new Error("no films were given");
    return this.#snapshot;
  }

  readonly given = async (...films: Film[]): Promise<void> => {
    ({ snapshot: this.#snapshot } = await filmData(site, films));
  };

  fileOf(path: string): string {
    return join(this.#root, objectKey(path));
  }

  /** Writes any file into the store. */
  readonly put = (path: string, content: string): void => {
    mkdirSync(dirname(this.fileOf(path)), { recursive: true });
    writeFileSync(this.fileOf(path), content);
  };

  /** What the page's own press left in the store. */
  readonly putPage = (key: PageKey, { path, content = "old", stamp = STAMP }: StoredPage): void => {
    this.put(path, content + carrier("html", stamp, nameOf(key)));
  };

  /** A page that was pressed: its file, its row and its claims. */
  readonly publish = (key: PageKey, page: StoredPage): void => {
    this.putPage(key, page);
    const { path, content = "old", stamp = STAMP } = page;
    const etag = this.#theStore.etag(objectKey(path)) ?? "";
    const published = { path, stamp, digest: digestOf(content), etag, bytes: 1, lastmod: undefined };
    this.manifest.transact((transaction) => {
      transaction.record({ key, published, verified: stamp, due: undefined, error: undefined }, claimsOf(path));
    });
  };

  /** A page that never got its path, but wants it. */
  readonly claim = (key: PageKey, path: string): void => {
    this.manifest.transact((transaction) => {
      const record = { key, published: undefined, verified: STAMP, due: undefined, error: "waits" };
      transaction.record(record, claimsOf(path));
    });
  };

  /** A page has left a path; its redirect stands there, if it is one. */
  readonly leave = (key: PageKey, path: string, kind: LeftKind, version = STAMP.version): void => {
    if (kind === "redirect") {
      this.put(path, redirectBody(site, parsed("/elsewhere/").path) + redirectCarrier(STAMP, nameOf(key)));
    }
    const { collisionKey } = parsed(path);
    const left = { collisionKey, path, key, kind, version, since: NOW - 60, expires: NOW + 60 };
    this.manifest.transact((transaction) => transaction.left.put(left));
  };

  /** The plan for a page with this content, if the snapshot has it. */
  readonly plan = (key: PageKey, content = "new", context: Partial<PlanContext> = {}, stamp = STAMP): PagePlan => {
    const located = locatePage(site, parsePageKey(key), this.#theSnapshot, undefined);
    const page = { digest: digestOf(content), edges: [], pages: 1, time: 0, due: undefined, lastmod: undefined };
    const rendered: Sealed = located.kind === "page" ? { kind: "page", located, ...page } : { kind: "none" };
    return this.planOf(key, rendered, context, stamp);
  };

  planOf(key: PageKey, rendered: Sealed, context: Partial<PlanContext> = {}, stamp = STAMP): PagePlan {
    const whole: PlanContext = {
      site,
      store: this.#theStore,
      staticKeys: new Set(),
      isFirstBuild: false,
      replacesForeign: false,
      nowSeconds: NOW,
      carriedKey: nameOf,
      openPaths: new OpenPaths(this.manifest),
      ...context,
    };
    return planPage(whole, this.manifest, this.#theSnapshot, key, rendered, stamp);
  }
}
