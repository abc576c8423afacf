import { RekilnError } from "../core/errors.ts";
import type { Lane, Received } from "./queue.ts";

/** What Lambda hands to a function of SQS: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html. */
interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: { readonly ApproximateReceiveCount: string; readonly SentTimestamp: string };
  readonly eventSourceARN: string;
}

/**
 * The messages of an event, as a queue gives them.
 *
 * @param names of the lanes' queues, or their addresses
 * @throws RekilnError `event-unknown` for what isn't an event of SQS, or is one of another queue
 */
export function receivedOfEvent(event: unknown, names: Readonly<Record<Lane, string>>): readonly Received[] {
  return recordsOf(event).map(({ messageId: id, receiptHandle: receipt, body, attributes, eventSourceARN }) => {
    const lane = laneOf(eventSourceARN, names);
    if (lane === undefined) throw unknownEvent(`The config's queues don't have ${eventSourceARN}`);
    const { ApproximateReceiveCount, SentTimestamp } = attributes;
    return { lane, id, receipt, body, receives: Number(ApproximateReceiveCount), sentAt: Number(SentTimestamp) };
  });
}

function recordsOf(event: unknown): readonly SqsRecord[] {
  const records = isObject(event) ? event["Records"] : undefined;
  if (Array.isArray(records) && records.every(isRecord)) return records;
  throw unknownEvent("This isn't what SQS sends to a function");
}

function isRecord(record: unknown): record is SqsRecord {
  if (!isObject(record) || record["eventSource"] !== "aws:sqs") return false;
  const { attributes } = record;
  if (!isObject(attributes)) return false;
  const texts = [
    ...["messageId", "receiptHandle", "body", "eventSourceARN"].map((name) => record[name]),
    ...["ApproximateReceiveCount", "SentTimestamp"].map((name) => attributes[name]),
  ];
  return texts.every((text) => typeof text === "string");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function laneOf(arn: string, names: Readonly<Record<Lane, string>>): Lane | undefined {
  const name = arn.split(":").at(-1);
  const isOf = (lane: Lane): boolean => names[lane].split("/").at(-1) === name;
  return isOf("live") ? "live" : isOf("bulk") ? "bulk" : undefined;
}

function unknownEvent(message: string): RekilnError {
  return new RekilnError({
    code: "event-unknown",
    message: `${message}.`,
    disposition: "fatal",
    hint: "Have the function triggered by the queues that the config names, live and bulk, and by nothing else.",
  });
}
