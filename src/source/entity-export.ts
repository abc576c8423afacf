import type { DatabaseSync } from "node:sqlite";

import { openEntityDatabase, readMeta } from "./entity-schema.ts";
import type { IdentifiedText } from "./pair-by-id.ts";

/** All that an entity store holds at one version, whatever is written to it meanwhile. */
export class EntityExport implements Disposable {
  readonly version: number;
  readonly #database: DatabaseSync;

  constructor(file: string) {
    this.#database = openEntityDatabase(file, { readOnly: true });
    this.#database.exec("BEGIN");
    this.version = Number(readMeta(this.#database, "version"));
  }

  /** The entities of a type in the order of the bytes of their ids, as `JSON.stringify` gave them. */
  *entities(type: string): Iterable<IdentifiedText> {
    const number = this.#database.prepare("SELECT number FROM type WHERE name = ?").get(type)?.["number"];
    if (number === undefined) return;
    const rows = this.#database.prepare(`SELECT id, data FROM e${Number(number)} ORDER BY id`);
    for (const row of rows.iterate()) yield { id: String(row["id"]), text: String(row["data"]) };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
