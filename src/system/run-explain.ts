import { statSync } from "node:fs";
import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import { RekilnError } from "../core/errors.ts";
import { pageKey, parsePageKey } from "../core/page.ts";
import type { PageKey } from "../core/page.ts";
import { explainPage } from "../press/explain-page.ts";
import type { PageExplanation } from "../press/explain-page.ts";
import { explainPath } from "../press/explain-path.ts";
import type { PathExplanation } from "../press/explain-path.ts";
import type { WantedPath } from "../press/path-claims.ts";
import { wantedOf } from "../press/path-claims.ts";
import { createEtaRenderer } from "../render/eta-renderer.ts";
import { templateClosure } from "../render/template-set.ts";
import { loadConfig } from "../site/load-config.ts";
import { nearestName } from "../site/nearest-name.ts";
import type { Site } from "../site/site.ts";
import { notBuilt, openBuiltSite } from "./built-site.ts";
import type { BuiltSite } from "./built-site.ts";
import { readInputs } from "./site-inputs.ts";
import type { SiteInputs } from "./site-inputs.ts";

export interface ExplainOptions {
  readonly configFile: string;
  /** A path (`/films/alien/`), an address of the site, or a page's key (`film/42`, `genre/drama#2`). */
  readonly target: string;
}

export interface ExplainReport {
  /** Undefined when a page was asked for. */
  readonly path: PathExplanation | undefined;
  /** The page that was asked for, or that has the path, or should; undefined for a path that no page wants. */
  readonly page:
    | (PageExplanation & {
        /** What it is rendered with, and in which epoch that changed last. */
        readonly templates: readonly string[];
        readonly epoch: number | undefined;
        /** When its file was written, in milliseconds since 1970; undefined without one. */
        readonly writtenMs: number | undefined;
      })
    | undefined;
  readonly notes: readonly string[];
}

/**
 * Explains a path or a page from what the last builds left; writes nothing.
 *
 * @throws RekilnError `site-not-built`, `page-unknown`, `path-unknown`
 */
export async function runExplain(
  options: ExplainOptions,
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<ExplainReport> {
  const config = await loadConfig(options.configFile, environment);
  const { site } = config;
  const { target } = options;
  using built = openBuiltSite(config);
  if (!built.isComplete) throw notBuilt("its first build didn't end");
  using reader = built.source.reader();
  const snapshot = reader.snapshot();
  const inputs = await readInputs(config, environment);
  const context = {
    site,
    renderer: createEtaRenderer(inputs.templates),
    assets: inputs.assets,
    manifest: built.manifest,
    store: built.store,
    snapshot,
    nowSeconds: Math.floor(clock() / 1000),
  };
  const isPath = target.startsWith("/") || /^https?:/i.test(target);
  const paths = isPath ? wantedPaths(site, target).map((wanted) => explainPath(context, wanted)) : [];
  const path = paths.find(isKnown) ?? paths[0];
  const key = isPath ? (path?.owner ?? path?.claimants[0]?.key) : keyOf(site, target);
  const page = key === undefined ? undefined : await explainPage(context, key);
  const behind = Number(built.manifest.meta("complete")) < snapshot.version;
  return {
    path,
    page: page && { ...page, ...surroundingsOf(page, inputs, built, site) },
    notes: behind ? ["The source has changes that no complete build has passed yet."] : [],
  };
}

function isKnown({ claimants, left, file }: PathExplanation): boolean {
  return claimants.length > 0 || left !== undefined || file !== undefined;
}

/** What an address may mean: as it stands, decoded, without the site's base, with the slash that was left out. */
function wantedPaths(site: Site, target: string): readonly WantedPath[] {
  const local = /^https?:/i.test(target) ? pathOfAddress(site, target) : target.replace(/[?#].*$/, "");
  const plain = [target, local, decoded(local)];
  const { base } = site;
  const inside =
    base === "" ? [] : plain.filter((one) => one.startsWith(`${base}/`)).map((one) => one.slice(base.length));
  const candidates = [...plain, ...inside].flatMap((one) => [one, one.replace(/index\.html$/, ""), `${one}/`]);
  const wanted = [...new Set(candidates)].flatMap((one) => wantedOf(one.normalize("NFC")) ?? []);
  if (wanted.length > 0) return wanted;
  throw new RekilnError({
    code: "path-unknown",
    message: `No page can stand at ${JSON.stringify(target)}: it isn't a path of the grammar.`,
    disposition: "fatal",
    hint: "Give a path like /films/alien/, or a page's key like film/42.",
  });
}

function pathOfAddress(site: Site, address: string): string {
  const url = URL.parse(address);
  if (url !== null && url.origin === new URL(site.url).origin) return url.pathname;
  throw new RekilnError({
    code: "path-unknown",
    message: `${address} isn't an address of this site, which is ${site.url}.`,
    disposition: "fatal",
    hint: "Give a path like /films/alien/.",
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The key that somebody wrote, as it is written everywhere. */
function keyOf(site: Site, text: string): PageKey {
  let parts;
  try {
    // What somebody typed is taken for a key, and made anew from its parts.
    parts = parsePageKey(text as PageKey);
  } catch {
    throw pageUnknown(text, "A key is percent-encoded: genre/science%20fiction.");
  }
  const routes = [...site.routes.keys()];
  if (!site.routes.has(parts.route)) {
    const nearest = nearestName(parts.route, routes);
    const isEntity = /^[^/]+:/.test(text);
    throw pageUnknown(
      text,
      isEntity
        ? `An entity's pages are listed by rekiln affected ${text}.`
        : nearest === undefined
          ? `Give a path like /films/alien/, or a key that begins with a route: ${routes.join(", ")}.`
          : `Did you mean ${text.replace(parts.route, nearest)}?`,
    );
  }
  if (!Number.isSafeInteger(parts.number) || parts.number < 1)
    throw pageUnknown(text, "Behind # stands a number from 1.");
  return pageKey(parts.route, parts.subject, parts.number);
}

function pageUnknown(text: string, hint: string): RekilnError {
  return new RekilnError({
    code: "page-unknown",
    message: `There is no route for a page ${JSON.stringify(text)}.`,
    disposition: "fatal",
    hint,
  });
}

function surroundingsOf(page: PageExplanation, { templates, folders }: SiteInputs, built: BuiltSite, site: Site) {
  const { route } = parsePageKey(page.key);
  const model = site.routes.get(route);
  const names = model?.template.kind === "eta" ? templateClosure(templates, model.template.name).names : [];
  const published = page.row?.published;
  const wanted = published === undefined ? undefined : wantedOf(published.path);
  const file = wanted === undefined || site.store.kind !== "directory" ? undefined : join(folders.store, wanted.key);
  const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  return { templates: names, epoch: built.record.routes[route]?.epoch, writtenMs: stats?.mtimeMs };
}
