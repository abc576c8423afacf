import type { Queue } from "../queue/queue.ts";
import { SqliteQueue } from "../queue/sqlite-queue.ts";
import { SqsQueue } from "../queue/sqs-queue.ts";
import type { LoadedConfig } from "../site/load-config.ts";
import { siteFolders } from "./site-folders.ts";
import type { SiteFolders } from "./site-folders.ts";
import { sleep } from "./sleep.ts";

/**
 * The queue that a site declares: on this machine, or in SQS.
 *
 * @throws RekilnError when it can't be used
 */
export function openQueue(config: LoadedConfig): Queue {
  const { queue } = config.site;
  switch (queue.kind) {
    case "local":
      return openLocalQueue(siteFolders(config));
    case "sqs": {
      const { live, bulk, region, endpoint } = queue;
      return new SqsQueue({ names: { live, bulk }, region, endpoint, clock: Date.now, sleep });
    }
  }
}

/**
 * The queue of a site on this machine: `queue-live.db` and `queue-bulk.db` in its state folder.
 *
 * @throws RekilnError when it can't be used
 */
export function openLocalQueue(folders: Pick<SiteFolders, "state">): Queue {
  return new SqliteQueue(folders.state, { clock: Date.now, sleep });
}
