import { RekilnError } from "../core/errors.ts";
import { isPassing } from "../core/passing-error.ts";
import type { PageKey } from "../core/page.ts";
import { parsePageKey } from "../core/page.ts";
import { encodePages, encodeRoutes } from "../core/work-message.ts";
import type { PagesMessage, RouteMessage } from "../core/work-message.ts";
import type { Received } from "../queue/queue.ts";
import type { Snapshot, SourceReader } from "../source/source.ts";
import { firstPagesOfRoute, isPageOfSnapshot, newPagesBehind } from "./build-plan.ts";
import type { DurableAcks } from "./durable-acks.ts";
import type { Pressed } from "./press-pages.ts";
import { regenerate } from "./regenerate.ts";
import type { Regenerated } from "./regenerate.ts";
import type { WorkContext, WorkOptions } from "./work-context.ts";
import { newestAsked, readEvents } from "./work-events.ts";
import type { AskedPages, WorkEvents } from "./work-events.ts";
import { expandEvents } from "./work-expand.ts";
import type { ExpandedEvents } from "./work-expand.ts";
import { EPOCH_WAIT_SECONDS, RECEIVE_MAX } from "./work-messages.ts";
import type { WorkMessages } from "./work-messages.ts";
import type { WorkTally } from "./work-tally.ts";
import type { WorkTrouble } from "./work-trouble.ts";

const BULK_PAGES = 128;
/** An expansion of more steps goes on while later messages are received: about 20 ms. */
const SHORT_STEPS = 8;
const TRIES_MAX = 5;

interface WorkTools {
  readonly messages: WorkMessages;
  readonly acks: DurableAcks;
  readonly tally: WorkTally;
  readonly trouble: WorkTrouble;
}

/** Does what messages ask for: expands changes, presses pages, cuts routes into pages. Each message has an end then, or will have one. */
export class WorkAnswers implements Disposable {
  readonly #context: WorkContext;
  readonly #options: WorkOptions;
  readonly #messages: WorkMessages;
  readonly #acks: DurableAcks;
  readonly #tally: WorkTally;
  readonly #trouble: WorkTrouble;
  /** That no expansion uses. */
  readonly #readers: SourceReader[] = [];

  constructor(context: WorkContext, options: WorkOptions, { messages, acks, tally, trouble }: WorkTools) {
    this.#context = context;
    this.#options = options;
    this.#messages = messages;
    this.#acks = acks;
    this.#tally = tally;
    this.#trouble = trouble;
  }

  /**
   * Answers messages that are held. What passes by itself is waited for, once those without an answer are back in the queue.
   *
   * @param onLong called when it takes long before a page is pressed
   */
  async answer(messages: readonly Received[], onLong?: () => void): Promise<void> {
    try {
      const events = await this.#read(messages);
      await this.#refuse(events.refused);
      if (events.changes.length > 0) await this.#expand(events.changes, onLong);
      // What was asked for page by page is asked for once, however often it was.
      for (const { message, source } of events.pages) await this.#pages(message, source);
      for (const { message, source } of events.routes) await this.#route(message, source);
      this.#trouble.over();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await this.giveBack(error, messages);
    }
    this.#context.onProgress(this.#tally);
  }

  /** Puts those of some messages back that have no answer, and waits until what failed may be over. */
  async giveBack(error: Error, messages: readonly Received[]): Promise<void> {
    await this.#messages.putBack(messages);
    await this.#trouble.pause(error);
  }

  async #refuse(refused: WorkEvents["refused"]): Promise<void> {
    for (const { received, reason } of refused) {
      await this.#messages.held.discard(received, reason);
      this.#tally.discarded++;
    }
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
    for (const { source } of ahead) await this.#messages.setAsideChanges(source, 1);
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
      await this.#messages.setAsideChanges(done, EPOCH_WAIT_SECONDS);
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
    if (expanded.kind === "whole") await this.#messages.send("bulk", bodies);
    else {
      for (const keys of [expanded.own, expanded.others, expanded.handedOn]) this.#tally.addAffected(keys);
      const pages = encodePages(expanded.handedOn, BULK_PAGES, request);
      bodies.push(...pages);
      await this.#messages.send("bulk", bodies);
      this.#tally.handedOn += pages.length;
      await this.#regenerate([expanded.own, expanded.others], { ...request, findsFurther: false });
    }
    this.#acks.add(done);
    this.#tally.messages += done.length;
  }

  async #pages(message: PagesMessage, source: readonly Received[]): Promise<void> {
    if (await this.#messages.setAsideIfAhead(message, source)) return;
    const { keys } = message;
    const { failed } = await this.#regenerate([keys], { ...message, findsFurther: false }, source);
    const [only] = keys;
    const error = only === undefined ? undefined : failed.get(only);
    if (keys.length === 1 && error !== undefined && message.tries + 1 >= TRIES_MAX) {
      for (const received of source) await this.#messages.held.discard(received, error);
      this.#tally.discarded += source.length;
      return;
    }
    this.#acks.add(source);
    this.#tally.messages += source.length;
  }

  /** Cuts a route into messages of pages: those that the source has, and those that the manifest knows. */
  async #route(message: RouteMessage, source: readonly Received[]): Promise<void> {
    if (await this.#messages.setAsideIfAhead(message, source)) return;
    const { site, manifest, reader } = this.#context;
    const snapshot = reader.snapshot();
    const route = site.routes.get(message.route);
    const { route: _name, kind: _kind, ...asked } = message;
    const send = async (keys: readonly PageKey[]): Promise<void> => {
      const bodies = encodePages(keys, BULK_PAGES, { ...asked, waited: 0 });
      await this.#messages.send("bulk", bodies);
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
    await this.#messages.ack(source);
    this.#tally.messages += source.length;
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
      if (tries < TRIES_MAX) await this.#messages.retry(key, request, tries, lane);
    }
    for (const key of done.unsettled) await this.#messages.retry(key, request, 0, lane);
    return done;
  }

  [Symbol.dispose](): void {
    for (const reader of this.#readers) reader[Symbol.dispose]();
  }
}
