import { RekilnError } from "../core/errors.ts";
import type { ObjectKey } from "../core/path.ts";
import type { Carried } from "../core/stamp.ts";
import { tombstoneObject } from "../press/tombstone-page.ts";
import { STATE_FOLDER } from "../store/directory.ts";
import type { ObjectEtag, PutCondition } from "../store/object-store.ts";
import type { PageStore, Staged, StoredObject } from "../store/store.ts";
import { BlockingThread } from "./blocking-thread.ts";
import { objectHeaders } from "./object-headers.ts";
import { isOwnKey } from "./object-requests.ts";
import type { ObjectAsk, ObjectReply, ObjectRequests } from "./object-requests.ts";
import { fromPlain } from "./plain-error.ts";
import type { ObjectStoreSetup } from "./store-setup.ts";

/** Extension of this very file: threads run what this process runs. */
const ENTRY = new URL(`../../workers/object-thread${import.meta.url.slice(-3)}`, import.meta.url);
/** The adapter gives up long before. */
const ANSWER_MAX_MS = 600_000;
const ATTEMPTS_MAX = 5;
/** It is rekiln's own, and no page can have it: the grammar refuses the leading dot. */
const RECORD = `${STATE_FOLDER}/site.json` as ObjectKey;

/**
 * A store of objects for a thread that has nothing else to do while it waits: what isn't pages (static files, sitemaps, redirects, the
 * site record) is written by the code that writes files. Another thread talks to the store.
 */
export class BlockingObjects implements PageStore {
  readonly buries = true;
  /** A press seldom asks it. */
  readonly #thread: BlockingThread<ObjectStoreSetup, ObjectAsk, ObjectReply>;
  readonly #staged = new Map<string, Uint8Array>();
  #sequence = 0;
  #cursor = 0;
  /** Of the site record as it was read last. */
  #recordEtag: string | undefined;

  constructor(setup: ObjectStoreSetup) {
    this.#thread = new BlockingThread(ENTRY, setup);
  }

  #ask<Name extends keyof ObjectRequests>(name: Name, ask: ObjectRequests[Name]["ask"]): ObjectRequests[Name]["reply"] {
    // The name tells which question it is.
    const reply = this.#thread.ask(
      { name, ...ask } as ObjectAsk,
      ANSWER_MAX_MS,
      `the store's thread, asked for ${name},`,
    );
    if (reply.kind === "failed") throw fromPlain(reply.error);
    return reply.value as ObjectRequests[Name]["reply"];
  }

  etag(key: ObjectKey): string | undefined {
    return this.#ask("etag", { key });
  }

  etags(keys: readonly ObjectKey[]): readonly (string | undefined)[] {
    return keys.length === 0 ? [] : this.#ask("etags", { keys });
  }

  read(key: ObjectKey): StoredObject | undefined {
    return this.#ask("read", { key });
  }

  readBytes(key: ObjectKey): StoredObject | undefined {
    return this.#ask("bytes", { key });
  }

  create(key: ObjectKey, content: Uint8Array): string | undefined {
    return this.#put(key, content, undefined);
  }

  stage(key: ObjectKey, content: Uint8Array): Staged {
    const temporary = `${this.#sequence++}`;
    this.#staged.set(temporary, content);
    return { key, temporary };
  }

  stagePieces(key: ObjectKey, pieces: Iterable<Uint8Array>): Staged {
    // A piece holds only until the next one is asked for.
    return this.stage(key, Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))));
  }

  replace(staged: Staged, over?: { readonly etag: string | undefined }): string {
    const { key, temporary } = staged;
    const content = this.#staged.get(temporary);
    if (content === undefined) throw new Error(`${temporary} isn't staged`);
    const etag = over === undefined ? this.#overwrite(key, content) : this.#put(key, content, over.etag);
    if (etag === undefined) throw conflict(key);
    this.#staged.delete(temporary);
    return etag;
  }

  /** Over whatever is there: whoever else writes it now writes the same, or comes to it again. */
  #overwrite(key: ObjectKey, content: Uint8Array): string | undefined {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const etag = this.#put(key, content, this.etag(key));
      if (etag !== undefined) return etag;
    }
    return undefined;
  }

  /** @returns undefined when something else is there, or nobody knows what is */
  #put(key: ObjectKey, content: Uint8Array, over: string | undefined): string | undefined {
    // It came from the store.
    const condition: PutCondition = over === undefined ? { ifNoneMatch: "*" } : { ifMatch: over as ObjectEtag };
    const put = this.#ask("put", { key, content, headers: objectHeaders(key, content), condition });
    return put.kind === "put" ? put.etag : undefined;
  }

  discard({ temporary }: Staged): void {
    this.#staged.delete(temporary);
  }

  remove(key: ObjectKey): void {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const etag = this.etag(key);
      if (etag === undefined) return;
      const removed = this.#ask("remove", { key, etag });
      if (removed === "removed") return;
      if (removed === "lost") continue;
      // Without conditional removals something stays; it says that nothing is there.
      const stamp = { epoch: 0, version: 0, time: 0 };
      if (this.#put(key, Buffer.from(tombstoneObject(key, stamp, "-")), etag) !== undefined) return;
    }
    throw conflict(key);
  }

  *scan(
    isWanted: (key: ObjectKey) => boolean = () => true,
  ): Iterable<{ readonly key: ObjectKey; readonly carried: Carried | undefined }> {
    const cursor = this.#cursor++;
    for (;;) {
      const piece = this.#ask("list", { cursor });
      if (piece.length === 0) return;
      for (const found of piece) if (!isOwnKey(found.key) && isWanted(found.key)) yield found;
    }
  }

  *list(): Iterable<{ readonly key: ObjectKey; readonly etag: string }> {
    const cursor = this.#cursor++;
    for (;;) {
      const piece = this.#ask("keys", { cursor });
      if (piece.length === 0) return;
      for (const found of piece) if (!isOwnKey(found.key)) yield found;
    }
  }

  isWrittenSince(): boolean {
    // What the store has answered is durable: no power failure here takes it away.
    return false;
  }

  temporary(): readonly string[] {
    return [];
  }

  readRecord(): string | undefined {
    const found = this.#ask("content", { key: RECORD });
    this.#recordEtag = found?.etag;
    return found === undefined ? undefined : Buffer.from(found.content).toString();
  }

  writeRecord(text: string): void {
    const content = Buffer.from(text);
    const etag = this.#put(RECORD, content, this.#recordEtag);
    // An answer that was lost: what is there tells.
    if (etag === undefined && this.readRecord() !== text) {
      throw new RekilnError({
        code: "record-conflict",
        message: "Another process changed the site record meanwhile.",
        disposition: "retry",
        hint: "Run the command again.",
      });
    }
    if (etag !== undefined) this.#recordEtag = etag;
  }

  isEmpty(): boolean {
    return this.scan()[Symbol.iterator]().next().done === true;
  }

  removeTemporary(): number {
    // What is staged is in memory.
    return 0;
  }

  [Symbol.dispose](): void {
    this.#thread[Symbol.dispose]();
  }
}

function conflict(key: ObjectKey): RekilnError {
  return new RekilnError({
    code: "store-conflict",
    message: `Others changed ${key} in the store at the same time.`,
    disposition: "retry",
    hint: "Run the command again.",
  });
}
