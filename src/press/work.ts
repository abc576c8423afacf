import { decodeChange, encodeChange } from "../core/change-event.ts";
import type { Clock } from "../core/clock.ts";
import { RekilnError } from "../core/errors.ts";
import { isPassing, troubleText } from "../core/passing-error.ts";
import type { PageKey } from "../core/page.ts";
import { parsePageKey } from "../core/page.ts";
import { encodePages, encodeRoutes, encodeWork } from "../core/work-message.ts";
import type { PagesMessage, RouteMessage } from "../core/work-message.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { LANES } from "../queue/queue.ts";
import type { Lane, Queue, Received, Sleep } from "../queue/queue.ts";
import { sendAll } from "../queue/send-all.ts";
import type { Site } from "../site/site.ts";
import type { Snapshot, SourceReader } from "../source/source.ts";
import { firstPagesOfRoute, isPageOfSnapshot, newPagesBehind } from "./build-plan.ts";
import { pressDue } from "./due-pages.ts";
import { DurableAcks } from "./durable-acks.ts";
import { HeldMessages, VISIBILITY_SECONDS } from "./held-messages.ts";
import type { PressPool } from "./press-pool.ts";
import type { Pressed } from "./press-pages.ts";
import { regenerate } from "./regenerate.ts";
import type { Regenerated } from "./regenerate.ts";
import { settleAtLast } from "./settle-at-last.ts";
import { newestAsked, readEvents } from "./work-events.ts";
import type { AskedPages, WorkEvents } from "./work-events.ts";
import { expandEvents } from "./work-expand.ts";
import type { ExpandContext, ExpandedEvents } from "./work-expand.ts";
import type { WorkMetrics } from "./work-metrics.ts";
import { WorkTally } from "./work-tally.ts";

/** Events are taken in together up to these, so that many of one entity are one. */
const MESSAGES_MAX = 10_000;
/** Changes of more entities than these are left to other workers, or to the next turn. */
const ENTITIES_MAX = 1000;
const RECEIVE_MAX = 500;
const BYTES_MAX = 16 << 20;
const BULK_PAGES = 128;
/** An expansion of more steps goes on while later messages are received: about 20 ms. */
const SHORT_STEPS = 8;
const IDLE_WAIT_MS = 1000;
const RELAY_MS = 1000;
/** Pages change within a minute of when they fell due. */
const DUE_MS = 10_000;
const TRIES_MAX = 5;
const SET_ASIDE_SECONDS_MAX = 900;
const EPOCH_WAIT_SECONDS = 10;
/** After a failure that passes by itself: a file that another process holds for long. */
const TROUBLE_SECONDS = 1;
const TROUBLE_SECONDS_MAX = 60;

/** Why a worker must not go on with what it was started with. */
export type Standing = { readonly kind: "current" } | { readonly kind: "replaced"; readonly message: string };

export interface WorkContext {
  readonly site: Site;
  readonly reader: SourceReader;
  /** A further reader: an expansion keeps its snapshot while others take newer ones. */
  readonly openReader: () => SourceReader;
  readonly manifest: Manifest;
  readonly pool: PressPool;
  readonly queue: Queue;
  /** Of the whole set of templates. */
  readonly epoch: number;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly metrics: WorkMetrics;
  /** Whether templates and manifest are still those that the worker was started with. */
  readonly standing: () => Standing;
  /** Tells this worker from all others. */
  readonly holder: string;
  readonly knownBefore: ExpandContext["knownBefore"];
  /** Whether another process that pressed pages of this site died, and no build has been since. */
  readonly haveOthersDied: () => boolean;
  /** Looks for data of a version that a message asks for and that isn't here; whether it found any is seen in the next snapshot. */
  readonly catchUp?: ((version: number) => Promise<void>) | undefined;
  /** Sends what waits in the outbox. */
  readonly relay: () => Promise<void>;
  /** Resolves when all pages and rows that were stored before it was called outlive a power failure. */
  readonly sync: () => Promise<void>;
  /** Lets others have their turn. */
  readonly breathe: () => Promise<void>;
  /**
   * Brings up to date what follows the pages: sitemaps, paths that were left. Called now and then, and at the end; `isDrained` when the
   * queue is empty then, and nobody holds a message of it.
   */
  readonly settle: (isDrained: boolean) => Promise<void>;
  readonly onProgress: (tally: WorkTally) => void;
  /** Told of failures that the worker outlives. */
  readonly warn?: (message: string) => void;
  /** As of `ExpandContext`. */
  readonly namedMax?: number | undefined;
  /** Where what is done is added up; a new one unless given. */
  readonly tally?: WorkTally | undefined;
}

export interface WorkOptions {
  readonly lanes: readonly Lane[];
  readonly untilEmpty: boolean;
  readonly maxDeletes: number | undefined;
  /** About how long a page that failed waits for its first retry; each further one waits twice as long. Default 2. */
  readonly retrySeconds?: number | undefined;
  /** Stops receiving; what was received is still done. */
  readonly stop: AbortSignal;
  /** Gives up what is under way: it is released. */
  readonly abort: AbortSignal;
}

export interface WorkResult {
  readonly tally: WorkTally;
  readonly ended: "empty" | "stopped" | "replaced";
  /** Why, when it was replaced. */
  readonly message: string | undefined;
  /** Messages that were given back unfinished. */
  readonly released: number;
}

/** Drains the queue until it is told to stop, or until it is empty. */
export async function work(context: WorkContext, options: WorkOptions): Promise<WorkResult> {
  const worker = new Worker(context, options);
  return worker.run();
}

class Worker {
  readonly #context: WorkContext;
  readonly #options: WorkOptions;
  readonly #held: HeldMessages;
  readonly #tally: WorkTally;
  readonly #acks: DurableAcks;
  /** Bulk messages under way. */
  readonly #bulk = new Set<Promise<void>>();
  /** Live messages that take long to expand; those that come meanwhile aren't held up. */
  #long: Promise<void> | undefined;
  #settling: Promise<void> | undefined;
  /** That no expansion uses. */
  readonly #readers: SourceReader[] = [];
  /** When messages that were set aside come back, in milliseconds since 1970. */
  #asideUntil: number[] = [];
  /** Ends the wait for messages: a thread is free. */
  #wake: AbortController | undefined;
  #relayedAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.NEGATIVE_INFINITY;
  #settledAt = 0;
  #failure: unknown;
  /** How often in a row something couldn't be used. */
  #trouble = 0;

  constructor(context: WorkContext, options: WorkOptions) {
    this.#context = context;
    this.#options = options;
    this.#tally = context.tally ?? new WorkTally();
    this.#held = new HeldMessages(context.queue, context.sleep);
    this.#acks = new DurableAcks({
      clock: context.clock,
      sleep: context.sleep,
      sync: context.sync,
      ack: async (messages) => this.#ack(messages),
      onFailure: async (error, messages) => {
        if (isPassing(error)) await this.#giveBack(error, messages);
        else this.#failure ??= error;
      },
    });
  }

  async run(): Promise<WorkResult> {
    const beating = new AbortController();
    const heart = this.#held.beat(beating.signal);
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
          if (this.#options.untilEmpty && (await this.#isEmpty())) {
            ended = "empty";
            break;
          }
        } catch (error) {
          if (!isPassing(error)) throw error;
          await this.#pause(error);
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
        pause: async (error) => this.#pause(error),
      });
    } catch (error) {
      if (!this.#options.abort.aborted) throw error;
    } finally {
      await Promise.allSettled([...this.#bulk, this.#long, this.#settling]);
      await this.#acks.finish();
      for (const reader of this.#readers) reader[Symbol.dispose]();
      beating.abort();
      await heart;
      released = await this.#held.releaseAll();
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
      for (const key of [...failed.keys(), ...unsettled]) await this.#retry(key, request, 0, "live");
    }
  }

  /** Does what there is to do. @returns whether there was anything */
  async #turn(): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure;
    const { lanes } = this.#options;
    if (lanes.includes("live")) {
      const live = await this.#gather("live");
      if (live.length > 0) {
        await this.#answerLive(live);
        return true;
      }
    }
    // One more than there are threads, so that none of them waits for a message.
    if (lanes.includes("bulk") && this.#bulk.size <= this.#context.pool.size) {
      const bulk = await this.#receive("bulk", 1, 0);
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
      const received = await this.#receive("live", RECEIVE_MAX, waitMs, this.#wake.signal);
      if (received.length > 0) await this.#answerLive(received);
      else if (!isBusy) this.#tally.noteEmpty();
      return received.length > 0 || isBusy;
    }
    if (!isBusy) {
      const received = await this.#receive("bulk", 1, waitMs);
      for (const message of received) this.#start(message);
      return received.length > 0;
    }
    await Promise.race(this.#bulk);
    return true;
  }

  async #receive(lane: Lane, max: number, waitMs: number, wake?: AbortSignal): Promise<readonly Received[]> {
    const { stop } = this.#options;
    const signal = wake === undefined ? stop : AbortSignal.any([stop, wake]);
    const options = { max, visibilitySeconds: VISIBILITY_SECONDS, waitMs, signal };
    const received = await this.#context.queue.receive(lane, options);
    this.#held.add(received);
    return received;
  }

  /** Takes all that waits now, up to a bound. */
  async #gather(lane: Lane): Promise<readonly Received[]> {
    const gathered: Received[] = [];
    const entities = new Set<string>();
    let bytes = 0;
    while (
      gathered.length < MESSAGES_MAX &&
      entities.size < ENTITIES_MAX &&
      bytes < BYTES_MAX &&
      !this.#options.stop.aborted
    ) {
      const received = await this.#receive(lane, RECEIVE_MAX, 0).catch((error: unknown) => {
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

  /** An empty poll is not yet an empty queue: others may hold messages, and retries wait for their time. */
  async #isEmpty(): Promise<boolean> {
    await this.#acks.finish();
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

  #fail(error: unknown): void {
    if (!this.#options.abort.aborted) this.#failure ??= error;
  }

  async #giveBack(error: Error, messages: readonly Received[]): Promise<void> {
    await this.#putBack(messages);
    await this.#pause(error);
  }

  /** Resolves when live messages are answered, or when that is found to take long and nothing else does already. */
  async #answerLive(messages: readonly Received[]): Promise<void> {
    const { promise: isLong, resolve: onLong } = Promise.withResolvers<"long">();
    const task = this.#answer(messages, () => onLong("long"));
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
    const task = this.#answer([message])
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#bulk.delete(task);
        this.#wake?.abort();
      });
    this.#bulk.add(task);
  }

  /** Does what messages ask for, and answers them; `onLong` is called when it takes long before a page is pressed. */
  async #answer(messages: readonly Received[], onLong?: () => void): Promise<void> {
    try {
      const events = await this.#read(messages);
      await this.#refuse(events.refused);
      if (events.changes.length > 0) await this.#expand(events.changes, onLong);
      // What was asked for page by page is asked for once, however often it was.
      for (const { message, source } of events.pages) await this.#pages(message, source);
      for (const { message, source } of events.routes) await this.#route(message, source);
      this.#trouble = 0;
    } catch (error) {
      if (!isPassing(error)) throw error;
      await this.#giveBack(error, messages);
    }
    this.#context.onProgress(this.#tally);
  }

  /** What messages ask for; what they ask for and isn't here is looked for first. */
  async #read(messages: readonly Received[]): Promise<WorkEvents> {
    const { reader, catchUp } = this.#context;
    const { version } = reader.snapshot();
    const events = readEvents(messages, version);
    const newest = newestAsked(events);
    if (catchUp === undefined || newest <= version) return events;
    await catchUp(newest);
    return readEvents(messages, reader.snapshot().version);
  }

  /** Source, store or manifest can't be used now: nothing is done until they may be, longer each time. */
  async #pause(error: Error): Promise<void> {
    const seconds = Math.min(TROUBLE_SECONDS * 2 ** this.#trouble++, TROUBLE_SECONDS_MAX);
    this.#context.warn?.(`${troubleText(error)} Work goes on in ${seconds} s.`);
    await this.#context.sleep(seconds * 1000, this.#options.stop);
  }

  /** What others' trouble interrupted isn't spent: as copies, messages were never received. */
  async #putBack(messages: readonly Received[]): Promise<void> {
    const left = this.#held.among(messages);
    try {
      for (const lane of LANES) {
        const ofLane = left.filter((message) => message.lane === lane);
        if (ofLane.length === 0) continue;
        await this.#send(
          lane,
          ofLane.map(({ body }) => body),
          TROUBLE_SECONDS,
        );
        await this.#held.ack(ofLane);
      }
    } catch {
      // The queue is in trouble too: they come back by themselves at the latest.
      await this.#held.giveBack(messages, TROUBLE_SECONDS).catch(() => undefined);
    }
  }

  async #refuse(refused: WorkEvents["refused"]): Promise<void> {
    for (const { received, reason } of refused) {
      await this.#held.discard(received, reason);
      this.#tally.discarded++;
    }
  }

  /** Expands changes, and presses what they affect, or hands it on. */
  async #expand(changes: WorkEvents["changes"], onLong?: () => void): Promise<void> {
    const reader = this.#readers.pop() ?? this.#context.openReader();
    try {
      await this.#expandIn(reader.snapshot(), changes, onLong);
    } finally {
      this.#readers.push(reader);
    }
  }

  async #expandIn(snapshot: Snapshot, changes: WorkEvents["changes"], onLong?: () => void): Promise<void> {
    const { site, manifest, epoch, knownBefore, haveOthersDied, namedMax } = this.#context;
    let steps = 0;
    const breathe = async (): Promise<void> => {
      if (++steps === SHORT_STEPS) onLong?.();
      await this.#context.breathe();
    };
    const ahead = changes.filter(({ change }) => change.version > snapshot.version);
    // Whoever doesn't know of which version an event is means: of now.
    const ready = changes
      .filter(({ change }) => change.version <= snapshot.version)
      .map(({ change, source }) => ({
        change: change.version === 0 ? { ...change, version: snapshot.version } : change,
        source,
      }));
    for (const { source } of ahead) await this.#setAsideChanges(source, 1);
    if (ready.length === 0) return;
    const done = ready.flatMap(({ source }) => source);
    const since = Math.min(...done.map(({ sentAt }) => sentAt));
    let expanded: ExpandedEvents;
    try {
      expanded = await expandEvents(
        { site, manifest, snapshot, epoch, knownBefore, breathe, distrustsAnswers: haveOthersDied(), namedMax },
        ready.map(({ change }) => change),
      );
    } catch (error) {
      if (!(error instanceof RekilnError) || error.code !== "epoch-behind") throw error;
      await this.#setAsideChanges(done, EPOCH_WAIT_SECONDS);
      return;
    }
    if (expanded.kind === "many") {
      const middle = ready.length >> 1;
      await this.#expandIn(snapshot, ready.slice(0, middle), onLong);
      await this.#expandIn(snapshot, ready.slice(middle), onLong);
      return;
    }
    this.#tally.changes += ready.length;
    const version = Math.max(...ready.map(({ change }) => change.version));
    const request = { version, epoch, isForced: false, since, waited: 0 };
    // More than is worth to name: routes as a whole.
    const routes = expanded.kind === "whole" ? [...site.routes.keys()] : expanded.routes;
    const bodies = encodeRoutes(routes, request);
    for (const route of routes) for (const known of manifest.keysOf(route)) this.#tally.addAffected(known);
    if (expanded.kind === "whole") await this.#send("bulk", bodies);
    else {
      for (const keys of [expanded.own, expanded.others, expanded.handedOn]) this.#tally.addAffected(keys);
      const pages = encodePages(expanded.handedOn, BULK_PAGES, request);
      bodies.push(...pages);
      await this.#send("bulk", bodies);
      this.#tally.handedOn += pages.length;
      await this.#regenerate([expanded.own, expanded.others], { ...request, findsFurther: false });
    }
    this.#acks.add(done);
    this.#tally.messages += done.length;
  }

  async #pages(message: PagesMessage, source: readonly Received[]): Promise<void> {
    if (await this.#isBehind(message, source)) return;
    const { keys } = message;
    const { failed } = await this.#regenerate([keys], { ...message, findsFurther: false }, source);
    const [only] = keys;
    const error = only === undefined ? undefined : failed.get(only);
    if (keys.length === 1 && error !== undefined && message.tries + 1 >= TRIES_MAX) {
      for (const received of source) await this.#held.discard(received, error);
      this.#tally.discarded += source.length;
      return;
    }
    this.#acks.add(source);
    this.#tally.messages += source.length;
  }

  /** Cuts a route into messages of pages: those that the source has, and those that the manifest knows. */
  async #route(message: RouteMessage, source: readonly Received[]): Promise<void> {
    if (await this.#isBehind(message, source)) return;
    const { site, manifest, reader } = this.#context;
    const snapshot = reader.snapshot();
    const route = site.routes.get(message.route);
    const { route: _name, kind: _kind, ...asked } = message;
    const send = async (keys: readonly PageKey[]): Promise<void> => {
      const bodies = encodePages(keys, BULK_PAGES, { ...asked, waited: 0 });
      await this.#send("bulk", bodies);
      this.#tally.handedOn += bodies.length;
    };
    if (route !== undefined) {
      for (const piece of firstPagesOfRoute(route, snapshot, RECEIVE_MAX)) {
        await send(route.list === undefined ? piece : [...piece, ...newPagesBehind(site, manifest, snapshot, piece)]);
      }
    }
    for (const piece of manifest.keysOf(message.route)) {
      // Further pages of lists, and what is gone.
      await send(piece.filter((key) => parsePageKey(key).number > 1 || !isPageOfSnapshot(site, key, snapshot)));
    }
    await this.#ack(source);
    this.#tally.messages += source.length;
  }

  /**
   * Whatever was done on a manifest that is no longer the site's isn't done: another one takes the messages.
   *
   * @throws RekilnError `worker-replaced`, which passes
   */
  async #ack(source: readonly Received[]): Promise<void> {
    const standing = this.#context.standing();
    if (standing.kind === "current") return this.#held.ack(source);
    throw new RekilnError({ code: "worker-replaced", message: standing.message, disposition: "retry" });
  }

  /** Sets aside what needs newer data or templates than there are here. */
  async #isBehind(message: PagesMessage | RouteMessage, source: readonly Received[]): Promise<boolean> {
    const { reader, epoch } = this.#context;
    if (message.epoch <= epoch && message.version <= reader.snapshot().version) return false;
    const delay = message.epoch > epoch ? EPOCH_WAIT_SECONDS : Math.max(1, message.waited);
    const seconds = Math.min(delay, SET_ASIDE_SECONDS_MAX);
    const body = encodeWork({ ...message, waited: message.waited + seconds });
    await this.#setAside(source, [body], seconds);
    return true;
  }

  async #setAsideChanges(source: readonly Received[], least: number): Promise<void> {
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
    await this.#send(source[0]?.lane ?? "live", bodies, delaySeconds);
    await this.#held.ack(source);
    this.#tally.setAside += bodies.length;
    const until = this.#context.clock() + delaySeconds * 1000;
    for (let body = 0; body < bodies.length; body++) this.#asideUntil.push(until);
  }

  /** @throws RekilnError when the queue doesn't take one of them: then nothing that led to them is acked */
  async #send(lane: Lane, bodies: readonly string[], delaySeconds = 0): Promise<void> {
    await sendAll(this.#context.queue, lane, bodies, delaySeconds);
  }

  async #regenerate(
    groups: readonly (readonly PageKey[])[],
    request: AskedPages,
    source: readonly Received[] = [],
  ): Promise<Regenerated> {
    const { manifest, pool, clock, metrics } = this.#context;
    const onPressed = (pressed: Pressed): void => {
      this.#tally.add(pressed.outcomes);
      metrics.pages(pressed.outcomes);
      metrics.renderMs(pressed.times.render);
      this.#context.onProgress(this.#tally);
    };
    const { maxDeletes } = this.#options;
    const lane = source[0]?.lane ?? "live";
    const isUrgent = lane === "live";
    const done = await regenerate({ manifest, pool, clock, maxDeletes, onPressed, isUrgent }, groups, request);
    // Told to give up, a press leaves out the rest of its batch: it is released, not acked.
    this.#options.abort.throwIfAborted();
    this.#tally.withheld += done.withheld;
    metrics.latency(Math.max(0, clock() - request.since) / 1000);
    const keys = groups.flat();
    for (const key of done.failed.keys()) {
      // A message of one page counts how often it has failed; others may have been pressed along with it.
      const tries = 1 + (keys.length === 1 && keys[0] === key ? (request.tries ?? 0) : 0);
      if (tries < TRIES_MAX) await this.#retry(key, request, tries, lane);
    }
    for (const key of done.unsettled) await this.#retry(key, request, 0, lane);
    return done;
  }

  /** A page that failed leaves its batch as a message of its own. */
  async #retry(key: PageKey, request: AskedPages, tries: number, lane: Lane): Promise<void> {
    const { version, epoch, since } = request;
    const delay = Math.ceil(((this.#options.retrySeconds ?? 2) / 2) * 2 ** tries * (0.5 + this.#context.random()));
    const body = encodeWork({ kind: "pages", keys: [key], tries, version, epoch, isForced: true, since, waited: 0 });
    await this.#send(lane, [body], Math.min(delay, SET_ASIDE_SECONDS_MAX));
    this.#tally.retries++;
    this.#context.metrics.retry();
  }
}

/** What a message is about, as far as that is worth to know before it is read. */
function entityNamed(body: string): string {
  return /"entity":"(?:[^"\\]|\\.)*"/.exec(body)?.[0] ?? body;
}
