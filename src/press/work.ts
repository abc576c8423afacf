import { isPassing, troubleText } from "../core/passing-error.ts";
import type { Received } from "../queue/queue.ts";
import { pressDue } from "./due-pages.ts";
import { DurableAcks } from "./durable-acks.ts";
import type { Pressed } from "./press-pages.ts";
import { settleAtLast } from "./settle-at-last.ts";
import { WorkAnswers } from "./work-answers.ts";
import type { WorkContext, WorkOptions, WorkResult } from "./work-context.ts";
import { RECEIVE_MAX, WorkMessages } from "./work-messages.ts";
import { WorkTally } from "./work-tally.ts";
import { WorkTrouble } from "./work-trouble.ts";

const IDLE_WAIT_MS = 1000;
const RELAY_MS = 1000;
/** Pages change within a minute of when they fell due. */
const DUE_MS = 10_000;

/** Drains the queue until it is told to stop, or until it is empty. */
export async function work(context: WorkContext, options: WorkOptions): Promise<WorkResult> {
  const worker = new Worker(context, options);
  return worker.run();
}

class Worker {
  readonly #context: WorkContext;
  readonly #options: WorkOptions;
  readonly #tally: WorkTally;
  readonly #messages: WorkMessages;
  readonly #acks: DurableAcks;
  readonly #answers: WorkAnswers;
  readonly #trouble: WorkTrouble;
  /** Bulk messages under way. */
  readonly #bulk = new Set<Promise<void>>();
  /** Live messages that take long to expand; those that come meanwhile aren't held up. */
  #long: Promise<void> | undefined;
  #settling: Promise<void> | undefined;
  /** Ends the wait for messages: a thread is free. */
  #wake: AbortController | undefined;
  #relayedAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.NEGATIVE_INFINITY;
  #settledAt = 0;
  #failure: unknown;

  constructor(context: WorkContext, options: WorkOptions) {
    this.#context = context;
    this.#options = options;
    this.#tally = context.tally ?? new WorkTally();
    this.#messages = new WorkMessages(context, options, this.#tally);
    this.#acks = new DurableAcks({
      clock: context.clock,
      sleep: context.sleep,
      sync: context.sync,
      ack: async (messages) => this.#messages.ack(messages),
      onFailure: async (error, messages) => {
        if (isPassing(error)) await this.#answers.giveBack(error, messages);
        else this.#failure ??= error;
      },
    });
    this.#trouble = new WorkTrouble(context, options.stop);
    const tools = { messages: this.#messages, acks: this.#acks, tally: this.#tally, trouble: this.#trouble };
    this.#answers = new WorkAnswers(context, options, tools);
  }

  async run(): Promise<WorkResult> {
    const beating = new AbortController();
    const heart = this.#messages.held.beat(beating.signal);
    let ended: WorkResult["ended"] = "stopped";
    let message: string | undefined;
    let released = 0;
    try {
      for (;;) {
        if (this.#options.stop.aborted) break;
        const standing = this.#context.standing();
        if (standing.kind === "replaced") {
          [ended, message] = ["replaced", standing.message];
          break;
        }
        try {
          await this.#relay();
          if (await this.#turn()) continue;
          if (this.#options.untilEmpty && (await this.#messages.isEmpty(this.#acks))) {
            ended = "empty";
            break;
          }
        } catch (error) {
          if (!isPassing(error)) throw error;
          await this.#trouble.pause(error);
        }
      }
      await Promise.all([...this.#bulk, this.#long]);
      await this.#acks.finish();
      await this.#settling;
      if (this.#failure !== undefined) throw this.#failure;
      const { settle, standing } = this.#context;
      await settleAtLast({
        settle: async () => settle(ended === "empty"),
        standing,
        stop: this.#options.stop,
        pause: async (error) => this.#trouble.pause(error),
      });
    } catch (error) {
      if (!this.#options.abort.aborted) throw error;
    } finally {
      await Promise.allSettled([...this.#bulk, this.#long, this.#settling]);
      await this.#acks.finish();
      this.#answers[Symbol.dispose]();
      beating.abort();
      await heart;
      released = await this.#messages.held.releaseAll();
    }
    return { tally: this.#tally, ended, message, released };
  }

  async #relay(): Promise<void> {
    const now = this.#context.clock();
    if (now - this.#relayedAt < RELAY_MS) return;
    this.#relayedAt = now;
    await this.#context.relay();
    if (now - this.#dueAt > DUE_MS) {
      this.#dueAt = now;
      await this.#pressDue();
    }
    if (now - this.#settledAt > 5 * RELAY_MS) {
      this.#settledAt = now;
      this.#settling ??= this.#settleBeside().finally(() => (this.#settling = undefined));
    }
  }

  /** What can't be brought up to date now is a few seconds later. */
  async #settleBeside(): Promise<void> {
    try {
      await this.#context.settle(false);
    } catch (error) {
      if (isPassing(error)) this.#context.warn?.(troubleText(error));
      else this.#fail(error);
    }
  }

  /** Pages that the clock has made stale. One that fails is tried again like all that fail. */
  async #pressDue(): Promise<void> {
    const { manifest, pool, clock, reader, holder, epoch, metrics } = this.#context;
    const { maxDeletes, stop } = this.#options;
    const onPressed = (pressed: Pressed): void => {
      this.#tally.add(pressed.outcomes);
      metrics.pages(pressed.outcomes);
      metrics.renderMs(pressed.times.render);
    };
    const version = (): number => reader.snapshot().version;
    const pressed = await pressDue({ manifest, pool, clock, maxDeletes, onPressed }, { version, holder, signal: stop });
    for (const { failed, unsettled, withheld } of pressed) {
      this.#tally.withheld += withheld;
      const request = { version: version(), epoch, isForced: true, since: clock(), waited: 0, findsFurther: false };
      for (const key of [...failed.keys(), ...unsettled]) await this.#messages.retry(key, request, 0, "live");
    }
  }

  /** Does what there is to do. @returns whether there was anything */
  async #turn(): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure;
    const { lanes } = this.#options;
    if (lanes.includes("live")) {
      const live = await this.#messages.gather("live");
      if (live.length > 0) {
        await this.#answerLive(live);
        return true;
      }
    }
    // One more than there are threads, so that none of them waits for a message.
    if (lanes.includes("bulk") && this.#bulk.size <= this.#context.pool.size) {
      const bulk = await this.#messages.receive("bulk", 1, 0);
      for (const message of bulk) this.#start(message);
      if (bulk.length > 0) return true;
    }
    return this.#wait();
  }

  /** Waits for a message, or for a bulk message to be done. */
  async #wait(): Promise<boolean> {
    const isBusy = this.#bulk.size > 0 || this.#long !== undefined;
    const waitMs = isBusy || !this.#options.untilEmpty ? IDLE_WAIT_MS : 0;
    const lane = this.#options.lanes[0] ?? "live";
    if (lane === "live") {
      this.#wake = new AbortController();
      const received = await this.#messages.receive("live", RECEIVE_MAX, waitMs, this.#wake.signal);
      if (received.length > 0) await this.#answerLive(received);
      else if (!isBusy) this.#tally.noteEmpty();
      return received.length > 0 || isBusy;
    }
    if (!isBusy) {
      const received = await this.#messages.receive("bulk", 1, waitMs);
      for (const message of received) this.#start(message);
      return received.length > 0;
    }
    await Promise.race(this.#bulk);
    return true;
  }

  #fail(error: unknown): void {
    if (!this.#options.abort.aborted) this.#failure ??= error;
  }

  /** Resolves when live messages are answered, or when that is found to take long and nothing else does already. */
  async #answerLive(messages: readonly Received[]): Promise<void> {
    const { promise: isLong, resolve: onLong } = Promise.withResolvers<"long">();
    const task = this.#answers.answer(messages, () => onLong("long"));
    if (this.#long !== undefined) return task;
    if ((await Promise.race([task, isLong])) !== "long") return undefined;
    this.#long = task
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#long = undefined;
        this.#wake?.abort();
      });
    return undefined;
  }

  #start(message: Received): void {
    const task = this.#answers
      .answer([message])
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#bulk.delete(task);
        this.#wake?.abort();
      });
    this.#bulk.add(task);
  }
}
