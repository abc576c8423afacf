import type { SQS, SQSClientConfig } from "@aws-sdk/client-sqs";

import { sqsError } from "./sqs-error.ts";

/** What isn't left to the SDK's own providers (environment, profile, instance). */
export interface SqsSettings {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Instead of the SDK's own providers. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** Instead of the SDK's own connections. */
  readonly requestHandler?: SQSClientConfig["requestHandler"] | undefined;
}

const CONNECT_MS = 5000;
/** More than the longest poll. */
const REQUEST_MS = 35_000;

/** The SDK's client for SQS, loaded when it is first used, and ended once nothing is under way any more. */
export class SqsConnection {
  /** Requests so far, each attempt of the SDK's own retries too: all are billed. */
  requests = 0;
  readonly #settings: SqsSettings;
  #client: Promise<SQS> | undefined;
  #underWay = 0;
  #isClosed = false;

  constructor(settings: SqsSettings) {
    this.#settings = settings;
  }

  /** Asks the service. What it throws is the SDK's. */
  async call<T>(ask: (client: SQS) => Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      this.#client ??= this.#open();
      return await ask(await this.#client);
    } finally {
      this.#underWay--;
      this.#endIfIdle();
    }
  }

  /** As `call`. @throws RekilnError that says what couldn't be used */
  async ask<T>(what: string, ask: (client: SQS) => Promise<T>): Promise<T> {
    try {
      return await this.call(ask);
    } catch (error) {
      throw sqsError(what, error);
    }
  }

  /** What is under way is waited for: an answer that nobody hears may hold messages. */
  close(): void {
    this.#isClosed = true;
    this.#endIfIdle();
  }

  async #open(): Promise<SQS> {
    // 200 ms, that only those pay who need it.
    const { SQS } = await import("@aws-sdk/client-sqs");
    const { region, endpoint, credentials, requestHandler } = this.#settings;
    const client = new SQS({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
      requestHandler: requestHandler ?? { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS },
    });
    client.middlewareStack.add(
      (next) => async (request) => {
        this.requests++;
        return next(request);
      },
      { step: "deserialize" },
    );
    return client;
  }

  #endIfIdle(): void {
    if (!this.#isClosed || this.#underWay > 0) return;
    void this.#client?.then((client) => client.destroy());
    this.#client = undefined;
  }
}
