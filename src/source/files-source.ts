import { stat } from "node:fs/promises";

import { RekilnError } from "../core/errors.ts";
import { FilesFollower } from "./files-follower.ts";
import { Mirror } from "./mirror.ts";
import type { MirrorOptions } from "./mirror.ts";
import type { MirroredRecords } from "./mirrored-records.ts";
import { digestFiles, readRecords, recordFiles, unreadable } from "./record-files.ts";
import type { RecordFile } from "./record-files.ts";

export interface FilesSourceOptions extends MirrorOptions {
  /** The folder with the data. */
  readonly dir: string;
  /** The same, as people write it. */
  readonly name: string;
}

/** NDJSON and JSON files, mirrored. */
export class FilesSource extends Mirror {
  readonly identity: string;
  readonly #options: FilesSourceOptions;

  constructor(options: FilesSourceOptions) {
    super(options);
    this.#options = options;
    this.identity = `files:${options.name}`;
  }

  /** Takes in small edits faster than a refresh does. */
  follower(): FilesFollower {
    const find = this.database.prepare("SELECT scanned FROM type WHERE name = ?");
    return new FilesFollower({
      ...this.#options,
      database: this.database,
      version: () => this.version(),
      scanned: (type) => {
        const scanned = find.get(type)?.["scanned"];
        return typeof scanned === "string" ? scanned : undefined;
      },
    });
  }

  async bytes(): Promise<number> {
    const { dir, name, models } = this.#options;
    let bytes = 0;
    for (const type of models.keys()) {
      for (const { path } of await recordFiles(dir, name, type)) {
        bytes += await stat(path).then(
          ({ size }) => size,
          () => 0,
        );
      }
    }
    return bytes;
  }

  protected async open(): Promise<MirroredRecords> {
    const { dir, name } = this.#options;
    if (!(await isFolder(dir))) {
      throw new RekilnError({
        code: "source-unreachable",
        message: `The data folder ${name} isn't there.`,
        disposition: "fatal",
        hint: `Nothing was changed. Make ${dir}, or mend \`source: files(…)\` in the config.`,
      });
    }
    return {
      type: async (type) => {
        const files: RecordFile[] = [];
        const broken: { readonly name: string; readonly why: string }[] = [];
        for (const file of await recordFiles(dir, name, type)) {
          const why = await unreadable(file);
          if (why === undefined) files.push(file);
          else broken.push({ name: file.name, why });
        }
        const absence = `there is no ${type}.ndjson, and no folder ${type}/ with records`;
        return {
          place: name,
          absence: files.length + broken.length === 0 ? absence : undefined,
          broken,
          parts: files.map((file) => ({ name: file.name, read: (signal) => readRecords(file, signal) })),
          digest: async (signal) => digestFiles(files, signal),
        };
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}

async function isFolder(dir: string): Promise<boolean> {
  return stat(dir).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
