import { RekilnError } from "../core/errors.ts";
import { costOf } from "../core/prices.ts";
import type { Cost } from "../core/prices.ts";
import { encodeRoutes } from "../core/work-message.ts";
import { registerTemplates, writeSiteRecord } from "../press/site-record.ts";
import { copyStatic } from "../press/static-files.ts";
import type { StaticProblem } from "../press/static-files.ts";
import { templatePlace } from "../render/renderer.ts";
import { sendAll } from "../queue/send-all.ts";
import { loadConfig } from "../site/load-config.ts";
import { checkVersions, knownPages, openBuiltSite } from "./built-site.ts";
import { lockProcess } from "./process-lock.ts";
import { openQueue } from "./open-queue.ts";
import { readInputs } from "./site-inputs.ts";
import type { BrokenTemplate, SiteInputs } from "./site-inputs.ts";
import { withVersion } from "./site-state.ts";
import { storeRequests, storeSetupOf } from "./store-setup.ts";
import { takeTemplates } from "./templates-record.ts";

export interface ReleaseReport {
  /** The epoch that is the newest now. */
  readonly epoch: number;
  /** Routes that were put on the queue, with the number of their published pages; gone routes too. */
  readonly routes: readonly { readonly route: string; readonly pages: number }[];
  readonly problems: readonly StaticProblem[];
  readonly cost: Cost;
}

export interface RunReleaseOptions {
  readonly configFile: string;
  readonly isDryRun: boolean;
}

/** Releases what stands in the site's folder now; see `releaseInputs`. */
export async function runRelease(
  options: RunReleaseOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ReleaseReport> {
  const config = await loadConfig(options.configFile, environment);
  return releaseInputs(await readInputs(config, environment), options.isDryRun);
}

/**
 * Registers today's templates, config and code as a new epoch, and puts the routes that they touch on the bulk lane. Workers of the
 * epoch before step aside by themselves. Going back to templates of before is a release too.
 *
 * @throws RekilnError `templates-broken`, `site-not-built`, `build-running`, `source-older`
 */
export async function releaseInputs(inputs: SiteInputs, isDryRun: boolean): Promise<ReleaseReport> {
  const { config, folders, templates, assets, problems, broken } = inputs;
  const { site, code } = config;
  if (broken.length > 0) throw brokenTemplates(broken);
  using _lock = lockProcess(folders.state, "build");
  using built = openBuiltSite(config);
  const { record, store, manifest, source } = built;
  checkVersions(built);
  const taken = takeTemplates(site, code, templates, assets, manifest);
  const registered = registerTemplates(record, taken);
  const changed = [...site.routes.keys()].filter(
    (route) => registered.routes[route]?.epoch !== record.routes[route]?.epoch,
  );
  const gone = registered.epoch === record.epoch ? [] : manifest.routes().filter((route) => !site.routes.has(route));
  const routes = [...changed, ...gone].map((route) => ({ route, pages: knownPages(manifest, route) }));
  const cost = (queued: number): Cost =>
    costOf({ ...storeRequests(storeSetupOf(site, folders)), queue: queued }, site.prices);
  if (isDryRun) return { epoch: registered.epoch, routes, problems, cost: cost(0) };

  const copying = { folder: folders.static, assets, manifest, store, isDryRun: false, replacesForeign: false };
  const copied = copyStatic(copying);
  const version = source.version();
  // The queue first: killed in between, the routes are rendered once in vain, and the next release queues them again.
  using queue = openQueue(config);
  const request = { version, epoch: registered.epoch, isForced: false, since: Date.now(), waited: 0 };
  await sendAll(queue, "bulk", encodeRoutes([...changed, ...gone], request));
  manifest.transact(() => {
    writeSiteRecord(store, withVersion(registered, source.identity, version));
    manifest.setMeta("epoch", String(registered.epoch));
  });
  return {
    epoch: registered.epoch,
    routes,
    problems: [...problems, ...copied.problems],
    cost: cost(queue.billedRequests),
  };
}

function brokenTemplates(broken: readonly BrokenTemplate[]): RekilnError {
  const lines = broken.map((one) => `${templatePlace(one)}: ${one.message}`);
  return new RekilnError({
    code: "templates-broken",
    message: `Nothing was released:\n${lines.join("\n")}`,
    disposition: "fatal",
    hint: "Mend what is listed, and release again.",
  });
}
