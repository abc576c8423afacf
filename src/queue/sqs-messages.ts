import type { Message } from "@aws-sdk/client-sqs";

import type { DeadLetter, Lane, Received } from "./queue.ts";
import { receivedTooOften } from "./received-too-often.ts";

/** In which a letter that was discarded says why, since the service keeps no reason. */
const ATTRIBUTE = "rekiln-dead";

interface Obituary {
  readonly reason: string;
  /** Of the message that was discarded. */
  readonly id: string;
  readonly receives: number;
  readonly sentAt: number;
  readonly deadAt: number;
}

/** System attributes that every receive asks for. */
export const SYSTEM_ATTRIBUTES = [
  "SentTimestamp",
  "ApproximateReceiveCount",
  "ApproximateFirstReceiveTimestamp",
] as const;

const numberOf = (message: Message, name: (typeof SYSTEM_ATTRIBUTES)[number]): number =>
  Number(message.Attributes?.[name] ?? 0);

/** A message as the port knows it; undefined for one without body or receipt, which SQS never gives. */
export function receivedOf(lane: Lane, message: Message): Received | undefined {
  const { MessageId: id, ReceiptHandle: receipt, Body: body } = message;
  if (id === undefined || receipt === undefined || body === undefined) return undefined;
  const [receives, sentAt] = [numberOf(message, "ApproximateReceiveCount"), numberOf(message, "SentTimestamp")];
  return { lane, id, receipt, body, receives, sentAt };
}

/** What is sent along with a letter that is discarded. */
export function obituaryOf(message: Received, reason: string, deadAt: number) {
  const { id, receives, sentAt } = message;
  const obituary: Obituary = { reason, id, receives, sentAt, deadAt };
  return { [ATTRIBUTE]: { DataType: "String", StringValue: JSON.stringify(obituary) } };
}

/** The attribute to be received with a letter. */
export const LETTER_ATTRIBUTES: string[] = [ATTRIBUTE];

/**
 * A dead letter. One that the service moved says neither why nor when: it was received too often, and died after it was first
 * received.
 */
export function deadLetterOf(received: Received, message: Message): DeadLetter {
  const { lane, id, body, receives, sentAt } = received;
  const obituary = parseObituary(message.MessageAttributes?.[ATTRIBUTE]?.StringValue);
  if (obituary !== undefined) return { lane, body, ...obituary };
  // Whoever looked at the letter has received it too.
  const before = Math.max(1, receives - 1);
  const deadAt = numberOf(message, "ApproximateFirstReceiveTimestamp");
  return { lane, id, body, receives: before, sentAt, reason: receivedTooOften(before), deadAt };
}

/** Anybody can put anything there. */
function parseObituary(text: string | undefined): Obituary | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const { reason, id, receives, sentAt, deadAt } = parsed as Readonly<Record<string, unknown>>;
    if (typeof reason !== "string" || typeof id !== "string") return undefined;
    if (typeof receives !== "number" || typeof sentAt !== "number" || typeof deadAt !== "number") return undefined;
    return { reason, id, receives, sentAt, deadAt };
  } catch {
    return undefined;
  }
}
