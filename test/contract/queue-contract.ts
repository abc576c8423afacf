import { queueDeadLettersContract } from "./queue-dead-letters-contract.ts";
import { queueMessagesContract } from "./queue-messages-contract.ts";
import { queueReceiptsContract } from "./queue-receipts-contract.ts";
import { QueueUnderTest } from "./queue-under-test.ts";
import type { OpenQueue } from "./queue-under-test.ts";
import { queueWaitContract } from "./queue-wait-contract.ts";

/** What every queue does. `open` makes an empty one of its own. */
export function queueContract(name: string, open: OpenQueue): void {
  const under = new QueueUnderTest(open);
  queueMessagesContract(name, under);
  queueReceiptsContract(name, under);
  queueWaitContract(name, under);
  queueDeadLettersContract(name, under);
}
