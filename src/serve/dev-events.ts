import type { ServerResponse } from "node:http";
import { finished } from "node:stream/promises";

import type { DevSite } from "./dev-answer.ts";

/** Before a connection counts as stalled, and is cut. */
const PING_MS = 10_000;

/** Tells browsers when to load a page again: server-sent events (HTML Standard, 9.2). */
export class DevEvents {
  readonly #site: DevSite;
  readonly #streams = new Set<ServerResponse>();

  constructor(site: DevSite) {
    this.#site = site;
  }

  /** Sends the revision whenever it is another one than the page has. Resolves when the client is gone. */
  async stream(response: ServerResponse, since: number): Promise<void> {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    const send = (revision: number): void => void response.write(`event: revision\ndata: ${revision}\n\n`);
    const ping = setInterval(() => response.write(": still here\n\n"), PING_MS);
    const off = this.#site.onRevision(send);
    this.#streams.add(response);
    try {
      response.write("retry: 500\n\n");
      if (this.#site.revision !== since) send(this.#site.revision);
      await finished(response);
    } catch {
      // The browser went away, as browsers do.
    } finally {
      clearInterval(ping);
      off();
      this.#streams.delete(response);
    }
  }

  /** Ends all streams. */
  end(): void {
    for (const response of this.#streams) response.end();
  }
}
