import type { LoadedConfig } from "../site/load-config.ts";
import type { EmbeddedSource } from "../source/embedded-source.ts";
import { Mirror } from "../source/mirror.ts";
import type { RefreshReport, Source } from "../source/source.ts";
import { refreshInThread } from "./source-thread.ts";

/** A thread takes longer to start than so much takes to be read, and needs more memory. */
const SMALL_BYTES = 1 << 20;

/** Whether all there is to read is read in a moment. */
export async function isSmall(source: Source): Promise<boolean> {
  return source instanceof Mirror && (await source.bytes()) <= SMALL_BYTES;
}

/**
 * Takes in what changed outside: a small source in this thread, a larger one in a thread of its own, which takes its memory with it.
 *
 * @throws RekilnError as `Source.refresh`; `config-changed`
 */
export async function takeIn(
  source: Source,
  config: LoadedConfig,
  how: { readonly environment: Readonly<Record<string, string | undefined>>; readonly firstVersion: number },
  progress: (records: number) => void,
  signal: AbortSignal,
  small = isSmall(source),
): Promise<RefreshReport> {
  if (await small) return source.refresh(progress, signal);
  return refreshInThread(config, how, progress, signal);
}

/**
 * Takes in what changed outside, if anything did.
 *
 * @returns undefined when nothing had changed
 * @throws as `takeIn`
 */
export async function takeNewest(
  source: Mirror | EmbeddedSource,
  config: LoadedConfig,
  how: Parameters<typeof takeIn>[2],
  progress: (records: number) => void,
  signal: AbortSignal,
): Promise<RefreshReport | undefined> {
  return (await source.isCurrent(signal)) ? undefined : takeIn(source, config, how, progress, signal);
}
