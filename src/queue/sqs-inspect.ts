import type { SQS } from "@aws-sdk/client-sqs";

import { messageOf, RekilnError } from "../core/errors.ts";
import { bad, doubtful, good } from "../core/finding.ts";
import type { Finding } from "../core/finding.ts";
import { LANES } from "./queue.ts";
import type { Lane } from "./queue.ts";
import { SqsAddress } from "./sqs-address.ts";
import { SqsConnection } from "./sqs-connection.ts";
import type { SqsSettings } from "./sqs-connection.ts";
import { sqsCodeOf, sqsError } from "./sqs-error.ts";
import { parseRedrivePolicy } from "./sqs-redrive-policy.ts";

const PROVISION = "Run rekiln provision.";
const LEAST_RECEIVES = 5;
const DAY_SECONDS = 86_400;
const LONGEST_RETENTION_SECONDS = 14 * DAY_SECONDS;
/** Whoever takes a message without saying for how long holds it for so long at least. */
const LEAST_VISIBILITY_SECONDS = 30;
const DENIED = new Set(["AccessDenied", "AccessDeniedException"]);

/** Looks at both lanes' queues: how they are set, and what these credentials may do with them. Changes nothing. */
export async function inspectQueues(
  settings: SqsSettings & { readonly names: Readonly<Record<Lane, string>> },
): Promise<readonly Finding[]> {
  const connection = new SqsConnection(settings);
  try {
    const findings = await Promise.all(LANES.map((lane) => inspectLane(connection, lane, settings.names[lane])));
    return findings.flat();
  } finally {
    connection.close();
  }
}

async function inspectLane(connection: SqsConnection, lane: Lane, name: string): Promise<readonly Finding[]> {
  const what = `queue ${lane}`;
  try {
    const address = new SqsAddress(connection, name);
    const attributes = await address.attributes();
    const findings = [
      inspectVisibility(what, Number(attributes["VisibilityTimeout"])),
      inspectRetention(what, Number(attributes["MessageRetentionPeriod"])),
      inspectEncryption(what, attributes),
      ...(await inspectDeadLetters(connection, what, attributes)),
    ];
    return [...findings, await inspectPermissions(connection, what, await address.url())];
  } catch (error) {
    if (error instanceof RekilnError) return [bad(what, error.message, error.hint ?? "")];
    throw error;
  }
}

function inspectVisibility(what: string, seconds: number): Finding {
  if (seconds >= LEAST_VISIBILITY_SECONDS) return good(what, `visibility timeout ${seconds} s`);
  return bad(what, `its visibility timeout is ${seconds} s: a message comes to two workers at once`, PROVISION);
}

function inspectRetention(what: string, seconds: number): Finding {
  const days = seconds / DAY_SECONDS;
  if (seconds >= LONGEST_RETENTION_SECONDS) return good(what, `keeps messages for ${days} days`);
  return doubtful(
    what,
    `keeps messages for ${Number(days.toFixed(1))} days only: what waits longer is lost`,
    PROVISION,
  );
}

function inspectEncryption(what: string, attributes: Readonly<Record<string, string>>): Finding {
  const isEncrypted = attributes["SqsManagedSseEnabled"] === "true" || (attributes["KmsMasterKeyId"] ?? "") !== "";
  return isEncrypted ? good(what, "encrypted") : doubtful(what, "isn't encrypted where it is stored", PROVISION);
}

async function inspectDeadLetters(
  connection: SqsConnection,
  what: string,
  attributes: Readonly<Record<string, string>>,
): Promise<readonly Finding[]> {
  const policy = parseRedrivePolicy(attributes["RedrivePolicy"]);
  if (policy === undefined) return [bad(what, "has no dead letters: what fails comes again for ever", PROVISION)];
  const findings =
    policy.maxReceives < LEAST_RECEIVES
      ? [
          bad(
            what,
            `gives a message up after ${policy.maxReceives} receives: killed workers alone use them up`,
            PROVISION,
          ),
        ]
      : [good(what, `gives a message up after ${policy.maxReceives} receives, to ${policy.queue}`)];
  const dead = await new SqsAddress(connection, policy.queue).attributes();
  const keeps = Number(dead["MessageRetentionPeriod"]);
  // Moved by the service, a letter keeps the time at which it was sent: kept no longer than its queue, it is gone at once.
  if (keeps < Number(attributes["MessageRetentionPeriod"])) {
    return [...findings, bad(what, `its dead letters are kept for less long than its messages`, PROVISION)];
  }
  return [...findings, inspectRetention(`${what}, dead letters`, keeps)];
}

interface Permission {
  readonly action: string;
  /** Asks for something that the service refuses whoever may ask, after it has looked whether they may. */
  readonly ask: (client: SQS, QueueUrl: string) => Promise<unknown>;
}

const PERMISSIONS: readonly Permission[] = [
  { action: "sqs:SendMessage", ask: (client, QueueUrl) => client.sendMessage({ QueueUrl, MessageBody: "" }) },
  {
    action: "sqs:ReceiveMessage",
    ask: (client, QueueUrl) => client.receiveMessage({ QueueUrl, MaxNumberOfMessages: 11 }),
  },
  {
    action: "sqs:DeleteMessage",
    ask: (client, QueueUrl) => client.deleteMessage({ QueueUrl, ReceiptHandle: "none" }),
  },
  {
    action: "sqs:ChangeMessageVisibility",
    ask: (client, QueueUrl) =>
      client.changeMessageVisibility({ QueueUrl, ReceiptHandle: "none", VisibilityTimeout: 0 }),
  },
];

async function inspectPermissions(connection: SqsConnection, what: string, url: string): Promise<Finding> {
  const missing: string[] = [];
  for (const { action, ask } of PERMISSIONS) {
    try {
      await connection.call((client) => ask(client, url));
    } catch (error) {
      if (DENIED.has(sqsCodeOf(error))) missing.push(action);
      const isAnswer = error instanceof Error && "$metadata" in error;
      if (!isAnswer) throw sqsError(`The ${what}`, new Error(messageOf(error), { cause: error }));
    }
  }
  if (missing.length === 0) return good(what, "may be sent to, received from, deleted from");
  return bad(what, `these credentials lack ${missing.join(", ")}`, "Add them to their policy.");
}
