import { digestOf } from "../../src/core/digest.ts";
import { RekilnError } from "../../src/core/errors.ts";
import type { ObjectKey } from "../../src/core/path.ts";
import { extensionOf, findCarrier } from "../../src/core/stamp.ts";
import type { Carried } from "../../src/core/stamp.ts";
import type { PageStore, Staged, StoredObject } from "../../src/store/store.ts";

export interface MemoryFile extends StoredObject {
  /** Without its stamp. */
  readonly body: string;
}

/** The files of a page store, for as many writers as there are. */
export class MemoryFiles {
  readonly objects = new Map<string, MemoryFile>();
  readonly staged = new Map<string, { readonly writer: string; readonly content: Uint8Array }>();
  record: string | undefined;
  #writes = 0;
  /** What was there before each write, the newest last. */
  readonly #before: { readonly key: string; readonly file: MemoryFile | undefined }[] = [];

  write(key: string, content: Uint8Array): string {
    this.#note(key);
    const etag = `e${++this.#writes}`;
    const text = Buffer.from(content).toString("latin1");
    const carried = findCarrier(extensionOf(key), text);
    const end = content.length - (carried?.length ?? 0);
    this.objects.set(key, {
      etag,
      bytes: content.length,
      digest: digestOf(content.subarray(0, end)),
      carried: carried === undefined ? undefined : { stamp: carried.stamp, key: carried.key },
      body: Buffer.from(content.subarray(0, end)).toString(),
    });
    return etag;
  }

  remove(key: string): void {
    if (!this.objects.has(key)) return;
    this.#note(key);
    this.objects.delete(key);
  }

  #note(key: string): void {
    this.#before.push({ key, file: this.objects.get(key) });
  }

  /** A power failure: the last writes never came to the disk. @returns the keys that are what they were before */
  lose(writes: number): readonly string[] {
    const lost: string[] = [];
    for (let left = writes; left > 0; left--) {
      const before = this.#before.pop();
      if (before === undefined) break;
      if (before.file === undefined) this.objects.delete(before.key);
      else this.objects.set(before.key, before.file);
      lost.push(before.key);
    }
    return lost;
  }
}

/** A page store in memory, for simulations. `writer` tells its staged objects from those of others. */
export class MemoryStore implements PageStore {
  readonly buries: boolean;
  readonly #files: MemoryFiles;
  readonly #writer: string;
  #sequence = 0;

  constructor(files: MemoryFiles, writer: string, isObjects = false) {
    this.#files = files;
    this.#writer = writer;
    this.buries = isObjects;
  }

  etag(key: ObjectKey): string | undefined {
    return this.#files.objects.get(key)?.etag;
  }

  isWrittenSince(): boolean {
    return true;
  }

  etags(keys: readonly ObjectKey[]): readonly (string | undefined)[] {
    return keys.map((key) => this.etag(key));
  }

  readBytes(key: ObjectKey): StoredObject | undefined {
    return this.read(key);
  }

  read(key: ObjectKey): StoredObject | undefined {
    const found = this.#files.objects.get(key);
    if (found === undefined) return undefined;
    const { body: _body, ...stored } = found;
    return stored;
  }

  create(key: ObjectKey, content: Uint8Array): string | undefined {
    if (this.#files.objects.has(key) || this.#isBlocked(key)) return undefined;
    return this.#files.write(key, content);
  }

  stage(key: ObjectKey, content: Uint8Array): Staged {
    const temporary = `${this.#writer}-${this.#sequence++}`;
    this.#files.staged.set(temporary, { writer: this.#writer, content });
    return { key, temporary };
  }

  stagePieces(key: ObjectKey, pieces: Iterable<Uint8Array>): Staged {
    return this.stage(key, Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))));
  }

  replace({ key, temporary }: Staged, over?: { readonly etag: string | undefined }): string {
    const staged = this.#files.staged.get(temporary);
    if (staged === undefined) throw new Error(`${temporary} isn't staged`);
    if (this.buries && over !== undefined && over.etag !== this.etag(key)) {
      const message = `${key} was put by somebody else`;
      throw new RekilnError({ code: "store-conflict", message, disposition: "retry" });
    }
    if (this.#isBlocked(key)) {
      throw new RekilnError({
        code: "store-blocked",
        message: `A file or folder that rekiln didn't make is in the way of ${key}.`,
        disposition: "discard",
        hint: "Move it elsewhere and run the command again.",
      });
    }
    this.#files.staged.delete(temporary);
    return this.#files.write(key, staged.content);
  }

  discard({ temporary }: Staged): void {
    this.#files.staged.delete(temporary);
  }

  remove(key: ObjectKey): void {
    this.#files.remove(key);
  }

  *scan(
    isWanted: (key: ObjectKey) => boolean = () => true,
  ): Iterable<{ readonly key: ObjectKey; readonly carried: Carried | undefined }> {
    for (const [name, { carried }] of this.#files.objects) {
      // What is stored is a key, whoever wrote it.
      const key = name as ObjectKey;
      if (isWanted(key)) yield { key, carried };
    }
  }

  *list(): Iterable<{ readonly key: ObjectKey; readonly etag: string }> {
    for (const [name, { etag }] of this.#files.objects) yield { key: name as ObjectKey, etag };
  }

  temporary(): readonly string[] {
    return [...this.#files.staged].flatMap(([name, { writer }]) => (writer === this.#writer ? [] : [name]));
  }

  readRecord(): string | undefined {
    return this.#files.record;
  }

  writeRecord(text: string): void {
    this.#files.record = text;
  }

  isEmpty(): boolean {
    return this.#files.objects.size === 0;
  }

  removeTemporary(): number {
    let removed = 0;
    for (const [name, { writer }] of this.#files.staged) {
      if (writer === this.#writer) continue;
      this.#files.staged.delete(name);
      removed++;
    }
    return removed;
  }

  [Symbol.dispose](): void {
    // It has nothing but memory.
  }

  /** Whether a file stands where a folder is needed, or a folder where the file is. */
  #isBlocked(key: string): boolean {
    if (this.buries) return false;
    for (let slash = key.indexOf("/"); slash > 0; slash = key.indexOf("/", slash + 1)) {
      if (this.#files.objects.has(key.slice(0, slash))) return true;
    }
    const folder = `${key}/`;
    return this.#files.objects.keys().some((name) => name.startsWith(folder));
  }
}
