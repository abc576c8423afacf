import type { PageKey } from "../core/page.ts";
import type { Clock } from "../core/clock.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Asset } from "../press/assets.ts";
import type { PressContext } from "../press/press-pages.ts";
import { announceCopy, copyAsset, staticKeysOf } from "../press/static-files.ts";
import { createEtaRenderer } from "../render/eta-renderer.ts";
import type { TemplateSet } from "../render/template-set.ts";
import { codeFingerprint } from "../site/fingerprint.ts";
import { loadConfig } from "../site/load-config.ts";
import type { Site } from "../site/site.ts";
import { EntityReader } from "../source/entity-reader.ts";
import { configChanged } from "./config-changed.ts";
import { openManifestOf } from "./open-manifest.ts";
import type { ManifestSetup } from "./open-manifest.ts";
import { openWritableStore } from "./open-store.ts";
import { openPageStore } from "./open-page-store.ts";
import type { StoreSetup } from "./store-setup.ts";
import { inTurn } from "./turn.ts";

/** The code that a thread presses pages with: plain data. */
export interface PressCode {
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly codeFingerprint: string;
}

/** What else it needs: plain data, with the very templates that the fingerprint was taken of. */
export interface PressSetup {
  readonly templates: TemplateSet;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly staticFolder: string;
  readonly store: StoreSetup;
  readonly entityFile: string;
  readonly manifest: ManifestSetup;
  readonly epochs: ReadonlyMap<string, number>;
  readonly epoch: number;
  readonly isFirstBuild: boolean;
  /** Nothing is written, copies of assets neither. */
  readonly isDryRun: boolean;
}

/** What tells one thread from another, and what they share. */
export interface PressThread {
  /** Shared by all threads: see `inTurn`. */
  readonly turn: SharedArrayBuffer;
  /** Tells this thread's temporary files from those of others. */
  readonly writer: string;
}

/** @throws RekilnError `config-changed` when the code isn't any more what the fingerprint was taken of */
export async function loadPressCode(code: PressCode): Promise<Site> {
  const config = await loadConfig(code.configFile, code.environment);
  if (codeFingerprint(config.code) !== code.codeFingerprint) throw configChanged();
  return config.site;
}

/** Builds the adapters that a press works with. */
export async function openPress(
  site: Site,
  setup: PressSetup,
  thread: PressThread,
  clock: Clock,
  onPage: (key: PageKey | undefined) => void,
): Promise<PressContext & Disposable> {
  const store = openPageStore(setup.store, thread.writer);
  const objects = setup.store.kind === "directory" ? undefined : (await openWritableStore(setup.store)).store;
  const manifest = openManifestOf(setup.manifest);
  const reader = new EntityReader(setup.entityFile, site.entities);
  const used = new Set<string>();
  const failed = new Map<string, unknown>();
  const turn = new Int32Array(thread.turn);
  // Each thread would ask a store that is elsewhere for each file; there, what was put is what is noted.
  const copies = objects === undefined ? undefined : copiedKeys(manifest);
  const isCopied = (key: ObjectKey): boolean => copies?.has(key) === true || store.etag(key) !== undefined;
  return {
    site,
    renderer: createEtaRenderer(setup.templates),
    assets: setup.assets,
    useAsset: (file) => {
      const asset = setup.assets.get(file);
      if (asset === undefined || used.has(file)) return;
      // A file that can't be copied is read once, not once a page.
      if (failed.has(file)) throw failed.get(file);
      if (!setup.isDryRun && !isCopied(asset.hashedKey)) {
        announceCopy(manifest, asset, asset.hashedKey);
        try {
          copyAsset(store, setup.staticFolder, asset, asset.hashedKey);
        } catch (error) {
          failed.set(file, error);
          throw error;
        }
      }
      used.add(file);
    },
    reader,
    manifest,
    store,
    objects,
    staticKeys: staticKeysOf(setup.assets),
    isFirstBuild: setup.isFirstBuild,
    epochs: setup.epochs,
    epoch: setup.epoch,
    clock,
    onPage,
    inTurn: (work, waits) => inTurn(turn, work, waits),
    [Symbol.dispose]() {
      reader[Symbol.dispose]();
      manifest[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

/** Copies whose bytes were seen in the store. */
function copiedKeys(manifest: Manifest): ReadonlySet<string> {
  const seen = manifest.copiedFiles().filter(({ etag }) => etag !== "");
  return new Set(seen.map(({ objectKey }) => objectKey));
}
