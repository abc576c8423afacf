import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { RekilnError } from "../core/errors.ts";
import { brokenConfigError } from "./broken-config-error.ts";
import { checkSite } from "./check-site.ts";
import { readCodeInputs } from "./code-inputs.ts";
import type { CodeInputs } from "./fingerprint.ts";
import { InvalidConfigError } from "./invalid-config-error.ts";
import { recordedImport } from "./recorded-import.ts";
import type { Site } from "./site.ts";

export interface LoadedConfig {
  readonly site: Site;
  /** The config's folder, absolute and without links: what paths in the config are relative to. */
  readonly root: string;
  /** The config itself, absolute. */
  readonly configFile: string;
  /** Where the environment (`REKILN_STATE`) puts what is kept beside the config otherwise, absolute. */
  readonly stateFolder: string | undefined;
  /** For `codeFingerprint`: taken of the very bytes that were loaded. */
  readonly code: CodeInputs;
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && (thrown.code === "ENOENT" || thrown.code === "ENOTDIR"))
      return false;
    throw thrown;
  }
}

/**
 * Where a config is: its folder, without links, and itself.
 *
 * @throws RekilnError `config-missing`
 */
export async function findConfig(configFile: string): Promise<Pick<LoadedConfig, "root" | "configFile">> {
  const asked = resolve(configFile);
  if (!(await isFile(asked))) {
    throw new RekilnError({
      code: "config-missing",
      message: `${basename(asked)} not found in ${dirname(asked)}`,
      disposition: "fatal",
      hint: "Run it in the site's folder, name the config with --config, or make a site with rekiln init.",
    });
  }
  const root = await realpath(dirname(asked));
  return { root, configFile: join(root, basename(asked)) };
}

/**
 * Loads a site's config by native import, TypeScript included, and checks it. Each call loads it and its local modules
 * from disk again. `environment` gives the values of the variables that the site names in `env`.
 *
 * @throws RekilnError, all of them fatal: `config-missing`; `config-broken` when it or a module that it imports can't
 * be loaded, with the file, the line if there is one, and the cause; `config-invalid` (`InvalidConfigError`) with all
 * mistakes of the declaration; `config-not-recorded` when something other than Node loaded it.
 */
export async function loadConfig(
  configFile: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<LoadedConfig> {
  const { root, configFile: file } = await findConfig(configFile);
  const imported = await recordedImport(root, file);
  if (!imported.ok) throw brokenConfigError(root, imported);
  if (imported.modules.size === 0) {
    throw new RekilnError({
      code: "config-not-recorded",
      message: `${file} was loaded past Node's module hooks, so that its fingerprint can't be taken`,
      disposition: "fatal",
      hint: "Run rekiln with plain Node; under vitest set experimental.viteModuleRunner to false.",
    });
  }
  const checked = checkSite(imported.exports["default"]);
  if ("problems" in checked) throw new InvalidConfigError(basename(file), checked.problems);
  const env = Object.fromEntries(checked.site.env.map((name) => [name, environment[name]]));
  const state = environment["REKILN_STATE"];
  const stateFolder = state === undefined || state === "" ? undefined : resolve(root, state);
  return {
    site: checked.site,
    root,
    configFile: file,
    stateFolder,
    code: await readCodeInputs(root, imported.modules, env),
  };
}
