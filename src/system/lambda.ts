import { tmpdir } from "node:os";
import { join } from "node:path";

import { RekilnError } from "../core/errors.ts";
import { NO_METRICS } from "../press/work-metrics.ts";
import { WorkTally } from "../press/work-tally.ts";
import { EventQueue } from "../queue/event-queue.ts";
import { LANES } from "../queue/queue.ts";
import { receivedOfEvent } from "../queue/sqs-event.ts";
import { loadConfig } from "../site/load-config.ts";
import { openQueue } from "./open-queue.ts";
import { runSweep } from "./run-sweep.ts";
import { siteEnvironment } from "./site-environment.ts";
import { readInputs } from "./site-inputs.ts";
import { sleep } from "./sleep.ts";
import { workSession } from "./work-session.ts";

const WEEK_SECONDS = 7 * 86_400;
/** Before its time is up a function stops: what it holds is finished or given back within 25 s. */
const MARGIN_MS = 28_000;

export interface LambdaOptions {
  /** The site's config; default `rekiln.config.ts` in the function's folder. */
  readonly config?: string;
  /** Threads; default one for each processor. */
  readonly concurrency?: number;
}

/** What of a function's context is looked at. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** The messages that SQS is to send again; it deletes the others. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface SweepHandlerOptions extends LambdaOptions {
  /** In which each page without a period of its route's is verified once; default 7 days. */
  readonly periodSeconds?: number;
  /** Most pages a second. */
  readonly rate?: number;
}

/**
 * A Lambda function for the messages of a site's two queues: `export const handler = queueHandler()`. Its event source mappings need
 * `ReportBatchItemFailures`. Messages of a batch that fail come again, and die as the queues' redrive policies say; the others are
 * done. A second before its time is up at the latest it gives back what it hasn't done.
 *
 * @throws as `rekiln work`: then the whole batch comes again
 */
export function queueHandler(options: LambdaOptions = {}) {
  return async (event: unknown, context?: LambdaContext): Promise<BatchResponse> => {
    const { configFile, environment } = surroundingsOf(options);
    const inputs = await readInputs(await loadConfig(configFile, environment), environment);
    const { queue: declared } = inputs.config.site;
    if (declared.kind !== "sqs") throw notInSqs();
    const queue = new EventQueue(openQueue(inputs.config), receivedOfEvent(event, declared), sleep);
    using time = timeOf(context);
    const tally = new WorkTally();
    const { ended, message } = await workSession(
      inputs,
      {
        configFile,
        lanes: LANES,
        untilEmpty: true,
        concurrency: options.concurrency,
        maxDeletes: undefined,
        watches: false,
      },
      {
        environment,
        stop: time.stop,
        queue,
        metrics: NO_METRICS,
        onProgress: () => undefined,
        warn: say,
        onReady: () => undefined,
      },
      tally,
    );
    const { changes, rendered, written, failed } = tally;
    const { left } = queue;
    say(message ?? "", { schema: "rekiln.lambda.1", ended, changes, rendered, written, failed, left: left.length });
    return { batchItemFailures: left.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/**
 * A Lambda function for a schedule: `export const handler = sweepHandler()`. Each run does what is due of the rolling sweep, and
 * goes on with what others before it left; what is behind is said, with the rate that is needed.
 *
 * @throws as `rekiln sweep`
 */
export function sweepHandler(options: SweepHandlerOptions = {}) {
  return async (_event: unknown, context?: LambdaContext): Promise<{ readonly swept: number }> => {
    const { configFile, environment } = surroundingsOf(options);
    using time = timeOf(context);
    const { tally, ended, message } = await runSweep(
      {
        configFile,
        concurrency: options.concurrency,
        periodSeconds: options.periodSeconds ?? WEEK_SECONDS,
        rate: options.rate,
        once: false,
        endsIdle: true,
        isDeep: false,
        routes: undefined,
        maxDeletes: undefined,
      },
      {
        environment,
        stop: time.stop,
        metrics: NO_METRICS,
        onProgress: () => undefined,
        warn: say,
        onReady: () => undefined,
      },
    );
    const { slices, swept, due, driftCount } = tally;
    const { written, failed } = tally.pages;
    say(message ?? "", { schema: "rekiln.lambda.1", ended, slices, swept, due, drift: driftCount, written, failed });
    return { swept };
  };
}

/** A function's own folder can't be written to; what stands below the temporary one stays while it is warm. */
function surroundingsOf({ config = "rekiln.config.ts" }: LambdaOptions) {
  return { configFile: config, environment: { REKILN_STATE: join(tmpdir(), "rekiln"), ...siteEnvironment(config) } };
}

/** Says when to stop. Without a context, never. */
function timeOf(context: LambdaContext | undefined): Disposable & { readonly stop: AbortSignal } {
  const stop = new AbortController();
  if (context === undefined) return { stop: stop.signal, [Symbol.dispose]: () => undefined };
  const left = context.getRemainingTimeInMillis();
  // A function that is given less than that has half of its time.
  const wait = Math.max(left - MARGIN_MS, left / 2);
  if (wait <= 0) stop.abort();
  const timer = setTimeout(() => stop.abort(), wait);
  return { stop: stop.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

/** A line of JSON, as the log of a function wants it. */
function say(message: string, more: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ ...more, ...(message === "" ? {} : { message }) })}\n`);
}

function notInSqs(): RekilnError {
  return new RekilnError({
    code: "queue-elsewhere",
    message: "The site's queue is on one machine, and a function has none of its own.",
    disposition: "fatal",
    hint: 'Write queue: sqs({ live: "site-live", bulk: "site-bulk" }) in the config, and run rekiln provision.',
  });
}
