import { basename } from "node:path";

import { digestOf } from "../core/digest.ts";
import { readAssets } from "../press/static-files.ts";
import type { StaticProblem } from "../press/static-files.ts";
import type { Assets } from "../press/assets.ts";
import type { SiteRecord } from "../press/site-record.ts";
import { epochsOf } from "../press/site-record.ts";
import { createEtaRenderer } from "../render/eta-renderer.ts";
import { readTemplates } from "../render/template-set.ts";
import type { TemplateSet } from "../render/template-set.ts";
import { suggest } from "../site/check-object.ts";
import { codeFingerprint } from "../site/fingerprint.ts";
import { InvalidConfigError } from "../site/invalid-config-error.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { Problem } from "../site/problem.ts";
import type { RouteModel } from "../site/site.ts";
import type { ManifestSetup } from "./open-manifest.ts";
import { entityFileOf } from "./open-source.ts";
import { siteFolders } from "./site-folders.ts";
import type { SiteFolders } from "./site-folders.ts";
import type { PressCode, PressSetup } from "./press-setup.ts";
import { storeSetupOf } from "./store-setup.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Everything but data that pages are made of, read once: whatever is done with a site is done with these very bytes. */
export interface SiteInputs {
  readonly environment: Environment;
  readonly config: LoadedConfig;
  readonly folders: SiteFolders;
  readonly templates: TemplateSet;
  readonly assets: Assets;
  /** Files of `static/` that can't be used. */
  readonly problems: readonly StaticProblem[];
  /** Files and folders of `static/` that begin with a dot. */
  readonly leftOut: readonly string[];
  readonly broken: readonly BrokenTemplate[];
}

/** A template that can't be compiled. */
export interface BrokenTemplate {
  /** File name below `templates/`. */
  readonly file: string;
  readonly line: number | undefined;
  readonly message: string;
  /** Routes whose pages can't be made for that reason. */
  readonly routes: readonly string[];
}

/** @throws InvalidConfigError when routes name templates that aren't there; TemplateError for one that isn't a plain file */
export async function readInputs(config: LoadedConfig, environment: Environment): Promise<SiteInputs> {
  const folders = siteFolders(config);
  const templates = readTemplates(folders.templates);
  checkTemplates(config, templates);
  const { assets, problems, leftOut } = await readAssets(folders.static, config.site.compress.length > 0);
  const broken = brokenTemplates(config, templates);
  return { environment, config, folders, templates, assets, problems, leftOut, broken };
}

/** Every route that names a template which isn't there, at once. */
function checkTemplates({ site, configFile }: LoadedConfig, { files }: TemplateSet): void {
  const problems: Problem[] = [];
  for (const { name, template } of site.routes.values()) {
    if (template.kind !== "eta" || files.has(template.name)) continue;
    const hint = files.size === 0 ? "put it into templates/" : suggest(template.name, files.keys(), "templates");
    problems.push({
      path: `routes.${name}.template`,
      message: `there is no templates/${template.name}.eta`,
      hint: `make it, or ${hint}`,
    });
  }
  if (problems.length > 0) throw new InvalidConfigError(basename(configFile), problems);
}

function brokenTemplates({ site }: LoadedConfig, templates: TemplateSet): readonly BrokenTemplate[] {
  const renderer = createEtaRenderer(templates);
  return renderer.broken.map((error) => {
    const isUser = ({ template }: RouteModel): boolean =>
      template.kind === "eta" && renderer.brokenBy(template.name).includes(error);
    const routes = [...site.routes.values()].filter(isUser).map(({ name }) => name);
    return { file: error.file, line: error.line, message: error.message, routes };
  });
}

/** The same for the same inputs, byte for byte. */
export function inputsDigest({ config, templates, assets }: SiteInputs): string {
  const files = [...templates.files].map(([name, bytes]) => [name, digestOf(bytes)]);
  const copies = [...assets.values()].map(({ file, digest }) => [file, digest]);
  return digestOf(JSON.stringify([codeFingerprint(config.code), files, copies]));
}

/** The code that press threads load. */
export function pressCodeOf({ environment, config }: SiteInputs): PressCode {
  return { configFile: config.configFile, environment, codeFingerprint: codeFingerprint(config.code) };
}

/** What else press threads are given to press pages of a site. */
export function pressSetupOf(
  { config, folders, templates, assets }: SiteInputs,
  record: SiteRecord,
  manifest: ManifestSetup,
  isDryRun: boolean,
): PressSetup {
  return {
    templates,
    assets,
    staticFolder: folders.static,
    store: storeSetupOf(config.site, folders),
    entityFile: entityFileOf(folders),
    manifest,
    epochs: epochsOf(record),
    epoch: record.epoch,
    isFirstBuild: record.isFirstBuild,
    isDryRun,
  };
}
