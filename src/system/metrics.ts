import type { Clock } from "../core/clock.ts";
import type { WorkMetrics } from "../press/work-metrics.ts";
import { LANES } from "../queue/queue.ts";
import type { LaneDepth, Queue } from "../queue/queue.ts";

/** From a change that an editor waits for to one behind a bulk import. */
const LATENCY_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];
/** The depth is read once for all that a scrape asks, and not more often than this. */
const DEPTH_AGE_MAX_MS = 1000;

/** The metrics of a worker, and what Prometheus reads of them. */
export interface Metrics extends WorkMetrics {
  readonly contentType: string;
  /** Reads the queue's depth, then says everything. */
  text(): Promise<string>;
}

const DEPTHS: readonly { readonly name: string; readonly help: string; readonly of: (lane: LaneDepth) => number }[] = [
  { name: "waiting", help: "Messages that can be received now.", of: ({ waiting }) => waiting },
  { name: "delayed", help: "Messages whose delay hasn't passed.", of: ({ delayed }) => delayed },
  { name: "in_flight", help: "Messages that workers hold.", of: ({ inFlight }) => inFlight },
  { name: "dead", help: "Dead letters.", of: ({ dead }) => dead },
  {
    name: "oldest_age_seconds",
    help: "Seconds since the oldest message was sent; 0 when there is none.",
    of: ({ oldestAgeSeconds }) => oldestAgeSeconds ?? 0,
  },
];

/** Makes the metrics of a worker. The package is loaded only when somebody asks for them. */
export async function openMetrics(queue: Pick<Queue, "depth">, clock: Clock): Promise<Metrics> {
  const { default: prometheus } = await import("prom-client");
  const registry = new prometheus.Registry();
  const registers = [registry];
  const depth = depthOf(queue, clock);
  for (const { name, help, of } of DEPTHS) {
    const gauge = new prometheus.Gauge({
      name: `rekiln_queue_${name}`,
      help,
      labelNames: ["lane"],
      registers: [],
      collect: async () => {
        const now = await depth();
        // What can't be read isn't said, rather than what it was.
        gauge.reset();
        if (now !== undefined) for (const lane of LANES) gauge.set({ lane }, of(now[lane]));
      },
    });
    registry.registerMetric(gauge);
  }
  const pages = new prometheus.Counter({
    name: "rekiln_pages_total",
    help: "Pages that were pressed, by how that ended.",
    labelNames: ["outcome", "reason"],
    registers,
  });
  const latency = new prometheus.Histogram({
    name: "rekiln_event_to_page_seconds",
    help: "Seconds from when a change was told until its pages were in place.",
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  const render = new prometheus.Counter({
    name: "rekiln_render_seconds_total",
    help: "Seconds that threads spent on rendering.",
    registers,
  });
  const retries = new prometheus.Counter({
    name: "rekiln_retries_total",
    help: "Pages that failed and are tried again.",
    registers,
  });
  const drift = new prometheus.Counter({
    name: "rekiln_drift_total",
    help: "Pages that a sweep found to differ though no event was pending, by cause.",
    labelNames: ["cause"],
    registers,
  });
  return {
    pages: (outcomes) => {
      for (const outcome of outcomes) {
        pages.inc({ outcome: outcome.kind, reason: "reason" in outcome ? outcome.reason : "" });
      }
    },
    // A clock that is set back may give less than nothing, which a counter refuses.
    latency: (seconds) => latency.observe(Math.max(0, seconds)),
    renderMs: (ms) => render.inc(Math.max(0, ms) / 1000),
    retry: () => retries.inc(),
    drift: (cause) => drift.inc({ cause }),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

type Depth = Awaited<ReturnType<Queue["depth"]>>;

function depthOf(queue: Pick<Queue, "depth">, clock: Clock): () => Promise<Depth | undefined> {
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<Depth | undefined> = Promise.resolve(undefined);
  return () => {
    const now = clock();
    if (Math.abs(now - readAt) >= DEPTH_AGE_MAX_MS) {
      readAt = now;
      reading = queue.depth().catch(() => undefined);
    }
    return reading;
  };
}
