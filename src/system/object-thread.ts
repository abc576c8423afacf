import { workerData } from "node:worker_threads";

import { digestOf } from "../core/digest.ts";
import type { Encoding } from "../core/encoding.ts";
import type { ObjectKey } from "../core/path.ts";
import { BYTES_MAX, compress, decompress } from "../store/compress.ts";
import type { ListedObject, ObjectEtag, ObjectHead, ObjectStore, Put, StoreTrouble } from "../store/object-store.ts";
import { troubleError } from "../store/trouble-error.ts";
import type { StoredObject } from "../store/store.ts";
import { answerAsks } from "./blocking-thread.ts";
import type { AnsweringData } from "./blocking-thread.ts";
import { isOwnKey } from "./object-requests.ts";
import { readObjectBytes } from "../store/read-object-bytes.ts";
import type { ObjectAsk, ObjectReply, ObjectRequests } from "./object-requests.ts";
import { openWritableStore } from "./open-store.ts";
import { toPlain } from "./plain-error.ts";
import type { ObjectStoreSetup } from "./store-setup.ts";

/** The life of a thread that asks a store of objects for one that waits, one request after the other, until it is ended. */
export async function runObjectThread(): Promise<void> {
  // Whoever starts it gives no other data.
  const started = workerData as AnsweringData<ObjectStoreSetup>;
  const opening = openWritableStore(started.data);
  opening.catch(() => undefined);
  const lists = new Map<number, AsyncIterator<readonly ListedObject[]>>();
  const { compress: encoding } = started.data.declared;
  await answerAsks(started, async (ask: ObjectAsk): Promise<ObjectReply> => {
    try {
      return { kind: "done", value: await answer((await opening).store, ask, lists, encoding) };
    } catch (error) {
      return { kind: "failed", error: toPlain(error) };
    }
  });
}

async function answer(
  objects: ObjectStore,
  ask: ObjectAsk,
  lists: Map<number, AsyncIterator<readonly ListedObject[]>>,
  encoding: Encoding | undefined,
): Promise<ObjectRequests[keyof ObjectRequests]["reply"]> {
  switch (ask.name) {
    case "etag":
      return (await headOf(objects, ask.key))?.etag;
    case "etags":
      return Promise.all(ask.keys.map(async (key) => (await headOf(objects, key))?.etag));
    case "read":
      return readObject(objects, ask.key);
    case "bytes":
      return readObjectBytes(objects, ask.key);
    case "content": {
      const got = await objects.get(ask.key);
      if (got.kind === "absent") return undefined;
      if (got.kind !== "found") throw troubleError(got, objects.name);
      return { etag: got.head.etag, content: decompress(got.content, got.head.contentEncoding) };
    }
    case "put": {
      const put = await objects.put(packed(ask, encoding));
      if (put.kind === "put") return { kind: "put", etag: put.etag };
      if (isTrouble(put)) throw troubleError(put, objects.name);
      return { kind: "lost" };
    }
    case "remove": {
      // It came from the store.
      const removed = await objects.remove(ask.key, ask.etag as ObjectEtag);
      if (removed.kind === "removed" || removed.kind === "absent") return "removed";
      if (removed.kind === "unsupported") return "unsupported";
      if (isTrouble(removed)) throw troubleError(removed, objects.name);
      return "lost";
    }
    case "keys":
      return nextOf(objects, lists, ask.cursor);
    case "list": {
      const next = await nextOf(objects, lists, ask.cursor);
      return Promise.all(next.map(async ({ key }) => ({ key, carried: (await readObject(objects, key))?.carried })));
    }
  }
}

/** The next piece of a list; nothing at its end. */
async function nextOf(
  objects: ObjectStore,
  lists: Map<number, AsyncIterator<readonly ListedObject[]>>,
  cursor: number,
): Promise<readonly ListedObject[]> {
  let list = lists.get(cursor);
  if (list === undefined) {
    list = objects.list()[Symbol.asyncIterator]();
    lists.set(cursor, list);
  }
  const next = await list.next();
  if (next.done !== true) return next.value;
  lists.delete(cursor);
  return [];
}

function isTrouble(outcome: { readonly kind: string }): outcome is StoreTrouble {
  return ["throttled", "unreachable", "deferred", "refused"].includes(outcome.kind);
}

/** What is put, in the encoding that the site has chosen; what rekiln keeps for itself stays as it is. */
function packed(ask: ObjectRequests["put"]["ask"], encoding: Encoding | undefined): Put {
  const { key, headers, condition } = ask;
  const content = bytesOf(ask.content);
  const bytes = encoding === undefined || isOwnKey(key) ? undefined : compress(key, content, encoding);
  if (bytes === undefined) return { key, content, headers, condition };
  return { key, content: bytes, headers: { ...headers, contentEncoding: encoding }, condition };
}

/** What crosses threads is no `Buffer` any more. */
function bytesOf(content: Uint8Array): Uint8Array {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

async function headOf(objects: ObjectStore, key: ObjectKey): Promise<ObjectHead | undefined> {
  const outcome = await objects.head(key);
  if (outcome.kind === "absent") return undefined;
  if (outcome.kind !== "found") throw troubleError(outcome, objects.name);
  return outcome.head;
}

async function readObject(objects: ObjectStore, key: ObjectKey): Promise<StoredObject | undefined> {
  const head = await headOf(objects, key);
  if (head === undefined) return undefined;
  const { etag, bytes, carried, digest } = head;
  if (digest !== undefined) return { etag, bytes, carried, digest };
  // Somebody copied it without its headers, or it is somebody else's; a page is never so large.
  if (bytes > BYTES_MAX) return { etag, bytes, carried: undefined, digest: digestOf("") };
  return readObjectBytes(objects, key);
}
