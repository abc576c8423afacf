import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { pipeline } from "node:stream/promises";

import { messageOf } from "../core/errors.ts";
import { endToEndHeaders, headersForOrigin } from "./forwarded-headers.ts";
import type { ServeLog } from "./serve-options.ts";
import { isClientGone } from "./write-response.ts";

export interface OriginOptions {
  /** Scheme, host and port of the application: `http://127.0.0.1:3000`. */
  readonly url: URL;
  /** How long it may take to begin its answer, and how long it may be silent within one, in milliseconds. */
  readonly timeoutMs: number;
  readonly log: ServeLog;
}

/** How a request ended that was passed on. `down` and `late`: nothing was answered yet, and the client still waits. */
type Passed = "answered" | "down" | "late";

const SOCKETS_MAX = 256;

/** The dynamic application behind a site: what the site has no file for is asked of it, as it came and as it goes. */
export class Origin implements Disposable {
  readonly #options: OriginOptions;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: OriginOptions) {
    this.#options = options;
    const how = { keepAlive: true, maxSockets: SOCKETS_MAX };
    this.#agent = options.url.protocol === "https:" ? new HttpsAgent(how) : new HttpAgent(how);
  }

  /** Passes a request on and streams the answer back. Our own headers are taken from `response`: the application's answer is its own. */
  async pass(request: IncomingMessage, response: ServerResponse): Promise<Passed> {
    const { log } = this.#options;
    for (const name of response.getHeaderNames()) if (name !== "connection") response.removeHeader(name);
    let answer: IncomingMessage;
    try {
      answer = await this.#ask(request, response, true);
    } catch (error) {
      if (response.destroyed || request.destroyed) return "answered";
      log.error({ err: error }, `The application at ${this.#options.url.origin} can't be reached: ${messageOf(error)}`);
      return error instanceof LateError ? "late" : "down";
    }
    try {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEndHeaders(answer.rawHeaders));
      await pipeline(answer, response);
    } catch (error) {
      // The answer has begun: the client sees a broken one, never half of one that looks whole.
      response.destroy();
      if (!isClientGone(error)) throw error;
    }
    return "answered";
  }

  async #ask(request: IncomingMessage, response: ServerResponse, mayRetry: boolean): Promise<IncomingMessage> {
    const { url, timeoutMs } = this.#options;
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const asked = send({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port,
      method: request.method,
      path: originForm(request.url ?? "/"),
      headers: headersForOrigin(request.rawHeaders, request.socket.remoteAddress),
      agent: this.#agent,
      setHost: false,
    });
    // Whoever gives up on the answer gives up on the question.
    const onClose = (): void => void asked.destroy();
    response.once("close", onClose);
    const hasBody =
      request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
    try {
      return await this.#answerTo(asked, hasBody ? request : undefined, timeoutMs);
    } catch (error) {
      // A connection that was kept, and that the application closed in this very moment.
      const isStale = asked.reusedSocket && error instanceof Error && "code" in error && error.code === "ECONNRESET";
      response.off("close", onClose);
      if (isStale && mayRetry && !hasBody && !response.destroyed) return await this.#ask(request, response, false);
      throw error;
    }
  }

  async #answerTo(
    asked: ClientRequest,
    body: IncomingMessage | undefined,
    timeoutMs: number,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    asked.once("response", resolve);
    asked.on("error", reject);
    asked.setTimeout(timeoutMs, () => asked.destroy(new LateError(timeoutMs)));
    // An upgrade isn't asked for; an application that makes one all the same answers nothing that could be passed on.
    asked.once("upgrade", (_answer, socket) => socket.destroy(new Error("it switched protocols")));
    if (body === undefined) asked.end();
    else pipeline(body, asked).catch(reject);
    return await promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

class LateError extends Error {
  constructor(timeoutMs: number) {
    super(`it was silent for ${timeoutMs / 1000} s`);
  }
}

/** The path and query of a request target, undecoded. */
function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const local = target.replace(/^https?:\/\/[^/?#]*/i, "");
  return local.startsWith("/") ? local : `/${local}`;
}
