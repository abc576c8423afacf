import { RekilnError } from "../../src/core/errors.ts";
import type { ObjectKey } from "../../src/core/path.ts";
import type {
  GetOutcome,
  HeadOutcome,
  ListedObject,
  ObjectEtag,
  ObjectStore,
  Put,
  PutOutcome,
  RemoveOutcome,
} from "../../src/store/object-store.ts";
import type { SimProcess } from "./scheduler.ts";
import type { World } from "./world.ts";

/** Longer than any process waits for an answer. */
const LATE_MS = 60_000;

/** The store of objects of the simulated machine, as one process asks it: answers are lost, and puts land late. */
export class SimObjects implements ObjectStore {
  readonly name = "sim://site/";
  readonly #world: World;
  readonly #process: SimProcess;

  constructor(world: World, process: SimProcess) {
    this.#world = world;
    this.#process = process;
  }

  async head(key: ObjectKey): Promise<HeadOutcome> {
    await this.#process.turn("head");
    const found = this.#world.files.objects.get(key);
    const outcome: HeadOutcome =
      found === undefined
        ? { kind: "absent" }
        : {
            kind: "found",
            head: { ...found, etag: etagOf(found.etag), contentEncoding: undefined, redirect: undefined },
          };
    await this.#process.turn("head, answered");
    return outcome;
  }

  async headMany(keys: readonly ObjectKey[]): Promise<readonly HeadOutcome[]> {
    return Promise.all(keys.map((key) => this.head(key)));
  }

  async putMany(puts: readonly Put[]): Promise<readonly PutOutcome[]> {
    return Promise.all(puts.map((put) => this.put(put)));
  }

  async put(put: Put): Promise<PutOutcome> {
    const { chance, faults, counts } = this.#world;
    await this.#process.turn("put");
    if (chance.happens(faults.putRefused)) {
      counts.add("puts refused");
      return { kind: "throttled", error: trouble("slow down") };
    }
    const isLate = chance.happens(faults.putLate);
    if (isLate) {
      counts.add("puts late");
      this.#world.land(chance.between(0, LATE_MS), () => void this.#apply(put));
      await this.#process.sleep(chance.below(LATE_MS), undefined);
      return { kind: "unknown", error: trouble("no answer") };
    }
    const answer = Promise.withResolvers<PutOutcome>();
    this.#world.land(chance.below(20), () => answer.resolve(this.#apply(put)));
    const outcome = await answer.promise;
    await this.#process.turn("put, answered");
    if (!chance.happens(faults.putUnanswered)) return outcome;
    counts.add("puts unanswered");
    return { kind: "unknown", error: trouble("no answer") };
  }

  #apply({ key, content, condition }: Put): PutOutcome {
    const { files, checker } = this.#world;
    const before = files.objects.get(key);
    if ("ifMatch" in condition) {
      if (before === undefined) return { kind: "absent" };
      if (before.etag !== condition.ifMatch) return { kind: "precondition-failed" };
    } else if (before !== undefined) return { kind: "precondition-failed" };
    if (!(content instanceof Uint8Array)) throw new Error("pages are in memory");
    const etag = files.write(key, content);
    checker.onPut(key, before);
    return { kind: "put", etag: etagOf(etag) };
  }

  async get(): Promise<GetOutcome> {
    throw new Error("no press reads objects whole");
  }

  async getTail(): Promise<GetOutcome> {
    throw new Error("no press reads objects");
  }

  async remove(): Promise<RemoveOutcome> {
    throw new Error("no press removes objects: they become tombstones");
  }

  list(): AsyncIterable<readonly ListedObject[]> {
    throw new Error("no press lists objects");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It has nothing but memory.
  }
}

/** What a store gives out as a token is one. */
const etagOf = (etag: string): ObjectEtag => etag as ObjectEtag;

function trouble(message: string): RekilnError {
  return new RekilnError({ code: "store-unreachable", message, disposition: "retry" });
}
