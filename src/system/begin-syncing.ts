import { encodePages } from "../core/work-message.ts";
import { distrustTorn, noteSynced, noteUnsynced } from "../press/unsynced.ts";
import type { Queue } from "../queue/queue.ts";
import { sendAll } from "../queue/send-all.ts";
import { bootId } from "./boot-id.ts";
import type { BuiltSite } from "./built-site.ts";
import type { SiteFolders } from "./site-folders.ts";
import { syncFolders } from "./sync-folders.ts";

/** How often it is noted what is synced: so much is read again after a power failure. */
const NOTE_MS = 10_000;
/** Pages of a message, of those that a power failure tore. */
const TORN_PAGES = 128;

/**
 * Before a worker's first page: what a power failure tore since it was synced is found, and goes to the bulk lane.
 *
 * @returns what makes durable all that was written of a site before it is called
 */
export async function beginSyncing(
  { manifest, store, source, record }: BuiltSite,
  queue: Queue,
  folders: SiteFolders,
): Promise<() => Promise<void>> {
  // A store elsewhere has made durable what it answered; of its pages no power failure here takes any.
  if (store.buries) return async () => syncFolders([folders.state]);
  const boot = bootId();
  const torn = distrustTorn(manifest, store, boot);
  const request = { version: source.version(), epoch: record.epoch, isForced: true, since: Date.now(), waited: 0 };
  // On the queue first: once they are noted as of this run, they aren't looked for again.
  await sendAll(queue, "bulk", encodePages(torn, TORN_PAGES, request), 0);
  noteUnsynced(manifest, boot, Date.now());
  let notedAt = Date.now();
  return async () => {
    const began = Date.now();
    await syncFolders([folders.store, folders.state]);
    if (Math.abs(began - notedAt) < NOTE_MS) return;
    notedAt = began;
    noteSynced(manifest, boot, began);
  };
}
