import { beforeEach, expect, onTestFinished } from "vitest";

import type { Lane, OutgoingMessage, Queue, Receipt, ReceiptResult, Received } from "../../src/queue/queue.ts";
import type { QueueSettings } from "../../src/queue/queue-settings.ts";
import { LOCAL_CAPABILITIES } from "./queue-capabilities.ts";
import type { QueueCapabilities } from "./queue-capabilities.ts";
import { VirtualTime } from "./queue-virtual-time.ts";

/** A new queue, and the ways into it. */
export interface QueueHarness {
  readonly queue: Queue;
  /** The same queue, as another thread or process has it. */
  connect(): Queue;
  /** Default: those of a queue on this machine. */
  readonly capabilities?: QueueCapabilities;
  /** Resolves when nothing is under way but waits; default: the next turn of the event loop. */
  readonly settle?: () => Promise<void>;
}

export type OpenQueue = (settings: QueueSettings) => QueueHarness;

/** How long a receive holds, where a test doesn't say. */
export const VISIBILITY_SECONDS = 30;

/** The queue of the current test, empty at first, and what is done with it all the time. */
export class QueueUnderTest {
  readonly #open: OpenQueue;
  #time = new VirtualTime();
  #harness: QueueHarness | undefined;

  constructor(open: OpenQueue) {
    this.#open = open;
    beforeEach(() => this.reset());
  }

  /** Starts anew with another setting. */
  reset(maxReceives?: number): void {
    this.#time = new VirtualTime();
    const { clock, sleep } = this.#time;
    this.#harness = this.#open({ clock, sleep, maxReceives });
    const { queue, settle } = this.#harness;
    if (settle !== undefined) this.#time.settle = settle;
    onTestFinished(() => queue[Symbol.dispose]());
  }

  get time(): VirtualTime {
    return this.#time;
  }

  get queue(): Queue {
    if (this.#harness === undefined) throw new Error("asked for outside of a test");
    return this.#harness.queue;
  }

  get capabilities(): QueueCapabilities {
    return this.#harness?.capabilities ?? LOCAL_CAPABILITIES;
  }

  /** A list to be compared with another one: where the order is any, both are put into the same. */
  readonly inOrder = <T>(list: readonly T[]): readonly T[] =>
    this.capabilities.order === "any"
      ? list.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
      : list;

  readonly connect = (): Queue => {
    const connected = this.#harness?.connect();
    if (connected === undefined) throw new Error("asked for outside of a test");
    onTestFinished(() => connected[Symbol.dispose]());
    return connected;
  };

  readonly seconds = (seconds: number): Promise<void> => this.time.pass(seconds * 1000);

  /** Sends, and gives the ids. */
  readonly send = async (bodies: readonly (string | OutgoingMessage)[], lane: Lane = "live"): Promise<string[]> => {
    const messages = bodies.map((body) => (typeof body === "string" ? { body } : body));
    const results = await this.queue.send(lane, messages);
    return results.map((result) => {
      if (result.kind !== "sent") throw result.error;
      return result.id;
    });
  };

  /** Receives what is there, without waiting. */
  readonly receive = (max = 100, lane: Lane = "live"): Promise<readonly Received[]> =>
    this.queue.receive(lane, { max, visibilitySeconds: VISIBILITY_SECONDS });

  readonly receiveOne = async (lane: Lane = "live"): Promise<Received> => {
    const [received] = await this.receive(1, lane);
    if (received === undefined) throw new Error("nothing to receive");
    return received;
  };

  /** The bodies of what is there, which is then in flight. */
  readonly bodies = async (max = 100, lane: Lane = "live"): Promise<readonly string[]> =>
    (await this.receive(max, lane)).map(({ body }) => body);

  readonly expectDepth = async (lane: Lane, expected: Readonly<Record<string, unknown>>): Promise<void> => {
    const none = { waiting: 0, delayed: 0, inFlight: 0, dead: 0 };
    const { oldestAgeSeconds: _, ...counts } = (await this.queue.depth())[lane];
    expect(counts).toEqual({ ...none, ...expected });
  };
}

/** The kinds of results. */
export async function kinds(results: Promise<readonly ReceiptResult[]>): Promise<readonly string[]> {
  return (await results).map(({ kind }) => kind);
}

/** A receipt of the right shape that nothing was ever received with. */
export const foreign = (receipt: Receipt): Receipt => ({ ...receipt, receipt: `${receipt.receipt}9` });
