import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

import type { RequestRules } from "./check-request.ts";
import { isLoopbackAddress } from "./is-loopback-address.ts";
import { listenError } from "./listen-error.ts";
import type { ServeLimits, ServeLog } from "./serve-options.ts";

export interface GuardedServer {
  /**
   * Binds the port. `url` is the address of the site's first page. A second call gives the first one's result.
   * @throws RekilnError `port-taken`, or `listen-failed` for any other reason.
   */
  listen(): Promise<{ readonly url: string }>;
  /**
   * Lets running requests end, at most `limits.closeGraceMs`, then cuts every connection and frees the port. Afterwards
   * no file is open. A second call waits for the first.
   */
  close(): Promise<void>;
}

export interface GuardedServerOptions {
  /** The path that the site answers below: `""` or `"/films"`. */
  readonly base: string;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly log: ServeLog;
  /** As of `ServeOptions`. */
  readonly allowedHosts?: readonly string[] | undefined;
  readonly limits: ServeLimits;
  /** Whether an application behind it answers what files don't; default false. */
  readonly hasOrigin?: boolean | undefined;
  /** Answers one request by the rules that hold for the address that was bound; it never rejects. */
  respond(rules: RequestRules, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** A server whose clients may cost no more than its limits. */
export function createGuardedServer(options: GuardedServerOptions): GuardedServer {
  const { limits, log, hasOrigin = false } = options;
  const givenNames = options.allowedHosts && new Set(options.allowedHosts.map((name) => name.toLowerCase()));
  // Before the address is known every name but loopback ones is refused.
  let rules: RequestRules = { limits, hostNames: givenNames ?? new Set(), hasOrigin };

  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.timeoutCheckMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
  });
  server.maxRequestsPerSocket = limits.connectionRequests;
  server.maxConnections = limits.connections;
  server.timeout = limits.stallTimeoutMs;

  const lastTurns = new WeakMap<Socket, Promise<void>>();
  const running = new Set<Promise<void>>();
  let starting: Promise<{ readonly url: string }> | undefined;
  let closing: Promise<void> | undefined;

  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const turn = takeTurn(request, response);
    lastTurns.set(request.socket, turn);
    running.add(turn);
    void turn.finally(() => running.delete(turn));
  });

  // One at a time on a connection: a client that sends many requests and reads no answer holds one file open, not many.
  async function takeTurn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await lastTurns.get(request.socket);
    if (request.socket.destroyed) return;
    if (closing !== undefined || hasBody(request)) response.setHeader("Connection", "close");
    await options.respond(rules, request, response);
  }

  async function start(): Promise<{ readonly url: string }> {
    try {
      server.listen({ host: options.host, port: options.port });
      await once(server, "listening");
    } catch (cause) {
      throw listenError(cause, options);
    }
    server.on("error", (thrown) => log.error({ err: thrown }, "The server could not accept a connection."));
    const bound = server.address();
    if (bound === null || typeof bound === "string") throw listenError("it has no port", options);
    if (!isLoopbackAddress(bound.address)) rules = { limits, hostNames: givenNames, hasOrigin };
    return { url: `http://${urlHost(options.host)}:${bound.port}${options.base}/` };
  }

  async function stop(): Promise<void> {
    await Promise.allSettled([starting]);
    const grace = new AbortController();
    await Promise.race([allOver(), wait(limits.closeGraceMs, undefined, { signal: grace.signal })]);
    grace.abort();
    // Not before: server.close() cuts connections whose answer is complete but not yet read by the client.
    if (server.listening) {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    }
    await allOver();
  }

  async function allOver(): Promise<void> {
    while (running.size > 0) await Promise.allSettled(running);
  }

  return {
    listen: () => (starting ??= start()),
    close: () => (closing ??= stop()),
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
