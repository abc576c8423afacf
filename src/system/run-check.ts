import { mkdirSync } from "node:fs";

import type { Clock } from "../core/clock.ts";
import { parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import type { Progress } from "../core/progress.ts";
import { deadLinks } from "../press/dead-links.ts";
import type { DeadLink } from "../press/dead-links.ts";
import { PageSample } from "../press/page-sample.ts";
import { SitePaths } from "../press/site-paths.ts";
import type { PathProblem } from "../press/site-paths.ts";
import { staticKeysOf } from "../press/static-files.ts";
import type { StaticProblem } from "../press/static-files.ts";
import { codeFingerprint } from "../site/fingerprint.ts";
import { loadConfig } from "../site/load-config.ts";
import type { RouteModel, Site } from "../site/site.ts";
import type { RefreshReport } from "../source/source.ts";
import { checkRenders } from "./check-renders.ts";
import type { UnstablePage } from "./check-renders.ts";
import { ceilingOf } from "./first-version.ts";
import { entityFileOf, openSource } from "./open-source.ts";
import { readInputs } from "./site-inputs.ts";
import type { SiteInputs } from "./site-inputs.ts";
import { takeNewest } from "./take-in.ts";

export interface CheckOptions {
  readonly configFile: string;
  /** At least so many pages of each route are rendered, if it has them. */
  readonly sample: number;
}

export interface CheckReport {
  readonly routes: number;
  /** First pages of lists and pages without one. */
  readonly pages: number;
  readonly sampled: number;
  /** Of the data; undefined when it is as it was taken in last. */
  readonly source: RefreshReport | undefined;
  readonly static: readonly StaticProblem[];
  /** Templates that can't be compiled, with the routes that use them. */
  readonly templates: SiteInputs["broken"];
  readonly paths: Counted<PathProblem>;
  readonly collisions: Counted<PathProblem>;
  /** Warnings. */
  readonly windows: Counted<PathProblem>;
  readonly failed: readonly { readonly key: PageKey; readonly error: string }[];
  readonly unstable: readonly (UnstablePage & { readonly template: string })[];
  readonly deadLinks: readonly DeadLink[];
}

/** The first of many, and how many there are. */
export interface Counted<T> {
  readonly items: readonly T[];
  readonly count: number;
}

/**
 * Checks config, templates and data, all paths, and a sample of each route's pages. No page is written; the data is taken in as a build does.
 *
 * @throws RekilnError and TemplateError for what keeps a build from starting
 */
export async function runCheck(
  options: CheckOptions,
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  progress: Progress,
  signal: AbortSignal,
): Promise<CheckReport> {
  progress.phase("config");
  const config = await loadConfig(options.configFile, environment);
  const { site } = config;
  const inputs = await readInputs(config, environment);
  const { folders, assets } = inputs;
  mkdirSync(folders.state, { recursive: true, mode: 0o750 });
  const firstVersion = ceilingOf(config);
  using source = openSource(config, { firstVersion });
  progress.phase("source");
  const how = { firstVersion, environment };
  const taken = await takeNewest(source, config, how, (count) => progress.records(count), signal);
  using reader = source.reader();
  const snapshot = reader.snapshot();
  progress.phase("paths");
  const sample = new PageSample(options.sample);
  const paths = new SitePaths(site, snapshot, staticKeysOf(assets), (key) => sample.add(key));
  signal.throwIfAborted();
  progress.phase("sample");
  const keys = sample.keys(site, snapshot);
  const setup = {
    configFile: config.configFile,
    environment,
    codeFingerprint: codeFingerprint(config.code),
    templates: inputs.templates,
    assets,
    entityFile: entityFileOf(folders),
    keys,
    nowSeconds: Math.floor(clock() / 1000),
  };
  const { pages, unstable } = await checkRenders(setup, (key) => routeOf(site, key)?.template.kind === "json", signal);
  const rendered = [...pages.values()];
  const linking = rendered.filter(
    (page) => page.kind === "page" && /(?:\/|\.(?:x?html?|xml|atom|rss|svg))$/i.test(page.path),
  );
  return {
    routes: site.routes.size,
    pages: paths.count,
    sampled: rendered.length,
    source: taken,
    static: inputs.problems,
    templates: inputs.broken,
    paths: paths.problems,
    collisions: paths.collisions,
    windows: paths.windows,
    failed: rendered.filter((page) => page.kind === "failed"),
    unstable: unstable.map((page) => ({ ...page, template: templateOf(routeOf(site, page.key)) })),
    deadLinks: deadLinks(
      { site, snapshot, assets, paths },
      linking.filter((page) => page.kind === "page"),
    ),
  };
}

function routeOf(site: Site, key: PageKey): RouteModel | undefined {
  return site.routes.get(parsePageKey(key).route);
}

/** Where the text of a route's pages comes from, for people. */
function templateOf(route: RouteModel | undefined): string {
  if (route?.template.kind === "eta") return `templates/${route.template.name}.eta`;
  return `routes.${route?.name ?? "?"}.${route?.template.kind === "json" ? "load" : "template"}`;
}
