/** Loads the config that it is given and says what came of it: as a worker thread, or as a process with arguments. */
import { isMainThread, parentPort, workerData } from "node:worker_threads";

import { z } from "zod";

import { RekilnError } from "../../../src/core/errors.ts";
import { codeFingerprint } from "../../../src/site/fingerprint.ts";
import { InvalidConfigError } from "../../../src/site/invalid-config-error.ts";
import { loadConfig } from "../../../src/site/load-config.ts";
import type { ConfigReport, ReportRequest } from "./config-report.ts";

const Request = z.object({ configFile: z.string(), environment: z.record(z.string(), z.string()) });

async function reportConfig({ configFile, environment }: ReportRequest): Promise<ConfigReport> {
  try {
    const { site, root, code } = await loadConfig(configFile, environment);
    const templates = Object.fromEntries([...site.routes.values()].map(({ name, template }) => [name, template.kind]));
    return { ok: true, url: site.url, root, code, fingerprint: codeFingerprint(code), templates };
  } catch (thrown) {
    if (!(thrown instanceof RekilnError)) throw thrown;
    return {
      ok: false,
      code: thrown.code,
      disposition: thrown.disposition,
      message: thrown.message,
      hint: thrown.hint,
      causedBy: thrown.cause instanceof Error ? thrown.cause.name : undefined,
      problemPaths: thrown instanceof InvalidConfigError ? thrown.problems.map(({ path }) => path) : [],
    };
  }
}

if (isMainThread) {
  const requests = z.array(Request).parse(JSON.parse(process.argv[2] ?? "[]"));
  const reports: ConfigReport[] = [];
  for (const request of requests) reports.push(await reportConfig(request));
  process.stdout.write(JSON.stringify(reports));
} else {
  parentPort?.postMessage(await reportConfig(Request.parse(workerData)));
}
