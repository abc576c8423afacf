import { readAssets } from "../press/static-files.ts";
import type { StaticProblem } from "../press/static-files.ts";
import type { Assets } from "../press/assets.ts";
import type { SiteRecord } from "../press/site-record.ts";
import { epochsOf } from "../press/site-record.ts";
import { createEtaRenderer } from "../render/eta-renderer.ts";
import { readTemplates } from "../render/template-set.ts";
import type { TemplateSet } from "../render/template-set.ts";
import { codeFingerprint } from "../site/fingerprint.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { entityFileOf } from "./open-source.ts";
import { siteFolders } from "./site-folders.ts";
import type { SiteFolders } from "./site-folders.ts";
import type { PressSetup } from "./press-setup.ts";

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
}

/** @throws TemplateError: what is wrong with a template is said before anything is written */
export async function readInputs(config: LoadedConfig, environment: Environment): Promise<SiteInputs> {
  const folders = siteFolders(config);
  const templates = readTemplates(folders.templates);
  createEtaRenderer(templates);
  const { assets, problems } = await readAssets(folders.static, config.site.compress.length > 0);
  return { environment, config, folders, templates, assets, problems };
}

/** What press threads are given to press pages of a site. */
export function pressSetupOf(
  { environment, config, folders, templates, assets }: SiteInputs,
  record: SiteRecord,
  manifestFile: string,
  isDryRun: boolean,
): Omit<PressSetup, "writer" | "turn"> {
  return {
    configFile: config.configFile,
    environment,
    codeFingerprint: codeFingerprint(config.code),
    templates,
    assets,
    staticFolder: folders.static,
    storeFolder: folders.store,
    entityFile: entityFileOf(folders),
    manifestFile,
    epochs: epochsOf(record),
    isFirstBuild: record.isFirstBuild,
    isDryRun,
  };
}
