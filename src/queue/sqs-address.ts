import { RekilnError } from "../core/errors.ts";
import type { SqsConnection } from "./sqs-connection.ts";
import { parseRedrivePolicy } from "./sqs-redrive-policy.ts";

export interface DeadLetterAddress {
  readonly url: string;
  readonly arn: string;
}

/** Where a lane's queue and its dead letters are: asked once, and again only after a failure. */
export class SqsAddress {
  /** For messages: `The queue films-live`. */
  readonly what: string;
  readonly #connection: SqsConnection;
  readonly #name: string;
  #url: Promise<string> | undefined;
  #dead: Promise<DeadLetterAddress> | undefined;

  /** `name`: of a queue, or its address. */
  constructor(connection: SqsConnection, name: string) {
    this.#connection = connection;
    this.#name = name;
    this.what = `The queue ${name}`;
  }

  /** @throws RekilnError `queue-missing` */
  url(): Promise<string> {
    this.#url ??= this.#findUrl(this.#name).catch((error: unknown) => {
      this.#url = undefined;
      throw error;
    });
    return this.#url;
  }

  /** @throws RekilnError `queue-missing`, `queue-no-dead-letters` */
  dead(): Promise<DeadLetterAddress> {
    this.#dead ??= this.#findDead().catch((error: unknown) => {
      this.#dead = undefined;
      throw error;
    });
    return this.#dead;
  }

  async arn(): Promise<string> {
    return (await this.attributes())["QueueArn"] ?? "";
  }

  async attributes(): Promise<Readonly<Record<string, string>>> {
    const QueueUrl = await this.url();
    const { Attributes = {} } = await this.#connection.ask(this.what, (client) =>
      client.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] }),
    );
    return Attributes;
  }

  async #findUrl(name: string): Promise<string> {
    if (/^https?:\/\//.test(name)) return name;
    const { QueueUrl } = await this.#connection.ask(this.what, (client) => client.getQueueUrl({ QueueName: name }));
    return QueueUrl ?? "";
  }

  async #findDead(): Promise<DeadLetterAddress> {
    const policy = parseRedrivePolicy((await this.attributes())["RedrivePolicy"]);
    if (policy === undefined) {
      throw new RekilnError({
        code: "queue-no-dead-letters",
        message: `${this.what} has no dead-letter queue.`,
        disposition: "fatal",
        hint: "Run rekiln provision to make one.",
      });
    }
    return { arn: policy.arn, url: await this.#findUrl(policy.queue) };
  }
}
