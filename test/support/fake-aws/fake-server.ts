import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";

import type { Faults } from "./fault.ts";

export interface ServerRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Aborted when whoever asked is gone. */
  readonly gone: AbortSignal;
}

export interface ServerAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Takes a request whose body isn't there yet, and says what to do once it is. */
export type Begin = (head: Omit<ServerRequest, "body" | "gone">) => (request: ServerRequest) => Promise<ServerAnswer>;

/** The answer of a service to a request that it refuses. */
type Refuse = (status: number, code: string, url: string) => ServerAnswer;

/** An HTTP server on a free port of this machine, between whose requests and answers things go wrong as they are told to. */
export class FakeServer {
  faults: Faults = () => undefined;
  /** How many requests came, by method and, where the service has it, by target. */
  readonly counts = new Map<string, number>();
  readonly #server: Server;
  readonly #begin: Begin;
  readonly #refuse: Refuse;
  #number = 0;

  private constructor(begin: Begin, refuse: Refuse) {
    this.#begin = begin;
    this.#refuse = refuse;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.keepAliveTimeout = 60_000;
  }

  static async start(begin: Begin, refuse: Refuse): Promise<FakeServer> {
    const server = new FakeServer(begin, refuse);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get url(): string {
    // Listening on TCP, it has an address and a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get requests(): number {
    return this.#number;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
    const number = ++this.#number;
    const name = headers["x-amz-target"] ?? method;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const fault = this.faults({ method, url, headers, number });
    const act = this.#begin({ method, url, headers });
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const pieces: Buffer[] = [];
    let bytes = 0;
    try {
      if (fault?.kind === "reset-request" && fault.afterBytes === 0) return reset(request);
      for await (const piece of request as AsyncIterable<Buffer>) {
        pieces.push(piece);
        bytes += piece.length;
        if (fault?.kind === "reset-request" && bytes >= fault.afterBytes) return reset(request);
      }
    } catch {
      // Whoever sent it is gone.
      return;
    }
    if (fault?.kind === "reset-request") return reset(request);
    if (fault?.kind === "delay") await setTimeout(fault.ms);
    if (fault?.kind === "refuse") return answer(response, this.#refuse(fault.status, fault.code, url));
    const whole: ServerRequest = { method, url, headers, body: Buffer.concat(pieces), gone: gone.signal };
    if (fault?.kind === "land-late") {
      reset(request);
      await setTimeout(fault.ms);
      await act(whole);
      return;
    }
    const answered = await act(whole);
    if (fault?.kind === "lose-response") return reset(request);
    if (fault?.kind === "cut-response") return cut(response, answered, fault.afterBytes);
    answer(response, answered);
  }
}

function reset(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}

function headersOf({ headers = {}, body = "" }: ServerAnswer): Record<string, string> {
  const { "content-length": length = String(Buffer.byteLength(body)), ...others } = headers;
  return { ...others, "content-length": length, "x-amz-request-id": "fake" };
}

function answer(response: ServerResponse, answered: ServerAnswer): void {
  response.writeHead(answered.status, headersOf(answered));
  response.end(answered.body ?? "");
}

function cut(response: ServerResponse, answered: ServerAnswer, afterBytes: number): void {
  response.writeHead(answered.status, headersOf(answered));
  const { socket } = response;
  response.write(Buffer.from(answered.body ?? "").subarray(0, afterBytes), () => socket?.resetAndDestroy());
}
