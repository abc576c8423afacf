import { join } from "node:path";

import { encodeWork } from "../core/work-message.ts";
import { SqliteManifest } from "../manifest/sqlite-manifest.ts";
import { registerTemplates } from "../press/site-record.ts";
import { copyStatic, readAssets } from "../press/static-files.ts";
import type { StaticProblem } from "../press/static-files.ts";
import { createEtaRenderer } from "../render/eta-renderer.ts";
import { readTemplates } from "../render/template-set.ts";
import { loadConfig } from "../site/load-config.ts";
import { DirectoryPageStore } from "../store/directory.ts";
import { lockBuild } from "./build-lock.ts";
import { openBuiltSite } from "./built-site.ts";
import { openQueue } from "./open-queue.ts";
import { siteFolders } from "./site-folders.ts";
import { withVersion } from "./site-state.ts";
import { takeTemplates } from "./templates-record.ts";

export interface ReleaseReport {
  /** The epoch that is the newest now. */
  readonly epoch: number;
  /** Routes that were put on the queue, with the number of their published pages; gone routes too. */
  readonly routes: readonly { readonly route: string; readonly pages: number }[];
  readonly problems: readonly StaticProblem[];
}

export interface RunReleaseOptions {
  readonly configFile: string;
  readonly isDryRun: boolean;
}

/**
 * Registers today's templates, config and code as a new epoch, and puts the routes that they touch on the bulk lane. Workers of the
 * epoch before step aside by themselves. Going back to templates of before is a release too.
 *
 * @throws RekilnError `site-not-built`, `build-running`
 */
export async function runRelease(
  options: RunReleaseOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ReleaseReport> {
  const config = await loadConfig(options.configFile, environment);
  const { site, code } = config;
  const folders = siteFolders(config);
  const templates = readTemplates(folders.templates);
  createEtaRenderer(templates);
  const { assets, problems } = await readAssets(folders.static);
  using _lock = lockBuild(folders.state);
  using built = openBuiltSite(config);
  const { record, source } = built;
  using manifest = new SqliteManifest(join(folders.state, `manifest-${record.siteId}.db`));
  const taken = takeTemplates(site, code, templates, assets, manifest);
  const registered = registerTemplates(record, taken);
  const changed = [...site.routes.keys()].filter(
    (route) => registered.routes[route]?.epoch !== record.routes[route]?.epoch,
  );
  const gone = registered.epoch === record.epoch ? [] : manifest.routes().filter((route) => !site.routes.has(route));
  const routes = [...changed, ...gone].map((route) => ({ route, pages: countPages(manifest, route) }));
  if (options.isDryRun || routes.length === 0) return { epoch: registered.epoch, routes, problems };

  const store = new DirectoryPageStore(folders.store, `${process.pid}-release`);
  const copying = { folder: folders.static, assets, manifest, store, isDryRun: false, replacesForeign: false };
  const copied = copyStatic(copying);
  const version = source.version();
  // The queue first: killed in between, the routes are rendered once in vain, and the next release queues them again.
  using queue = openQueue(folders);
  const request = { version, epoch: registered.epoch, isForced: false, since: Date.now(), waited: 0 };
  const bodies = routes.map(({ route }) => ({ body: encodeWork({ kind: "route", route, ...request }) }));
  for (const result of await queue.send("bulk", bodies)) if (result.kind === "failed") throw result.error;
  manifest.transact(() => {
    store.writeRecord(`${JSON.stringify(withVersion(registered, source.identity, version), undefined, 2)}\n`);
    manifest.setMeta("epoch", String(registered.epoch));
  });
  return { epoch: registered.epoch, routes, problems: [...problems, ...copied.problems] };
}

function countPages(manifest: SqliteManifest, route: string): number {
  let pages = 0;
  for (const piece of manifest.keysOf(route)) pages += piece.length;
  return pages;
}
