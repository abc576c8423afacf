import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

import { isLoopbackAddress } from "./is-loopback-address.ts";
import { listenError } from "./listen-error.ts";
import { Origin } from "./origin.ts";
import { parseBase } from "./parse-base.ts";
import type { ServeContext } from "./respond.ts";
import { respond } from "./respond.ts";
import { securityHeaders } from "./security-headers.ts";
import type { ServeOptions } from "./serve-options.ts";
import { defaultServeLimits, ORIGIN_TIMEOUT_MS } from "./serve-options.ts";

const UPLOAD_TIMEOUT_MS = 300_000;

export interface SiteServer {
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

/**
 * A static server over a built directory, for GET and HEAD; with an `origin` the application behind it answers the rest. It reads `root` anew on each request, so a build may run
 * beside it.
 * @throws RekilnError `base-invalid` or `policy-invalid`.
 */
export function createSiteServer(options: ServeOptions): SiteServer {
  const limits = { ...defaultServeLimits, ...options.limits };
  const givenNames = options.allowedHosts && new Set(options.allowedHosts.map((name) => name.toLowerCase()));
  const base = parseBase(options.base);
  const headers = securityHeaders(options.contentSecurityPolicy);
  const { root, log } = options;
  const now = () => options.now();
  const isGone = (path: string): boolean => options.isGone?.(path) === true;
  const originTimeoutMs = options.origin?.timeoutMs ?? ORIGIN_TIMEOUT_MS;
  const origin = options.origin && new Origin({ url: options.origin.url, timeoutMs: originTimeoutMs, log });
  // Before the address is known every name but loopback ones is refused.
  let context: ServeContext = {
    root,
    base,
    headers,
    log,
    now,
    isGone,
    compress: options.compress ?? [],
    origin,
    bypassCookie: options.origin?.bypassCookie,
    rules: { limits, hostNames: givenNames ?? new Set(), hasOrigin: origin !== undefined },
  };

  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    // Uploads to an application take longer than asking for a file.
    requestTimeout:
      origin === undefined ? limits.requestTimeoutMs : Math.max(limits.requestTimeoutMs, UPLOAD_TIMEOUT_MS),
    connectionsCheckingInterval: limits.timeoutCheckMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
  });
  server.maxRequestsPerSocket = limits.connectionRequests;
  server.maxConnections = limits.connections;
  // The application is waited for longer than its client, so that there is somebody to tell.
  server.timeout =
    origin === undefined ? limits.stallTimeoutMs : Math.max(limits.stallTimeoutMs, originTimeoutMs + 5_000);

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
    await respond(context, request, response);
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
    if (!isLoopbackAddress(bound.address)) context = { ...context, rules: { ...context.rules, hostNames: givenNames } };
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
    origin?.[Symbol.dispose]();
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
