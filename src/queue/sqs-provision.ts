import type { QueueAttributeName } from "@aws-sdk/client-sqs";

import { LANES } from "./queue.ts";
import type { Lane } from "./queue.ts";
import { SqsConnection } from "./sqs-connection.ts";
import type { SqsSettings } from "./sqs-connection.ts";
import { sqsCodeOf, sqsError } from "./sqs-error.ts";
import { parseRedrivePolicy } from "./sqs-redrive-policy.ts";

export interface ProvisionSettings extends SqsSettings {
  /** Names of the lanes' queues, or their addresses. */
  readonly names: Readonly<Record<Lane, string>>;
  /** How often a message is received before it goes to the dead letters. */
  readonly maxReceives: number;
}

type Attributes = Partial<Record<QueueAttributeName, string>>;

/** What is done, or would be, with one queue. */
export interface ProvisionStep {
  readonly queue: string;
  readonly action: "create" | "change" | "keep";
  /** What is set, and what it was; undefined where it wasn't there. */
  readonly attributes: readonly { readonly name: string; readonly from: string | undefined; readonly to: string }[];
}

/** 14 days, the longest that there is: a worker may be away for as long. */
const RETENTION_SECONDS = 1_209_600;
/** As long as workers hold a message, for whoever doesn't say. */
const VISIBILITY_SECONDS = 60;

/** The name of the dead-letter queue that is made for a queue. */
export function deadNameOf(name: string): string {
  return `${queueNameOf(name)}-dead`;
}

/** The last part of an address is the name. */
function queueNameOf(name: string): string {
  return name.split("/").at(-1) ?? name;
}

/**
 * Makes both lanes' queues, each with its dead letters, or mends those that are there; done again, nothing is left to do. Dead letters come first, since a
 * queue's policy names them. Encryption is that of the service, where no key of one's own is set.
 *
 * @throws RekilnError when the service can't be asked
 */
export async function provisionQueues(
  settings: ProvisionSettings,
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<readonly ProvisionStep[]> {
  const connection = new SqsConnection(settings);
  try {
    const steps: ProvisionStep[] = [];
    for (const lane of LANES) {
      const name = queueNameOf(settings.names[lane]);
      const there = await attributesOf(connection, name);
      const policy = parseRedrivePolicy(there?.RedrivePolicy);
      // Dead letters that are elsewhere already stay there.
      const deadName = policy?.queue ?? deadNameOf(name);
      const dead = await provision(
        connection,
        deadName,
        await attributesOf(connection, deadName),
        () => ({}),
        isDryRun,
      );
      steps.push(dead.step);
      const isGood = policy !== undefined && policy.maxReceives >= settings.maxReceives;
      const wanted = (): Attributes =>
        isGood
          ? {}
          : {
              RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: settings.maxReceives }),
            };
      const lanes = { ...wanted(), VisibilityTimeout: String(VISIBILITY_SECONDS) };
      steps.push((await provision(connection, name, there, () => lanes, isDryRun)).step);
    }
    return steps;
  } finally {
    connection.close();
  }
}

async function provision(
  connection: SqsConnection,
  name: string,
  there: Attributes | undefined,
  own: () => Attributes,
  isDryRun: boolean,
): Promise<{ readonly step: ProvisionStep; readonly arn: string }> {
  const hasKey = (there?.KmsMasterKeyId ?? "") !== "";
  const wanted: Attributes = {
    MessageRetentionPeriod: String(RETENTION_SECONDS),
    ...(hasKey ? {} : { SqsManagedSseEnabled: "true" }),
    ...own(),
  };
  const changes = Object.entries(wanted)
    .map(([attribute, to]) => ({
      name: attribute,
      from: Object.entries(there ?? {}).find(([one]) => one === attribute)?.[1],
      to,
    }))
    .filter(({ from, to }) => from !== to);
  const what = `The queue ${name}`;
  const action = there === undefined ? "create" : changes.length > 0 ? "change" : "keep";
  if (!isDryRun && action === "create") {
    await connection.ask(what, (client) => client.createQueue({ QueueName: name, Attributes: wanted }));
  }
  if (!isDryRun && action === "change") {
    const Attributes = Object.fromEntries(changes.map((change) => [change.name, change.to]));
    await connection.ask(what, async (client) => {
      const { QueueUrl } = await client.getQueueUrl({ QueueName: name });
      await client.setQueueAttributes({ QueueUrl, Attributes });
    });
  }
  const arn = isDryRun ? there?.QueueArn : (await attributesOf(connection, name))?.QueueArn;
  return { step: { queue: name, action, attributes: changes }, arn: arn ?? `the arn of ${name}` };
}

/** Undefined when there is no such queue. */
async function attributesOf(connection: SqsConnection, name: string): Promise<Attributes | undefined> {
  try {
    return await connection.call(async (client) => {
      const { QueueUrl } = await client.getQueueUrl({ QueueName: name });
      return (await client.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] })).Attributes ?? {};
    });
  } catch (error) {
    if (["QueueDoesNotExist", "NonExistentQueue"].includes(sqsCodeOf(error))) return undefined;
    throw sqsError(`The queue ${name}`, error);
  }
}
