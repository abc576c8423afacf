import { SqliteQueue } from "../queue/sqlite-queue.ts";
import type { Queue } from "../queue/queue.ts";
import { sleep } from "./sleep.ts";
import type { SiteFolders } from "./site-folders.ts";

/**
 * The queue of a site on this machine: `queue-live.db` and `queue-bulk.db` in its state folder.
 *
 * @throws RekilnError when it can't be used
 */
export function openQueue(folders: Pick<SiteFolders, "state">): Queue {
  return new SqliteQueue(folders.state, { clock: Date.now, sleep });
}
