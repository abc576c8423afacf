import { parentPort, workerData } from "node:worker_threads";

import type { PageKey } from "../core/page.ts";
import type { BatchOptions } from "../press/press-pool.ts";
import { pressPages } from "../press/press-pages.ts";
import type { PressContext, Pressed } from "../press/press-pages.ts";
import { toPlain } from "./plain-error.ts";
import type { PlainError } from "./plain-error.ts";
import { loadPressCode, openPress } from "./press-setup.ts";
import type { PressCode, PressSetup, PressThread } from "./press-setup.ts";

export interface ThreadData extends PressThread {
  readonly code: PressCode;
  /** Place 0 rises with each page; place 1 is the page's place in its batch, or -1 between pages. */
  readonly beat: SharedArrayBuffer;
  /** Place 0 isn't 0 when the batch is to end with the page that it is at. Shared by all threads. */
  readonly stop: SharedArrayBuffer;
}

export interface BatchMessage {
  /** With the first batch that a thread is given. */
  readonly setup: PressSetup | undefined;
  readonly keys: readonly PageKey[];
  readonly options: BatchOptions;
}

export type ThreadReply =
  | { readonly kind: "pressed"; readonly pressed: Pressed }
  | { readonly kind: "failed"; readonly error: PlainError };

/** The life of a thread that presses batches, one after the other, until it is ended. */
export async function runPressThread(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("this runs in a thread");
  // The pool gives no other data.
  const { code, beat, stop, ...thread } = workerData as ThreadData;
  const beats = new Int32Array(beat);
  const stops = new Int32Array(stop);
  let places = new Map<PageKey, number>();
  const reply = (message: ThreadReply): void => port.postMessage(message);
  const controller = new AbortController();
  const onPage = (key: PageKey | undefined): void => {
    // Told to stop, the batch ends after this page: what has been rendered is written.
    if (Atomics.load(stops, 0) !== 0) controller.abort();
    Atomics.store(beats, 1, key === undefined ? -1 : (places.get(key) ?? -1));
    Atomics.add(beats, 0, 1);
  };
  const loading = loadPressCode(code);
  // What went wrong is said where somebody listens: in reply to the first batch.
  loading.catch(() => undefined);
  let press: PressContext | undefined;
  const { signal } = controller;
  for (;;) {
    const message = await new Promise<BatchMessage>((resolve) => port.once("message", resolve));
    try {
      if (message.setup !== undefined) press = await openPress(await loading, message.setup, thread, Date.now, onPage);
      if (press === undefined) throw new Error("a thread was given a batch before what to press it with");
      places = new Map(message.keys.map((key, place) => [key, place]));
      reply({ kind: "pressed", pressed: await pressPages(press, message.keys, { ...message.options, signal }) });
    } catch (error) {
      reply({ kind: "failed", error: toPlain(error) });
    }
  }
}
