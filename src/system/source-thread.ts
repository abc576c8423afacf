import { parentPort, Worker, workerData } from "node:worker_threads";

import { codeFingerprint } from "../site/fingerprint.ts";
import { loadConfig } from "../site/load-config.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import type { RefreshReport } from "../source/source.ts";
import { configChanged } from "./config-changed.ts";
import { openSource } from "./open-source.ts";
import { fromPlain, toPlain } from "./plain-error.ts";
import type { PlainError } from "./plain-error.ts";

/** What the thread needs to take in a source: plain data. Its schemas are those of the config. */
interface SourceSetup {
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of the config that the build began with. */
  readonly fingerprint: string;
  /** Where an entity store that doesn't exist yet begins to count. */
  readonly firstVersion: number;
}

type SourceReply =
  | { readonly kind: "records"; readonly count: number }
  | { readonly kind: "taken"; readonly report: RefreshReport }
  | { readonly kind: "failed"; readonly error: PlainError };

const ENTRY = new URL(`../../workers/source-thread${import.meta.url.slice(-3)}`, import.meta.url);

/** The life of the thread: it takes the source in, says how that went, and ends. Any message stops it. */
export async function runSourceThread(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("this runs in a thread");
  // `refreshInThread` gives no other data.
  const setup = workerData as SourceSetup;
  const controller = new AbortController();
  const onMessage = (): void => controller.abort();
  port.on("message", onMessage);
  const reply = (message: SourceReply): void => port.postMessage(message);
  try {
    const config = await loadConfig(setup.configFile, setup.environment);
    if (codeFingerprint(config.code) !== setup.fingerprint) throw configChanged();
    using source = openSource(config, setup);
    const report = await source.refresh((count) => reply({ kind: "records", count }), controller.signal);
    reply({ kind: "taken", report });
  } catch (error) {
    reply({ kind: "failed", error: toPlain(error) });
  } finally {
    port.off("message", onMessage);
  }
}

/**
 * Takes a source in, in a thread of its own: the memory that this takes goes with it, and this thread can still be
 * interrupted.
 */
export async function refreshInThread(
  config: LoadedConfig,
  how: Pick<SourceSetup, "environment" | "firstVersion">,
  progress: (records: number) => void,
  signal: AbortSignal,
): Promise<RefreshReport> {
  const { promise, resolve, reject } = Promise.withResolvers<RefreshReport>();
  const setup: SourceSetup = {
    configFile: config.configFile,
    environment: how.environment,
    fingerprint: codeFingerprint(config.code),
    firstVersion: how.firstVersion,
  };
  const worker = new Worker(ENTRY, { workerData: setup });
  const abort = (): void => worker.postMessage("stop");
  signal.addEventListener("abort", abort, { once: true });
  worker.on("message", (reply: SourceReply) => {
    if (reply.kind === "records") progress(reply.count);
    else if (reply.kind === "taken") resolve(reply.report);
    else reject(fromPlain(reply.error));
  });
  worker.on("error", reject);
  worker.on("exit", (code) => reject(new Error(`the source thread ended with code ${code}`)));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    await worker.terminate();
  }
}
