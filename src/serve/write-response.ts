import type { FileHandle } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { finished, pipeline } from "node:stream/promises";

import type { ResponsePlan } from "./response-plan.ts";

const clientGoneCodes = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED", "ECONNRESET", "EPIPE"]);

/**
 * Writes a planned answer and resolves when the system has taken all of it, or the client has gone. `file` is where the
 * bytes come from; it stays the caller's to close. A file that has become shorter cuts the connection, so that the
 * client sees a broken answer. Throws the error of a file that can't be read.
 */
export async function writeResponse(response: ServerResponse, plan: ResponsePlan, file?: FileHandle): Promise<void> {
  response.writeHead(plan.status, plan.headers);
  try {
    if (plan.body.kind === "bytes" && plan.body.length > 0 && file !== undefined && response.req.method !== "HEAD") {
      await stream(response, file, plan.body);
    } else {
      response.end(plan.body.kind === "text" ? plan.body.text : undefined);
      await finished(response);
    }
  } catch (thrown) {
    if (!isClientGone(thrown)) throw thrown;
  }
}

async function stream(
  response: ServerResponse,
  file: FileHandle,
  range: { start: number; length: number },
): Promise<void> {
  const { socket } = response;
  const bytes = file.createReadStream({ start: range.start, end: range.start + range.length - 1 });
  await pipeline(bytes, response);
  if (bytes.bytesRead < range.length) socket?.destroy();
}

/** Whether an error only says that the other side has closed the connection. */
export function isClientGone(thrown: unknown): boolean {
  return (
    thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" && clientGoneCodes.has(thrown.code)
  );
}
