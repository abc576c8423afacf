import { dirname, resolve } from "node:path";

import { messageOf, RekilnError } from "../core/errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a site's config sees of the environment: `.env` beside the config is loaded into `process.env`, where it changes
 * nothing that is set already. Called before the config is loaded; threads that are started later have it too.
 *
 * @throws RekilnError `env-unreadable`
 */
export function siteEnvironment(configFile: string): Environment {
  const file = resolve(dirname(configFile), ".env");
  try {
    process.loadEnvFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const isMissing = code === "ENOENT" || code === "ENOTDIR";
    if (!isMissing) {
      throw new RekilnError({
        code: "env-unreadable",
        message: `${file} can't be read: ${messageOf(error)}.`,
        disposition: "fatal",
        hint: "Give this user the right to read it, or take it away.",
        cause: error,
      });
    }
  }
  return { ...process.env };
}
