import { RekilnError } from "../core/errors.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { installCapture, removeCapture } from "../source/postgres-capture.ts";
import type { CaptureStep } from "../source/postgres-capture.ts";
import { captureStatus } from "../source/postgres-catalog.ts";
import type { CaptureStatus, CaptureTable } from "../source/postgres-catalog.ts";
import { PostgresSession } from "../source/postgres-session.ts";
import { capturedTablesOf } from "./open-source.ts";

/** @throws RekilnError `capture-usage` when the config names nothing to capture, and as `installCapture` */
export async function runCaptureInstall(
  config: LoadedConfig,
  isDryRun: boolean,
  signal: AbortSignal,
): Promise<readonly CaptureStep[]> {
  const tables = tablesOf(config);
  await using session = await connect(config, signal);
  return await installCapture(session, tables, isDryRun);
}

/** @throws RekilnError `capture-usage`, `source-unreachable` */
export async function runCaptureRemove(
  config: LoadedConfig,
  isDryRun: boolean,
  signal: AbortSignal,
): Promise<readonly CaptureStep[]> {
  await using session = await connect(config, signal);
  return await removeCapture(session, isDryRun);
}

/** @throws RekilnError `capture-usage`, `source-unreachable` */
export async function runCaptureStatus(config: LoadedConfig, signal: AbortSignal): Promise<CaptureStatus> {
  const tables = tablesOf(config);
  await using session = await connect(config, signal);
  return await captureStatus(session, tables);
}

function tablesOf(config: LoadedConfig): readonly CaptureTable[] {
  const tables = capturedTablesOf(config);
  if (tables.length > 0 || config.site.source.kind !== "postgres") return tables;
  throw usage(
    "The config names no table to capture.",
    'Write postgres({ film: { query: "select …", table: "film", key: "id" } }).',
  );
}

async function connect({ site: { source } }: LoadedConfig, signal: AbortSignal): Promise<PostgresSession> {
  if (source.kind === "postgres") return PostgresSession.connect(source, signal);
  throw usage("Only changes of a Postgres database can be captured.", "Write source: postgres(…) in the config.");
}

function usage(message: string, hint: string): RekilnError {
  return new RekilnError({ code: "capture-usage", message, disposition: "fatal", hint });
}
