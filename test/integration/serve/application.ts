import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";

import { onTestFinished } from "vitest";

export interface Application {
  readonly server: Server;
  readonly url: URL;
  /** What it was asked, in order. */
  readonly asked: { readonly method: string; readonly target: string; readonly raw: readonly string[] }[];
}

/** A dynamic application on a free port until the test is over. */
export async function startApplication(answer: RequestListener): Promise<Application> {
  const asked: { method: string; target: string; raw: readonly string[] }[] = [];
  const server = createServer((request, response) => {
    asked.push({ method: request.method ?? "", target: request.url ?? "", raw: request.rawHeaders });
    answer(request, response);
  });
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("it has no port");
  return { server, url: new URL(`http://127.0.0.1:${bound.port}`), asked };
}

/** The values of a header in Node's raw form. */
export function valuesOf(raw: readonly string[], name: string): readonly string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
}

/** All of a request's body. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
