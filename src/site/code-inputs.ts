import { readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { z } from "zod";

import { digestOf } from "../core/digest.ts";
import type { Digest } from "../core/digest.ts";
import { RekilnError } from "../core/errors.ts";
import type { CodeInputs } from "./fingerprint.ts";

const LOCK_FILES = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"];
const PackageFile = z.object({ version: z.string() });

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}

/** The bytes of the first of `names` in `folder`, or in the nearest folder above it that has one. */
async function readNearest(folder: string, names: readonly string[]): Promise<Buffer | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    for (const name of names) {
      // The nearest one counts, so they are asked for in turn.
      const bytes = await readIfThere(join(at, name));
      if (bytes !== undefined) return bytes;
    }
    if (at === dirname(at)) return undefined;
  }
}

/** rekiln's own version. @throws RekilnError `rekiln-incomplete` */
export async function readOwnVersion(): Promise<string> {
  const bytes = await readNearest(dirname(fileURLToPath(import.meta.url)), ["package.json"]);
  const parsed = PackageFile.safeParse(JSON.parse(bytes?.toString() ?? "{}"));
  if (parsed.success) return parsed.data.version;
  throw new RekilnError({
    code: "rekiln-incomplete",
    message: "rekiln's own package.json is missing or names no version",
    disposition: "fatal",
    hint: "Install rekiln again.",
    cause: parsed.error,
  });
}

/**
 * Gathers what shapes the pages of all routes: rekiln's version, the nearest lock file from `root` upwards, the
 * modules that were loaded (by absolute path) and the named environment values.
 *
 * @throws RekilnError `rekiln-incomplete` when rekiln's own package.json can't be read; the file system's own errors.
 */
export async function readCodeInputs(
  root: string,
  modules: ReadonlyMap<string, Digest>,
  env: CodeInputs["env"],
): Promise<CodeInputs> {
  const lockFile = await readNearest(root, LOCK_FILES);
  return {
    rekilnVersion: await readOwnVersion(),
    lockFile: lockFile === undefined ? undefined : digestOf(lockFile),
    modules: [...modules].map(([file, digest]) => ({ name: relative(root, file).split(sep).join("/"), digest })),
    env,
  };
}
