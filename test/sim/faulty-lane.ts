import { RekilnError } from "../../src/core/errors.ts";
import type { LaneStorage } from "../../src/queue/lane-storage.ts";
import { MemoryLane } from "../../src/queue/memory-lane.ts";
import { parseReceipt } from "../../src/queue/numbered-receipt.ts";
import type {
  DeadLetter,
  DeadLetterPage,
  Lane,
  LaneDepth,
  OutgoingMessage,
  QueuedMessage,
  Received,
} from "../../src/queue/queue.ts";
import type { World } from "./world.ts";

function busy(): RekilnError {
  return new RekilnError({ code: "queue-busy", message: "The queue is busy.", disposition: "retry" });
}

/** Kills alone must not use up a message: they come far more often here than they do. */
const RECEIVES_MAX = 1000;

/** A lane of the simulated queue, with its faults, that knows what isn't acked yet. */
export class FaultyLane implements LaneStorage {
  readonly #world: World;
  readonly #lane: MemoryLane;
  /** Bodies by id. */
  readonly outstanding = new Map<string, string>();

  constructor(world: World, lane: Lane) {
    this.#world = world;
    this.#lane = new MemoryLane(lane, world.scheduler.clock, RECEIVES_MAX);
  }

  send(messages: readonly OutgoingMessage[]): readonly string[] {
    const { chance, faults, counts } = this.#world;
    this.#fail("send");
    const ids = messages.map((message) => {
      if (chance.happens(faults.lose)) {
        counts.add("messages lost");
        this.#world.needsBuild("a message was lost");
        return "lost";
      }
      if (chance.happens(faults.duplicate)) {
        counts.add("messages duplicated");
        this.#store(message);
      }
      return this.#store(message);
    });
    this.#world.mayDie("send");
    this.#fail("send, done");
    return ids;
  }

  #store(message: OutgoingMessage): string {
    const { chance, faults, counts } = this.#world;
    let { delaySeconds = 0 } = message;
    if (chance.happens(faults.delay)) {
      counts.add("messages delayed");
      delaySeconds += chance.between(1, 20);
    }
    const [id = ""] = this.#lane.send([{ body: message.body, delaySeconds }]);
    this.outstanding.set(id, message.body);
    this.#world.trace(`message ${id}: ${message.body}`);
    counts.add("messages");
    return id;
  }

  poison(body: string): void {
    this.#lane.send([{ body }]);
  }

  receive(max: number, visibilitySeconds: number): readonly Received[] {
    this.#fail("receive");
    const received = this.#lane.receive(max, visibilitySeconds);
    for (const { receives } of received)
      this.#world.counts.add(receives > 1 ? "messages redelivered" : "messages delivered");
    if (received.length > 0) this.#fail("receive, done");
    return received;
  }

  ack(receipts: readonly string[]): readonly boolean[] {
    const { chance, faults, counts } = this.#world;
    this.#world.mayDie("ack");
    this.#fail("ack");
    const isGood = receipts.map((receipt) => {
      if (chance.happens(faults.forgetAck)) {
        counts.add("acks forgotten");
        return true;
      }
      const [isAcked = false] = this.#lane.ack([receipt]);
      if (isAcked) this.#forget(receipt);
      return isAcked;
    });
    counts.add("acks", isGood.filter((good) => good).length);
    this.#world.onAck();
    this.#fail("ack, done");
    return isGood;
  }

  release(receipts: readonly string[], delaySeconds: number): readonly boolean[] {
    this.#fail("release");
    return this.#lane.release(receipts, delaySeconds);
  }

  extend(receipts: readonly string[], visibilitySeconds: number): readonly boolean[] {
    this.#fail("extend");
    return this.#lane.extend(receipts, visibilitySeconds);
  }

  discard(receipt: string, reason: string): boolean {
    const isDone = this.#lane.discard(receipt, reason);
    if (isDone) this.#forget(receipt);
    return isDone;
  }

  depth(): LaneDepth {
    return this.#lane.depth();
  }

  deadLetters(page: DeadLetterPage): readonly DeadLetter[] {
    return this.#lane.deadLetters(page);
  }

  peek(limit: number): readonly QueuedMessage[] {
    return this.#lane.peek(limit);
  }

  redrive(ids: readonly string[]): number {
    return this.#lane.redrive(ids);
  }

  purge(what: "messages" | "dead"): void {
    this.#lane.purge(what);
  }

  pauseMs(): number {
    return this.#lane.pauseMs();
  }

  [Symbol.dispose](): void {
    // It outlives those who use it.
  }

  #forget(receipt: string): void {
    this.outstanding.delete(String(parseReceipt(receipt)[0]));
  }

  #fail(call: string): void {
    const { chance, faults, counts } = this.#world;
    this.#world.running.check();
    if (!chance.happens(faults.queueError)) return;
    counts.add(`queue errors`);
    this.#world.trace(`queue error: ${call}`);
    throw busy();
  }
}
