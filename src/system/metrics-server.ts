import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";

import { isAllowedHost } from "../serve/allowed-host.ts";
import { listenError } from "../serve/listen-error.ts";
import type { Metrics } from "./metrics.ts";

const HOST = "127.0.0.1";
const REQUEST_MS_MAX = 10_000;
const HEADERS_BYTES_MAX = 8 << 10;

export interface MetricsServer extends AsyncDisposable {
  readonly url: string;
}

/**
 * Serves metrics at `/metrics`, to this machine only.
 *
 * @param port 0 takes a free one
 * @throws RekilnError `port-taken`, `listen-failed`
 */
export async function serveMetrics(
  metrics: Pick<Metrics, "contentType" | "text">,
  port: number,
): Promise<MetricsServer> {
  const server = createServer(
    { maxHeaderSize: HEADERS_BYTES_MAX, requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX },
    (request, response) => void respond(metrics, request, response),
  );
  try {
    server.listen(port, HOST);
    await once(server, "listening");
  } catch (error) {
    throw listenError(error, { host: HOST, port });
  }
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://${HOST}:${bound}/metrics`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(
  metrics: Pick<Metrics, "contentType" | "text">,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, headers, body } = await answerTo(metrics, request);
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": bytes.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    connection: "close",
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

async function answerTo(metrics: Pick<Metrics, "contentType" | "text">, request: IncomingMessage): Promise<Answer> {
  const { method, url = "" } = request;
  if (!isAllowedHost(request.headers.host, new Set()))
    return { status: 403, body: "These metrics are for this machine only.\n" };
  if (url.replace(/\?.*$/, "") !== "/metrics") return { status: 404, body: "Metrics stand at /metrics.\n" };
  if (method !== "GET" && method !== "HEAD") {
    return { status: 405, headers: { allow: "GET, HEAD" }, body: "Metrics can only be read.\n" };
  }
  try {
    return { status: 200, headers: { "content-type": metrics.contentType }, body: await metrics.text() };
  } catch {
    return { status: 500, body: "The metrics can't be read now.\n" };
  }
}
