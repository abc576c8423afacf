import { join } from "node:path";

import { RekilnError } from "../core/errors.ts";
import { loadConfig } from "../site/load-config.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { FileWatch } from "./file-watch.ts";
import type { ReleaseReport } from "./run-release.ts";
import { releaseInputs } from "./run-release.ts";
import { inputsDigest, readInputs } from "./site-inputs.ts";
import type { SiteInputs } from "./site-inputs.ts";

export interface InputsWatchOptions {
  /** What is worked with now. */
  readonly inputs: SiteInputs;
  /** Told of other inputs, once they are registered and what they touch is queued. */
  readonly onReleased: (inputs: SiteInputs) => void;
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Releases templates, static files, the config and the modules that it imports whenever they change. What is broken is said, and the
 * inputs of before stay.
 */
export async function watchInputs(options: InputsWatchOptions): Promise<FileWatch> {
  const { inputs, onReleased, say, signal } = options;
  const { config, environment, folders } = inputs;
  let known = inputsDigest(inputs);
  const take = async (): Promise<void> => {
    const next = await readInputs(await loadConfig(config.configFile, environment), environment);
    const digest = inputsDigest(next);
    if (digest === known) return;
    const report = await releaseInputs(next, false);
    known = digest;
    for (const line of releaseLines(report)) say(line);
    onReleased(next);
  };
  return FileWatch.start({
    paths: [folders.templates, folders.static, ...moduleFiles(config)],
    take: async () => take().catch((error: unknown) => say(whatIsWrong(error))),
    warn: say,
    signal,
  });
}

function moduleFiles({ root, code }: LoadedConfig): readonly string[] {
  return code.modules.map(({ name }) => join(root, name));
}

function whatIsWrong(error: unknown): string {
  if (!(error instanceof RekilnError)) throw error;
  return `${error.message}\n${error.hint ?? ""}`.trimEnd();
}

/** What became of a release, for people. */
export function releaseLines({ epoch, routes, problems }: ReleaseReport): readonly string[] {
  const queued = routes.map(({ route, pages }) => `${route} ${pages.toLocaleString("en-US")}`);
  const said = queued.length === 0 ? "no page is touched" : `queued by route: ${queued.join(", ")} pages`;
  return [
    `Templates, static files or code changed (epoch ${epoch}): ${said}.`,
    ...problems.map(({ message }) => message),
  ];
}
