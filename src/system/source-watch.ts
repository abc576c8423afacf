import type { LoadedConfig } from "../site/load-config.ts";
import { FileWatch } from "./file-watch.ts";
import { refreshInThread } from "./source-thread.ts";

const PROBLEMS_SHOWN_MAX = 5;

export interface SourceWatchOptions {
  readonly config: LoadedConfig;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly firstVersion: number;
  /** Called after changes were taken in. */
  readonly onTaken: () => Promise<void>;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Takes the files of a source in whenever they change, one after the other. */
export async function watchSource(options: SourceWatchOptions): Promise<FileWatch> {
  const { config, folder, environment, firstVersion, onTaken, warn, signal } = options;
  const take = async (): Promise<void> => {
    const report = await refreshInThread(config, { firstVersion, environment }, () => undefined, signal);
    for (const { place, message } of report.problems.slice(0, PROBLEMS_SHOWN_MAX)) warn(`${place}: ${message}`);
    await onTaken();
  };
  return FileWatch.start({ paths: [folder], take, warn, signal });
}
