import { decodeChange, encodeChange } from "../core/change-event.ts";
import { RekilnError } from "../core/errors.ts";
import type { PageKey } from "../core/page.ts";
import { encodeWork } from "../core/work-message.ts";
import type { PagesMessage, RouteMessage } from "../core/work-message.ts";
import { LANES } from "../queue/queue.ts";
import type { Lane, Received } from "../queue/queue.ts";
import { sendAll } from "../queue/send-all.ts";
import type { DurableAcks } from "./durable-acks.ts";
import { HeldMessages, VISIBILITY_SECONDS } from "./held-messages.ts";
import type { WorkContext, WorkOptions } from "./work-context.ts";
import type { AskedPages } from "./work-events.ts";
import type { WorkTally } from "./work-tally.ts";

/** What is received at once. */
export const RECEIVE_MAX = 500;
/** Events are taken in together up to these, so that many of one entity are one. */
const MESSAGES_MAX = 10_000;
/** Changes of more entities than these are left to other workers, or to the next turn. */
const ENTITIES_MAX = 1000;
const BYTES_MAX = 16 << 20;
const SET_ASIDE_SECONDS_MAX = 900;
export const EPOCH_WAIT_SECONDS = 10;
/** How long what a trouble interrupted waits in the queue. */
const TROUBLE_SECONDS = 1;

/** What a worker does with the messages of its queue: it takes them, sends others, and gives each an end. */
export class WorkMessages {
  readonly held: HeldMessages;
  readonly #context: WorkContext;
  readonly #options: WorkOptions;
  readonly #tally: WorkTally;
  /** When messages that were set aside come back, in milliseconds since 1970. */
  #asideUntil: number[] = [];

  constructor(context: WorkContext, options: WorkOptions, tally: WorkTally) {
    this.#context = context;
    this.#options = options;
    this.#tally = tally;
    this.held = new HeldMessages(context.queue, context.sleep);
  }

  async receive(lane: Lane, max: number, waitMs: number, wake?: AbortSignal): Promise<readonly Received[]> {
    const { stop } = this.#options;
    const signal = wake === undefined ? stop : AbortSignal.any([stop, wake]);
    const options = { max, visibilitySeconds: VISIBILITY_SECONDS, waitMs, signal };
    const received = await this.#context.queue.receive(lane, options);
    this.held.add(received);
    return received;
  }

  /** Takes all that waits now, up to a bound. */
  async gather(lane: Lane): Promise<readonly Received[]> {
    const gathered: Received[] = [];
    const entities = new Set<string>();
    let bytes = 0;
    while (
      gathered.length < MESSAGES_MAX &&
      entities.size < ENTITIES_MAX &&
      bytes < BYTES_MAX &&
      !this.#options.stop.aborted
    ) {
      const received = await this.receive(lane, RECEIVE_MAX, 0).catch((error: unknown) => {
        // Those that came already are answered.
        if (gathered.length === 0) throw error;
        return [];
      });
      for (const { body } of received) {
        bytes += body.length;
        entities.add(entityNamed(body));
      }
      gathered.push(...received);
      if (received.length < RECEIVE_MAX) break;
    }
    return gathered;
  }

  /**
   * Whether nothing of the lanes waits, or is held by anybody, but for what was set aside: an empty poll is not yet an empty queue. Waits a
   * moment when that may change.
   *
   * @param acks what is done is acked first
   */
  async isEmpty(acks: DurableAcks): Promise<boolean> {
    await acks.finish();
    const depth = await this.#context.queue.depth();
    const now = this.#context.clock();
    this.#asideUntil = this.#asideUntil.filter((until) => until > now);
    let aside = this.#asideUntil.length;
    for (const lane of LANES) {
      if (!this.#options.lanes.includes(lane)) continue;
      const { waiting, inFlight, delayed } = depth[lane];
      if (waiting > 0) return false;
      if (inFlight > 0 || delayed > aside) {
        await this.#context.sleep(200, this.#options.stop);
        return false;
      }
      aside -= delayed;
    }
    return true;
  }

  /**
   * Whatever was done on a manifest that is no longer the site's isn't done: another one takes the messages.
   *
   * @throws RekilnError `worker-replaced`, which passes
   */
  async ack(source: readonly Received[]): Promise<void> {
    const standing = this.#context.standing();
    if (standing.kind === "current") return this.held.ack(source);
    throw new RekilnError({ code: "worker-replaced", message: standing.message, disposition: "retry" });
  }

  /** Sets aside what needs newer data or templates than there are here. @returns whether it does */
  async setAsideIfAhead(message: PagesMessage | RouteMessage, source: readonly Received[]): Promise<boolean> {
    const { reader, epoch } = this.#context;
    if (message.epoch <= epoch && message.version <= reader.snapshot().version) return false;
    const delay = message.epoch > epoch ? EPOCH_WAIT_SECONDS : Math.max(1, message.waited);
    const seconds = Math.min(delay, SET_ASIDE_SECONDS_MAX);
    const body = encodeWork({ ...message, waited: message.waited + seconds });
    await this.#setAside(source, [body], seconds);
    return true;
  }

  /** Sets changes aside. @param least for how many seconds, at least */
  async setAsideChanges(source: readonly Received[], least: number): Promise<void> {
    for (const received of source) {
      const read = decodeChange(received.body);
      const waited = read.ok ? read.event.waited : 0;
      const seconds = Math.min(Math.max(least, waited), SET_ASIDE_SECONDS_MAX);
      const encoded = read.ok ? encodeChange({ ...read.event, waited: waited + seconds }) : undefined;
      await this.#setAside([received], encoded?.ok === true ? encoded.bodies : [received.body], seconds);
    }
  }

  /** Sends copies with a delay, and acks the originals: waiting is not failing. */
  async #setAside(source: readonly Received[], bodies: readonly string[], delaySeconds: number): Promise<void> {
    await this.send(source[0]?.lane ?? "live", bodies, delaySeconds);
    await this.held.ack(source);
    this.#tally.setAside += bodies.length;
    const until = this.#context.clock() + delaySeconds * 1000;
    for (let body = 0; body < bodies.length; body++) this.#asideUntil.push(until);
  }

  /** What others' trouble interrupted isn't spent: as copies, messages were never received. */
  async putBack(messages: readonly Received[]): Promise<void> {
    const left = this.held.among(messages);
    try {
      for (const lane of LANES) {
        const ofLane = left.filter((message) => message.lane === lane);
        if (ofLane.length === 0) continue;
        await this.send(
          lane,
          ofLane.map(({ body }) => body),
          TROUBLE_SECONDS,
        );
        await this.held.ack(ofLane);
      }
    } catch {
      // The queue is in trouble too: they come back by themselves at the latest.
      await this.held.giveBack(messages, TROUBLE_SECONDS).catch(() => undefined);
    }
  }

  /** @throws RekilnError when the queue doesn't take one of them: then nothing that led to them is acked */
  async send(lane: Lane, bodies: readonly string[], delaySeconds = 0): Promise<void> {
    await sendAll(this.#context.queue, lane, bodies, delaySeconds);
  }

  /** A page that failed leaves its batch as a message of its own. */
  async retry(key: PageKey, request: AskedPages, tries: number, lane: Lane): Promise<void> {
    const { version, epoch, since } = request;
    const delay = Math.ceil(((this.#options.retrySeconds ?? 2) / 2) * 2 ** tries * (0.5 + this.#context.random()));
    const body = encodeWork({ kind: "pages", keys: [key], tries, version, epoch, isForced: true, since, waited: 0 });
    await this.send(lane, [body], Math.min(delay, SET_ASIDE_SECONDS_MAX));
    this.#tally.retries++;
    this.#context.metrics.retry();
  }
}

/** What a message is about, as far as that is worth to know before it is read. */
function entityNamed(body: string): string {
  return /"entity":"(?:[^"\\]|\\.)*"/.exec(body)?.[0] ?? body;
}
