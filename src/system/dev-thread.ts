import { dirname, resolve } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

import type { DevAnswer, DevFailure } from "../serve/dev-answer.ts";
import type { DevFacts, DevTaken } from "./dev-facts.ts";
import { devFailure } from "./dev-failure.ts";
import { OpenDevSite } from "./open-dev-site.ts";

export interface DevThreadData {
  readonly configFile: string;
  /** Place 0 isn't 0 while a page is rendered; place 1 rises with each. */
  readonly beat: SharedArrayBuffer;
}

/** What the thread is asked; it answers with the same id. */
export type DevRequest = { readonly id: number } & (
  | { readonly ask: "answer"; readonly path: string }
  | { readonly ask: "templates" }
  | { readonly ask: "assets" }
  | { readonly ask: "data" }
);

/** What came of taking in the data: when it fails, what was taken in before stays. */
type DevDataReply =
  | { readonly ok: true; readonly taken: DevTaken }
  | { readonly ok: false; readonly failure: DevFailure; readonly isReadable: boolean };

export type DevReply =
  /** The config was loaded; `isReadable`: there is data from before. */
  | {
      readonly kind: "open";
      readonly facts: DevFacts;
      readonly files: ReadonlyMap<string, string>;
      readonly failure: DevFailure | undefined;
      readonly isReadable: boolean;
    }
  /** It couldn't be: the thread ends. */
  | { readonly kind: "broken"; readonly failure: DevFailure }
  | { readonly kind: "records"; readonly count: number }
  | { readonly kind: "answer"; readonly id: number; readonly answer: DevAnswer }
  | { readonly kind: "templates"; readonly id: number; readonly failure: DevFailure | undefined }
  | { readonly kind: "assets"; readonly id: number; readonly files: ReadonlyMap<string, string> }
  | { readonly kind: "data"; readonly id: number; readonly reply: DevDataReply }
  | { readonly kind: "failed"; readonly id: number; readonly failure: DevFailure };

/** The life of a development server's thread: it loads a config once, and answers until it is told to end. */
export async function runDevThread(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("this runs in a thread");
  // The host gives no other data.
  const { configFile, beat } = workerData as DevThreadData;
  const beats = new Int32Array(beat);
  const reply = (message: DevReply): void => port.postMessage(message);
  const root = dirname(resolve(configFile));
  const failureOf = (error: unknown, title: string): DevFailure =>
    devFailure(error, { title }, { root, modules: [], site: undefined });

  let opened: OpenDevSite;
  try {
    opened = await OpenDevSite.open(configFile, (isRendering) => {
      Atomics.store(beats, 0, isRendering ? 1 : 0);
      Atomics.add(beats, 1, 1);
    });
  } catch (error) {
    reply({ kind: "broken", failure: failureOf(error, "The config can't be used.") });
    return;
  }
  const site = opened;
  const handle = async (request: DevRequest): Promise<DevReply> => {
    const { id } = request;
    switch (request.ask) {
      case "answer":
        return { kind: "answer", id, answer: await site.answer(request.path) };
      case "templates":
        return { kind: "templates", id, failure: site.loadTemplates() };
      case "assets":
        return { kind: "assets", id, files: await site.loadAssets() };
      case "data":
        return { kind: "data", id, reply: await takeIn(site) };
    }
  };
  const takeIn = async (from: OpenDevSite): Promise<DevDataReply> => {
    try {
      return { ok: true, taken: await from.takeIn((count) => reply({ kind: "records", count })) };
    } catch (error) {
      return { ok: false, failure: failureOf(error, "The data can't be read."), isReadable: from.isReadable };
    }
  };
  port.on("message", (request: DevRequest) => {
    void handle(request).then(reply, (error: unknown) =>
      reply({ kind: "failed", id: request.id, failure: failureOf(error, "rekiln dev failed.") }),
    );
  });
  const { facts, staticFiles: files, isReadable } = site;
  reply({ kind: "open", facts, files, failure: site.loadTemplates(), isReadable });
}
