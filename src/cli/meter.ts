import { NO_METRICS } from "../press/work-metrics.ts";
import type { WorkMetrics } from "../press/work-metrics.ts";
import { openMetrics } from "../system/metrics.ts";
import { serveMetrics } from "../system/metrics-server.ts";
import { openSiteQueue } from "./queue-site.ts";

export interface Meter extends AsyncDisposable {
  readonly metrics: WorkMetrics;
  /** Where they are served; undefined when nobody asked for it. */
  readonly url: string | undefined;
}

/** The metrics of a worker, served on a port of this machine if there is one. @throws RekilnError `port-taken`, `listen-failed` */
export async function openMeter(port: number | undefined, configFile: string): Promise<Meter> {
  await using stack = new AsyncDisposableStack();
  if (port === undefined) return { metrics: NO_METRICS, url: undefined, [Symbol.asyncDispose]: async () => undefined };
  const queue = stack.use(await openSiteQueue(configFile));
  const metrics = await openMetrics(queue, Date.now);
  const { url } = stack.use(await serveMetrics(metrics, port));
  const opened = stack.move();
  return { metrics, url, [Symbol.asyncDispose]: async () => opened.disposeAsync() };
}
