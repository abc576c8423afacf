import { once } from "node:events";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";

/** What a thread that answers is started with. */
export interface AnsweringData<Data> {
  readonly data: Data;
  readonly port: MessagePort;
  /** Place 0 is 1 once a reply is there. */
  readonly ready: Int32Array;
}

/** Another thread, which does what takes time while this one waits for each of its replies: for code that has nothing else to do meanwhile. */
export class BlockingThread<Data, Ask, Reply> implements Disposable {
  readonly #entry: URL;
  readonly #data: Data;
  readonly #ready = new Int32Array(new SharedArrayBuffer(4));
  /** Started with the first question. */
  #thread: { readonly worker: Worker; readonly port: MessagePort } | undefined;

  /** @param entry the thread's file, which runs `answerAsks`; `data`: what it gets first */
  constructor(entry: URL, data: Data) {
    this.#entry = entry;
    this.#data = data;
  }

  #start(): { readonly worker: Worker; readonly port: MessagePort } {
    const { port1, port2 } = new MessageChannel();
    const workerData: AnsweringData<Data> = { data: this.#data, port: port2, ready: this.#ready };
    const worker = new Worker(this.#entry, { workerData, transferList: [port2], stdout: false });
    worker.unref();
    return { worker, port: port1 };
  }

  /** @throws Error, naming `what`, when there is no reply within `waitMs`: the thread is ended then, and the next question starts another one */
  ask(ask: Ask, waitMs: number, what: string): Reply {
    this.#thread ??= this.#start();
    const { port } = this.#thread;
    Atomics.store(this.#ready, 0, 0);
    port.postMessage(ask);
    const isAnswered = Atomics.wait(this.#ready, 0, 0, waitMs) !== "timed-out";
    // The thread sends nothing but replies.
    const reply = receiveMessageOnPort(port)?.message as Reply | undefined;
    if (isAnswered && reply !== undefined) return reply;
    // A late answer would be taken for that to the next question.
    this[Symbol.dispose]();
    throw new Error(`${what} didn't answer`);
  }

  [Symbol.dispose](): void {
    this.#thread?.port.close();
    void this.#thread?.worker.terminate();
    this.#thread = undefined;
  }
}

/** The life of the other thread: answers one question after the other, until it is ended. */
export async function answerAsks<Ask, Reply>(
  { port, ready }: Pick<AnsweringData<unknown>, "port" | "ready">,
  answer: (ask: Ask) => Promise<Reply>,
): Promise<never> {
  for (;;) {
    // Whoever started it asks nothing else.
    const [ask] = (await once(port, "message")) as [Ask];
    port.postMessage(await answer(ask));
    Atomics.store(ready, 0, 1);
    Atomics.notify(ready, 0);
  }
}
