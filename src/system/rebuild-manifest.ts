import { readSiteRecord } from "../press/site-record.ts";
import { loadConfig } from "../site/load-config.ts";
import { lockProcess } from "./process-lock.ts";
import { notBuilt } from "./built-site.ts";
import { runBuild } from "./run-build.ts";
import type { BuildReport, BuildSurroundings, RunBuildOptions } from "./run-build.ts";
import { openPageStore } from "./open-page-store.ts";
import { siteFolders } from "./site-folders.ts";
import { isStoreThere, storeSetupOf } from "./store-setup.ts";
import { removeManifest } from "./site-state.ts";

/**
 * Makes a site's manifest anew from the bytes of its store and a build, whatever became of the one that is there: a page that is right is adopted,
 * and not written. @throws RekilnError `site-not-built`, `build-running`
 */
export async function rebuildManifest(
  options: Pick<RunBuildOptions, "configFile" | "concurrency" | "maxDeletes">,
  surroundings: BuildSurroundings,
): Promise<BuildReport> {
  const config = await loadConfig(options.configFile, surroundings.environment);
  const folders = siteFolders(config);
  const setup = storeSetupOf(config.site, folders);
  if (!isStoreThere(setup)) throw notBuilt("its store isn't there");
  using store = openPageStore(setup, `${process.pid}-main`);
  const record = readSiteRecord(store);
  if (record !== undefined) {
    using _lock = lockProcess(folders.state, "build");
    // Workers that have it open see that it is another one, and end.
    removeManifest(folders.state, record, config.site.manifest);
  }
  return runBuild({ ...options, routes: undefined, isDryRun: false, isForced: false }, surroundings);
}
