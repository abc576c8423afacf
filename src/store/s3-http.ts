import { Pool } from "undici";
import type { Dispatcher } from "undici";

/** What a store answers, with as much of the body as says why it refused. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

/** A request brought no answer. `wasSent`: whether any of it may have arrived. */
export class NoAnswerError extends Error {
  readonly wasSent: boolean;
  /** What the connection failed of, as Node or undici names it. */
  readonly code: string;

  constructor(code: string, wasSent: boolean, cause: unknown) {
    super(cause instanceof Error && cause.message !== "" ? cause.message : code, { cause });
    this.code = code;
    this.wasSent = wasSent;
  }
}

const CONNECT_MS = 5000;
/** From the last byte sent to the first of the answer, and between two pieces of it. */
const ANSWER_MS = 30_000;
const BODY_KEPT_MAX = 16 << 10;

/** Nothing was sent when a connection fails of these. */
const BEFORE_SENDING = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Connections to one host, kept open. */
export class S3Http {
  readonly #pool: Pool;

  /** `origin`: scheme, host and port. */
  constructor(origin: string, connections: number) {
    this.#pool = new Pool(origin, {
      connections,
      connect: { timeout: CONNECT_MS },
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
  }

  /** @throws NoAnswerError */
  request({ method, path, headers, body }: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      // Undici takes an async iterable for a body; its types don't say so.
      const sent = body as Dispatcher.DispatchOptions["body"];
      this.#pool.dispatch({ method, path, headers, body: sent ?? null }, new AnswerHandler(resolve, reject));
    });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: NoAnswerError) => void;
  #status = 0;
  #headers: HttpAnswer["headers"] = {};
  #body = "";

  constructor(resolve: (answer: HttpAnswer) => void, reject: (error: NoAnswerError) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {}

  onResponseStart(_: unknown, status: number, headers: HttpAnswer["headers"]): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    if (this.#body.length < BODY_KEPT_MAX) this.#body += chunk.toString("utf8");
  }

  onResponseEnd(): void {
    this.#resolve({ status: this.#status, headers: this.#headers, body: this.#body });
  }

  onResponseError(_: unknown, error: unknown): void {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    this.#reject(new NoAnswerError(code, !BEFORE_SENDING.has(code), error));
  }
}
