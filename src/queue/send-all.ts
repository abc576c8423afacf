import type { Lane, Queue } from "./queue.ts";

/** Sends messages. @throws RekilnError when the queue doesn't take one of them; others may be stored */
export async function sendAll(queue: Queue, lane: Lane, bodies: readonly string[], delaySeconds = 0): Promise<void> {
  if (bodies.length === 0) return;
  const results = await queue.send(
    lane,
    bodies.map((body) => ({ body, delaySeconds })),
  );
  for (const result of results) if (result.kind === "failed") throw result.error;
}
