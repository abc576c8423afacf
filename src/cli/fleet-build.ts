import { loadConfig } from "../site/load-config.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { openBuiltSite } from "../system/built-site.ts";
import { openQueue } from "../system/open-queue.ts";
import { runFleetBuild } from "../system/run-fleet-build.ts";
import type { FleetBuildReport } from "../system/run-fleet-build.ts";
import { siteEnvironment } from "../system/site-environment.ts";
import { templatePlace } from "../render/renderer.ts";
import { BuildProgress } from "./build-progress.ts";
import { printable } from "./build-summary.ts";
import { runCostText } from "./cost-text.ts";
import { count } from "./count.ts";
import { EXIT } from "./exit.ts";
import { interruptSignal } from "./interrupt-signal.ts";
import { STAYS_QUEUED, waitForQueue } from "./wait-for-queue.ts";

interface FleetBuildFlags {
  readonly config: string;
  readonly isForced: boolean;
  readonly wait: boolean;
  readonly json?: true;
}

/** Begins a build of a fleet, waits for its workers unless it is told not to, and says what became of it. */
export async function printFleetBuild({ config: configFile, isForced, wait, json }: FleetBuildFlags): Promise<void> {
  const started = performance.now();
  const signal = interruptSignal(STAYS_QUEUED);
  const environment = siteEnvironment(configFile);
  const progress = new BuildProgress(process.stderr, Date.now);
  const begin = async (): Promise<{ readonly config: LoadedConfig; readonly report: FleetBuildReport }> => {
    progress.phase("config");
    const config = await loadConfig(configFile, environment);
    return { config, report: await runFleetBuild({ config, isForced }, { environment, progress, signal }) };
  };
  const { config, report } = await begin().finally(() => progress.end());
  for (const { file, message } of report.problems) process.stderr.write(printable(`static/${file}: ${message}`) + "\n");
  for (const broken of report.brokenTemplates) {
    process.stderr.write(`${printable(`${templatePlace(broken)}: ${broken.message}`)}\n`);
  }
  using built = openBuiltSite(config);
  using queue = openQueue(config);
  const pages = (): number => built.manifest.count();
  const isDone = wait && (await waitForQueue(queue, () => `${count(pages())} pages`, signal));
  const failed = isDone ? built.manifest.states(Math.floor(Date.now() / 1000)).stale.failed : 0;
  const isWrong =
    failed + report.problems.length + report.brokenTemplates.length + (report.source?.problemCount ?? 0) > 0;
  const exitCode = wait && !isDone ? EXIT.interrupted : isWrong ? EXIT.failed : EXIT.done;
  process.exitCode = exitCode;
  const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
  if (json === true) {
    const { routes, changes } = report;
    const data = {
      schema: "rekiln.fleet-build.1",
      routes,
      changes,
      isDone,
      pages: pages(),
      failed,
      cost: report.cost,
      seconds,
      exitCode,
    };
    process.stdout.write(`${JSON.stringify(data)}\n`);
    return;
  }
  const queued = report.routes.length === 0 ? "no route" : report.routes.map(({ route }) => route).join(", ");
  process.stdout.write(`Queued whole: ${queued}; ${count(report.changes)} changes one by one.\n`);
  process.stdout.write(`${runCostText(report.cost)}\n`);
  if (isDone)
    process.stdout.write(`${count(pages())} pages stand, ${count(failed)} failed, after ${seconds.toFixed(2)} s.\n`);
  else process.stdout.write("Workers of any machine go on with it; rekiln status --watch shows how far they are.\n");
}
